package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// readTimeout is the longest that an attempt of a call without a body may take, to the end of its response.
const readTimeout = time.Minute

// idempotent makes an idempotent call, and retries it by the call's policy. A failure of read, which reads the response,
// counts as a failure of the attempt. id is the batch that the call is about, if it is about one.
//
// ambiguous reports whether an attempt before the last one may have reached the service.
func (c *Client) idempotent(ctx context.Context, cl *call, id string, build func() (*http.Request, error), read func(*http.Response) error) (ambiguous bool, err error) {
	maybe := false // the last attempt may have reached the service
	err = c.repeat(ctx, cl, func() (next, error) {
		ambiguous = maybe
		resp, err := c.attempt(ctx, cl, build)
		if err == nil {
			err = read(resp)
		}
		var apiErr *APIError
		refused := errors.As(err, &apiErr) && apiErr.StatusCode/100 == 4 && apiErr.StatusCode != http.StatusRequestTimeout
		maybe = ambiguous || !refused
		return anotherIf(repeatable(err) || c.passing404(id, err)), err
	})
	return ambiguous, err
}

// attempt makes one attempt of a call without a body. An unsuccessful response is an [*APIError].
func (c *Client) attempt(ctx context.Context, cl *call, build func() (*http.Request, error)) (*http.Response, error) {
	req, err := build()
	if err != nil {
		return nil, localError{fmt.Errorf("%s: %w", cl.op, err)}
	}
	w := newWatchdog(ctx, readTimeout)
	resp, err := w.watch(c.do(req.WithContext(w.ctx), cl))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cl.op, err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, readAPIError(cl.op.String(), resp, time.Now())
	}
	return resp, nil
}

// longestMissing is how long the service may fail to find a batch that exists: this has been observed.
const longestMissing = 5 * time.Minute

// isMissing reports whether the API itself did not find a batch.
func isMissing(err error) bool {
	var apiErr *APIError
	return errors.As(err, &apiErr) && apiErr.fromAPI() && errors.Is(err, ErrNotFound)
}

// passing404 reports whether err is a 404 for a batch that this client has seen in the last minutes.
func (c *Client) passing404(id string, err error) bool {
	at, ok := c.s().known.seen(id)
	return ok && isMissing(err) && time.Since(at) < longestMissing
}

// maxBody bounds the responses that are read as a whole: a batch, or a page of a thousand.
const maxBody = 16 << 20

// readBody reads and closes a body of limited size. With an error it also returns the part that was read.
func readBody(op string, resp *http.Response) ([]byte, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = fmt.Errorf("it is larger than %d bytes", maxBody)
	}
	if err != nil {
		return body, fmt.Errorf("%s: read response: %w", op, err)
	}
	return body, nil
}

// unexpectedResponse returns the error of a 200 whose body is not the operation's.
func unexpectedResponse(op string, resp *http.Response, body []byte) *APIError {
	e := parseAPIError(op, resp, body, time.Now())
	if e.Detail == nil {
		e.Message = "response does not match the contract"
		if len(bytes.TrimSpace(body)) == 0 {
			e.Message = "response has an empty body"
		}
	}
	return e
}
