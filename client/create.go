package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/foreign"
	"github.com/seed-111a911e/messagebatches/internal/limits"
)

// createTimeout is the longest wait for the response to a create, after the last byte of its body.
const createTimeout = 10 * time.Minute

// Create creates a batch of 1 to [MaxRequests] requests, which starts at once. It returns a batch or an error, never both:
// a batch that was accepted is returned even if its description is malformed, see [Batch].
//
// The requests are first checked for what the service would refuse: their number, their custom IDs (1 to 64 letters,
// digits, underscores and hyphens; unique), and the size of the body ([MaxBytes]). They are encoded while they are sent, so
// they must not change until Create returns.
//
// A call is retried only if the service cannot have accepted the batch, see Creates in the package documentation; while the
// service is overloaded or limits the rate, for 10 minutes by default, see [Retry.MaxElapsed]. If the outcome is unknown,
// or ctx ends first, the error is an [*UncertainError]. Any other error means that there is no batch.
//
// API: POST /v1/messages/batches
func (c *Client) Create(ctx context.Context, requests []Request, opts ...CallOption) (*Batch, error) {
	if l := (limits.Ledger{Requests: len(requests)}); l.Requests > MaxRequests {
		return nil, localError{fmt.Errorf("%s: %w", opCreate, l.CheckCount())} // before they are encoded
	}
	return c.create(ctx, &values{requests: requests}, opts)
}

// CreateLines is Create for requests that are already JSON Lines: lines has one object {"custom_id", "params"} per line,
// from its current position to its end. Lines are sent unchanged; blank lines, and white space around a line, are omitted.
//
// It makes the same checks as Create, and checks that each line is a JSON object with a "params" object. Errors give line
// numbers. Every attempt reads lines again. If they have changed since they were checked, the body is never finished, so
// that there is no batch. The position of lines afterwards is undefined.
//
// When ctx ends, CreateLines returns even if a Read of lines does not: such a Read may continue after CreateLines has
// returned, and lines must not be used until the Read has returned. A Read that panics makes CreateLines panic.
//
// API: POST /v1/messages/batches
func (c *Client) CreateLines(ctx context.Context, lines io.ReadSeeker, opts ...CallOption) (*Batch, error) {
	src, err := newJSONLines(ctx, lines)
	if err != nil {
		return nil, localError{fmt.Errorf("%s: %w", opCreate, err)}
	}
	return c.create(ctx, src, opts)
}

// CheckLine reports why [Client.CreateLines] would refuse a line, or nil if it would not. It does not check the custom ID,
// which must also be unique in its batch. The error does not contain text of the line. CheckLine may be called concurrently.
func CheckLine(line []byte) error {
	_, err := limits.Parse(line)
	return err
}

func (c *Client) create(ctx context.Context, src source, opts []CallOption) (*Batch, error) {
	cl, err := c.newCall(opCreate, opts)
	if err != nil {
		return nil, err
	}
	return observe(ctx, &cl, "", func(ctx context.Context) (*Batch, error) { return c.createFrom(ctx, &cl, src) })
}

func (c *Client) createFrom(ctx context.Context, cl *call, src source) (*Batch, error) {
	sum, err := count(ctx, src)
	if err != nil {
		return nil, localError{fmt.Errorf("%s: %w", opCreate, err)}
	}
	cl.seen.counted(sum.Requests)
	if cl.checker != nil {
		if err := src.check(ctx, cl.checker, cl.info()); err != nil {
			return nil, err
		}
	}
	if cl.bodySum, err = c.sumBody(ctx, src, sum.Bytes()); err != nil {
		return nil, localError{fmt.Errorf("%s: %w", opCreate, foreign.Error(err))}
	}
	var batch *Batch
	var uncertain *UncertainError // about all attempts so far
	err = c.repeat(ctx, cl, func() (next, error) {
		b, verdict, err := c.createOnce(ctx, cl, src, sum)
		switch verdict {
		case accepted:
			batch = b
			return last, nil
		case unknown:
			u := err.(*UncertainError) //nolint:errorlint // createOnce made it
			if uncertain == nil {
				uncertain = u
			}
			uncertain.Err, uncertain.BatchID, uncertain.Attempt.Ended = u.Err, u.BatchID, u.Attempt.Ended
			return anotherIf(cl.atLeastOnce && repeatable(u.Err)), uncertain
		case postponed:
			return patiently, err
		}
		return anotherIf(verdict == notAccepted), err
	})
	switch {
	case batch != nil:
		c.s().created.add(batch.ID)
		c.s().known.add(batch.ID)
		return batch, nil
	case uncertain != nil && !errors.As(err, new(*UncertainError)):
		uncertain.Err = err // the last attempt was refused, but an earlier one may have been accepted
		err = uncertain
	}
	return nil, err
}

// createOnce makes one attempt. It returns a batch that was accepted, an [*UncertainError] if the verdict is unknown, and
// otherwise why the batch was not accepted.
func (c *Client) createOnce(ctx context.Context, cl *call, src source, sum *limits.Ledger) (*Batch, verdict, error) {
	began := time.Now()
	w := newWatchdog(ctx, createTimeout)
	body := newBatchBody(ctx, src, sum.Bytes(), cl.fence)
	body.onRead = w.reset
	defer body.finish() // the requests are the caller's again
	req, err := c.createRequest(w.ctx, cl, body, sum.Bytes())
	if err != nil {
		w.stop()
		return nil, refused, localError{fmt.Errorf("%s: %w", opCreate, err)}
	}
	resp, err := w.watch(c.do(req, cl))
	if err != nil {
		o := outcome{whole: body.stop(), err: err}
		if failed := body.failure(); failed != nil && !o.whole {
			return nil, refused, localError{fmt.Errorf("%s: %w", opCreate, foreign.Error(failed))}
		}
		err = fmt.Errorf("%s: %w", opCreate, err)
		if isLocal(err) {
			return nil, refused, err
		}
		return c.decide(cl, o, err, "", began, sum)
	}
	if resp.StatusCode/100 != 2 {
		apiErr := readAPIError(opCreate.String(), resp, time.Now())
		return c.decide(cl, outcome{whole: body.stop(), response: apiErr}, apiErr, "", began, sum)
	}
	raw, err := readBody(opCreate.String(), resp)
	batch, ok := parseBatch(raw)
	if ok {
		c.s().clock.seeCreated(batch.CreatedAt, began, time.Now())
		return batch, accepted, nil
	}
	apiErr := unexpectedResponse(opCreate.String(), resp, raw)
	if err == nil {
		err = apiErr
	}
	return c.decide(cl, outcome{whole: body.stop(), response: apiErr}, err, batch.ID, began, sum)
}

// decide judges an attempt that has not returned a batch and failed with err.
func (c *Client) decide(cl *call, o outcome, err error, id string, began time.Time, sum *limits.Ledger) (*Batch, verdict, error) {
	v := judge(o)
	if v != unknown {
		return nil, v, err
	}
	listing := *cl
	listing.response, listing.seen = nil, nil // they describe this call
	return nil, v, &UncertainError{
		Err:     err,
		BatchID: id,
		Attempt: Attempt{
			Requests: sum.Requests, Bytes: sum.Bytes(), Started: began, Ended: time.Now(),
			Watermark: cl.watermark, Clock: c.s().clock.offset(),
		},
		client: c, call: func() *call { return &listing },
	}
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
	if cl.fence != nil {
		ctx = withUserTimeout(ctx)
	}
	return req.WithContext(ctx), nil
}
