package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/envelope"
)

// The limits of a batch.
const (
	MaxRequests = envelope.MaxRequests
	MaxBytes    = envelope.MaxBytes // of the body as it is sent
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
	if n := len(p.Requests); n > MaxRequests {
		return nil, localError{fmt.Errorf("%s: %w", opCreate, countError(n))} // before they are encoded
	}
	return c.create(ctx, &values{requests: p.Requests}, opts)
}

// CreateJSON is Create for requests that exist as JSON already: lines holds one request {"custom_id", "params"} a line,
// from where it stands to its end. They are sent as they are, without being decoded and encoded again. Blank lines and
// white space around a line are left out.
//
// What Create checks is checked first, and that each line is JSON and holds an object "params": the errors name lines.
// Every attempt reads lines again. If they have changed since they were checked, the body is not sent to its end, so that
// there is no batch. Where lines stands afterwards is not defined.
//
// The requests are decoded all the same, all of them at once, if there is a check by [WithPreflight]. CheckLines of
// package preflight checks lines as they are.
//
// API: POST /v1/messages/batches
func (c *Client) CreateJSON(ctx context.Context, lines io.ReadSeeker, opts ...CallOption) (*Batch, error) {
	src, err := newJSONLines(lines)
	if err != nil {
		return nil, localError{fmt.Errorf("%s: %w", opCreate, err)}
	}
	return c.create(ctx, src, opts)
}

func (c *Client) create(ctx context.Context, src source, opts []CallOption) (*Batch, error) {
	cl, err := c.newCall(opts)
	if err != nil {
		return nil, err
	}
	sum, err := count(src)
	if err != nil {
		return nil, localError{fmt.Errorf("%s: %w", opCreate, err)}
	}
	if cl.preflight != nil {
		requests, err := src.decode()
		if err != nil {
			return nil, localError{fmt.Errorf("%s: %w", opCreate, err)}
		}
		if err := cl.preflight(ctx, requests, CallInfo{Version: cl.version, Betas: cl.betas}); err != nil {
			return nil, err
		}
	}
	var batch *Batch
	var odd error                 // about a batch that was taken all the same
	var uncertain *UncertainError // about all attempts that were
	err = c.repeat(ctx, &cl, opCreate, func() (again bool, err error) {
		batch, again, err = c.createOnce(ctx, &cl, src, sum)
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
func (c *Client) createOnce(ctx context.Context, cl *call, src source, sum batchSum) (_ *Batch, again bool, err error) {
	began := time.Now()
	w := newWatchdog(ctx, createTimeout)
	body := &batchBody{source: src, onRead: w.pet}
	defer body.stop() // the requests are the caller's again
	req, err := c.createRequest(w.ctx, cl, body, sum.bytes)
	if err != nil {
		w.stop()
		return nil, false, localError{fmt.Errorf("%s: %w", opCreate, err)}
	}
	listing := *cl
	listing.response = nil // it tells of this call
	uncertain := func(err error) error {
		return &UncertainError{
			Err: err, Started: began, Ended: time.Now(), Requests: sum.requests, Bytes: sum.bytes,
			client: c, call: func() call { return listing }, ahead: c.s().ahead.Load(),
		}
	}
	resp, err := w.watch(c.do(req, *cl))
	if err != nil {
		err = fmt.Errorf("%s: %w", opCreate, err)
		if body.stop() {
			return nil, false, uncertain(err)
		}
		if failed := body.failure(); failed != nil {
			return nil, false, localError{fmt.Errorf("%s: %w", opCreate, failed)}
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
