package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
)

// The limits of a batch.
const (
	MaxRequests = 100_000
	MaxBytes    = 256_000_000 // of the body as it is sent
)

// Create creates a batch of 1 to [MaxRequests] requests, which starts at once.
//
// The requests are checked first for what the service would refuse: their number, their custom ids (1 to 64 letters,
// digits, underscores and hyphens, each id once), the size of the body ([MaxBytes]). They are encoded while they are
// sent, so p must not change until Create returns.
//
// A call is repeated only where the service cannot have taken the batch: the body was not sent to its end, or the
// API itself said that it did not take it (429 with retry-after, 503, 529). If the answer does not tell, or ctx ends
// before it comes, the error is an [*UncertainError]. Any other error means that there is no batch. If there is a
// batch, it is returned, with an error too if something about the answer was odd.
//
// API: POST /v1/messages/batches
func (c *Client) Create(ctx context.Context, p BatchParams, opts ...CallOption) (*Batch, error) {
	cl, err := c.newCall(opts)
	if err != nil {
		return nil, err
	}
	size, err := checkRequests(p.Requests)
	if err != nil {
		return nil, localError{fmt.Errorf("%s: %w", opCreate, err)}
	}
	if cl.preflight != nil {
		if err := cl.preflight(ctx, p.Requests, CallInfo{Version: cl.version, Betas: cl.betas}); err != nil {
			return nil, err
		}
	}
	var batch *Batch
	var odd error                 // about a batch that was taken all the same
	var uncertain *UncertainError // about all attempts that were
	err = c.repeat(ctx, &cl, opCreate, func() (again bool, err error) {
		batch, again, err = c.createOnce(ctx, &cl, p.Requests, size)
		if batch != nil {
			odd = err
			c.s().received.add(batch.ID)
			return false, nil
		}
		var u *UncertainError
		if errors.As(err, &u) {
			if uncertain == nil {
				uncertain = u
			}
			uncertain.Err, uncertain.Ended = u.Err, u.Ended
			return cl.atLeastOnce && repeatable(u.Err), uncertain
		}
		return again, err
	})
	if err != nil && uncertain != nil && !errors.As(err, new(*UncertainError)) {
		uncertain.Err = err // the last attempt was refused, but an earlier one may have been taken
		err = uncertain
	}
	if err != nil {
		return nil, err
	}
	return batch, odd
}

const opCreate = "create batch"

// createOnce makes one attempt. If it fails, the service has not taken the batch, and again says whether another
// attempt may do better; or the error is an [*UncertainError].
func (c *Client) createOnce(ctx context.Context, cl *call, requests []Request, size int64) (_ *Batch, again bool, err error) {
	began := time.Now()
	w := newWatchdog(ctx, createTimeout)
	body := &batchBody{requests: requests, onRead: w.pet}
	defer body.stop() // requests are the caller's again
	req, err := c.createRequest(w.ctx, cl, body, size)
	if err != nil {
		w.stop()
		return nil, false, localError{fmt.Errorf("%s: %w", opCreate, err)}
	}
	listing := *cl
	listing.response = nil // it tells of this call
	uncertain := func(err error) error {
		return &UncertainError{
			Err: err, Started: began, Ended: time.Now(), Requests: len(requests), Bytes: size,
			client: c, call: func() call { return listing }, ahead: c.s().ahead.Load(),
		}
	}
	resp, err := w.watch(c.do(req, *cl))
	if err != nil {
		err = fmt.Errorf("%s: %w", opCreate, err)
		if body.stop() {
			return nil, false, uncertain(err)
		}
		return nil, repeatable(err), err
	}
	if resp.StatusCode/100 == 2 {
		batch, err := readBatch(opCreate, resp)
		if batch == nil {
			return nil, false, uncertain(err)
		}
		return batch, false, err
	}
	apiErr := readAPIError(opCreate, resp, time.Now())
	switch {
	case !body.stop():
		return nil, repeatable(apiErr), apiErr
	case refused(apiErr):
		return nil, worthAnother(apiErr), apiErr
	}
	return nil, false, uncertain(apiErr)
}

// refused reports whether an answer to a whole body says that the batch was not taken.
func refused(e *APIError) bool {
	switch {
	case e.StatusCode/100 == 3, e.StatusCode == http.StatusRequestEntityTooLarge:
		return true
	case !e.fromAPI(), e.StatusCode == http.StatusRequestTimeout, e.StatusCode == http.StatusConflict:
		return false
	}
	return e.StatusCode/100 == 4 || e.StatusCode == http.StatusServiceUnavailable || e.StatusCode == 529
}

// worthAnother reports whether a refusal may turn into consent by waiting.
func worthAnother(e *APIError) bool {
	return repeatable(e) && (e.StatusCode == http.StatusTooManyRequests && e.RetryAfter > 0 ||
		e.StatusCode == http.StatusServiceUnavailable || e.StatusCode == 529)
}

func (c *Client) createRequest(ctx context.Context, cl *call, body *batchBody, size int64) (*http.Request, error) {
	params := &gen.CreateMessageBatchParams{AnthropicVersion: cl.version}
	if cl.userProfile != "" {
		params.AnthropicUserProfileID = &cl.userProfile
	}
	req, err := gen.NewCreateMessageBatchRequestWithBody(c.s().base.String(), params, "application/json", body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = size
	return req.WithContext(ctx), nil
}

// isCustomID reports whether id is what the contract wants: ^[a-zA-Z0-9_-]{1,64}$.
func isCustomID(id string) bool {
	for _, b := range []byte(id) {
		if !('a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '_' || b == '-') {
			return false
		}
	}
	return 1 <= len(id) && len(id) <= 64
}

// checkRequests checks what the service checks before it takes a batch, and returns the size of the body.
func checkRequests(requests []Request) (size int64, err error) {
	if n := len(requests); n == 0 || n > MaxRequests {
		return 0, fmt.Errorf("a batch has 1 to %d requests, not %d", MaxRequests, n)
	}
	seen := make(map[string]int, len(requests))
	var errs []error
	var buf []byte
	size = int64(len(`{"requests":[]}`) + len(requests) - 1)
	for i := range requests {
		id := requests[i].CustomID
		if j, ok := seen[id]; ok {
			errs = append(errs, fmt.Errorf("requests %d and %d have the same custom id", j, i))
		} else if !isCustomID(id) {
			errs = append(errs, fmt.Errorf("request %d: custom id must be 1 to 64 letters, digits, underscores and hyphens", i))
		}
		seen[id] = i
		if buf, err = requests[i].AppendJSON(buf[:0]); err != nil {
			errs = append(errs, fmt.Errorf("request %d: %w", i, err))
		}
		size += int64(len(buf))
		if len(errs) >= 10 {
			errs = append(errs, errors.New("and perhaps more"))
			break
		}
	}
	if len(errs) == 0 && size > MaxBytes {
		errs = append(errs, fmt.Errorf("the batch has %d bytes, and %d are allowed: split it", size, MaxBytes))
	}
	return size, errors.Join(errs...)
}
