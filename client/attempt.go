package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

// do makes one attempt: it checks where the request goes, adds what every request carries, and sends it.
func (c *Client) do(req *http.Request, cl call) (*http.Response, error) {
	if err := c.checkTarget(req.URL); err != nil {
		return nil, localError{err}
	}
	if err := c.addHeaders(req, cl); err != nil {
		return nil, err
	}
	if query := req.URL.Query(); !query.Has("beta") {
		query.Set("beta", "true")
		req.URL.RawQuery = query.Encode()
	}
	if req.Method != http.MethodGet {
		req.GetBody = nil // with it net/http may send a request again by itself
	}
	began := time.Now()
	resp, err := c.s().http.Do(req)
	log := c.s().logger.With("method", req.Method, "path", req.URL.Path, "took", time.Since(began))
	if err != nil {
		err = c.unreachable(withoutURL(err))
		log.DebugContext(req.Context(), "call failed", "error", err)
		return nil, err
	}
	log.DebugContext(req.Context(), "call answered", "status", resp.StatusCode, "request_id", resp.Header.Get("request-id"))
	cl.response.read(resp)
	c.s().seeDate(resp.Header, began)
	return resp, nil
}

// checkTarget refuses a request that would leave the origin or the batches' part of it. Ids are checked before; this
// catches what the raw client is given.
func (c *Client) checkTarget(u *url.URL) error {
	root := c.s().base.Path + "v1/messages/batches"
	switch {
	case u.Scheme != c.s().base.Scheme || u.Host != c.s().base.Host:
		return errors.New("request goes to another origin than the base URL")
	case path.Clean(u.Path) != u.Path || u.Path != root && !strings.HasPrefix(u.Path, root+"/"):
		return errors.New("request leaves the path of the batches: is the batch id empty, or does it hold a slash or a dot segment?")
	}
	return nil
}

// addHeaders adds what every request carries. What the request has already wins, but for the credential; betas are
// merged.
func (c *Client) addHeaders(req *http.Request, cl call) error {
	own := map[string]string{
		"user-agent":             c.s().userAgent,
		"anthropic-version":      string(cl.version),
		"anthropic-workspace-id": cl.workspace,
	}
	for name, value := range own {
		if value != "" && req.Header.Get(name) == "" {
			req.Header.Set(name, value)
		}
	}
	for name, values := range cl.header {
		if req.Header.Get(name) == "" {
			req.Header[name] = values
		}
	}
	auth, err := c.s().credential.value(req.Context())
	if err != nil {
		return err
	}
	req.Header.Set(c.s().credential.header, auth)
	merged := call{}
	for _, betas := range [][]Beta{cl.betas, headerBetas(req.Header)} {
		if err := merged.addBetas(betas); err != nil {
			return localError{err}
		}
	}
	if len(merged.betas) > 0 {
		names := make([]string, len(merged.betas))
		for i, b := range merged.betas {
			names[i] = string(b)
		}
		req.Header.Set("anthropic-beta", strings.Join(names, ","))
	}
	return nil
}

func headerBetas(h http.Header) []Beta {
	var betas []Beta
	for _, v := range h.Values("anthropic-beta") {
		betas = append(betas, splitBetas(v)...)
	}
	return betas
}

// checkRedirect follows redirects of reads within the origin, and no others: net/http would take the body or the
// credential along. What is not followed is returned as the answer that it is.
func checkRedirect(base *url.URL) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		sameOrigin := req.URL.Scheme == base.Scheme && req.URL.Host == base.Host
		if via[0].Method != http.MethodGet || !sameOrigin || len(via) >= 10 {
			return http.ErrUseLastResponse
		}
		return nil
	}
}

// withoutURL takes the URL off an error of net/http: the operation is named elsewhere, and a redirect's URL may
// hold anything.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// unreachable names the base URL in an error of connecting to it, which may be the URL's fault.
func (c *Client) unreachable(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" || errors.Is(err, http.ErrSchemeMismatch) {
		return fmt.Errorf("cannot connect to the base URL %s: %w", c.s().base, err)
	}
	return err
}

// repeat makes attempts until one succeeds or another one is of no use, which is what try reports with its error.
// Credentials that can be refreshed are, once, after a plain 401.
func (c *Client) repeat(ctx context.Context, cl *call, op string, try func() (again bool, err error)) error {
	refreshed := false
	for attempt := 1; ; attempt++ {
		again, err := try()
		if err == nil {
			return nil
		}
		var apiErr *APIError
		if errors.As(err, &apiErr) {
			apiErr.Attempts = attempt
		} else if attempt > 1 {
			err = fmt.Errorf("%w (after %d attempts)", err, attempt)
		}
		if c.s().credential.refresh && !refreshed && isUnauthorized(err) {
			refreshed = true
			continue
		}
		if !again || attempt >= cl.retry.MaxAttempts || ctx.Err() != nil {
			return err
		}
		if err := c.backoff(ctx, cl, op, attempt, err); err != nil {
			return err
		}
	}
}

func isUnauthorized(err error) bool {
	var apiErr *APIError
	return errors.As(err, &apiErr) && apiErr.StatusCode == http.StatusUnauthorized && !errors.As(err, new(*UncertainError))
}

// backoff waits until it is time for the attempt after the given one, which failed with err. If that is too long to
// wait, it returns the error that the call fails with.
func (c *Client) backoff(ctx context.Context, cl *call, op string, attempt int, err error) error {
	d, ok := cl.retry.delay(attempt, err, c.s().random)
	if !ok {
		return err
	}
	c.s().logger.InfoContext(ctx, "repeating call", "op", op, "attempt", attempt, "wait", d, "error", err)
	return pause(ctx, d, err)
}

// idempotent makes a call that may be made twice, and repeats it as the call's policy says. A failure of read, which
// takes the answer, counts as one of the attempt.
//
// ambiguous reports whether an attempt before the last one may have reached the service.
func (c *Client) idempotent(ctx context.Context, cl *call, op string, build func() (*http.Request, error), read func(*http.Response) error) (ambiguous bool, err error) {
	maybe := false // the last attempt may have reached the service
	err = c.repeat(ctx, cl, op, func() (bool, error) {
		ambiguous = maybe
		resp, err := c.once(ctx, cl, op, build)
		if err == nil {
			err = read(resp)
		}
		var apiErr *APIError
		refused := errors.As(err, &apiErr) && apiErr.StatusCode/100 == 4 && apiErr.StatusCode != http.StatusRequestTimeout
		maybe = ambiguous || !refused
		return repeatable(err), err
	})
	return ambiguous, err
}

// once makes one attempt of a call without a body. An answer that is no success is an [*APIError].
func (c *Client) once(ctx context.Context, cl *call, op string, build func() (*http.Request, error)) (*http.Response, error) {
	req, err := build()
	if err != nil {
		return nil, localError{fmt.Errorf("%s: %w", op, err)}
	}
	w := newWatchdog(ctx, readTimeout)
	resp, err := w.watch(c.do(req.WithContext(w.ctx), *cl))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, readAPIError(op, resp, time.Now())
	}
	return resp, nil
}

// maxAnswer bounds the answers that are read as a whole: a batch, or a page of a thousand.
const maxAnswer = 16 << 20

// readAnswer reads and closes a body that is small by nature.
func readAnswer(op string, resp *http.Response) ([]byte, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("it is larger than %d bytes", maxAnswer)
	}
	if err != nil {
		return body, fmt.Errorf("%s: read answer: %w", op, err)
	}
	return body, nil
}
