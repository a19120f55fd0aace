package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-111a911e/messagebatches/internal/foreign"
)

// Wait polls a batch until it has ended and returns it. [WithPollInterval] sets how often, and [OnPoll] reports each poll.
//
// Wait logs temporary failures (lost connections, time-outs, 408, 409, 429, 5xx) and continues to poll, for hours if
// necessary; a retry-after of up to an hour becomes the next interval. A 404 for a batch that this client has seen before
// counts as temporary for 5 minutes. Wait returns a [*WaitError] when the context ends, or at once after a response that
// will not change, such as 401. The batch keeps running, and can be waited for again.
//
// API: GET /v1/messages/batches/{message_batch_id}
func (c *Client) Wait(ctx context.Context, id string, opts ...CallOption) (*Batch, error) {
	cl, err := c.newCall(opWait, opts)
	if err != nil {
		return nil, err
	}
	return observe(ctx, &cl, id, func(ctx context.Context) (*Batch, error) { return c.wait(ctx, &cl, id) })
}

func (c *Client) wait(ctx context.Context, cl *call, id string) (*Batch, error) {
	cl.once = true // the polls themselves are the retries
	shortest := min(cmp.Or(cl.minInterval, 5*time.Second), longestInterval)
	longest := min(max(cmp.Or(cl.maxInterval, time.Minute), shortest), longestInterval)
	var last *Batch
	fail := func(err error) (*Batch, error) { return nil, &WaitError{BatchID: id, Last: last, Err: err} }
	var failure error     // of the last poll
	var missing time.Time // since when no poll has found the batch
	if at, ok := c.s().created.seen(id); ok {
		if early := shortest - time.Since(at); early > 0 { // it was created just now
			if err := sleep(ctx, beforeDeadline(ctx, early)); err != nil {
				return fail(err)
			}
		}
	}
	polls := 0
	for interval := shortest; ; interval = min(interval+interval/2, longest) {
		b, err := c.get(ctx, cl, id)
		polls++
		cl.hooks.poll(ctx, PollEvent{BatchID: cl.seen.id(), Poll: polls, Batch: b, Err: err})
		next := interval - interval/10 + c.s().random(interval/5+1)
		before := failure
		if failure = err; err == nil {
			last, missing = b, time.Time{}
			if cl.onPoll != nil {
				cl.onPoll(b)
			}
			if b.Ended() {
				return b, nil
			}
		} else {
			var apiErr *APIError
			responded := errors.As(err, &apiErr)
			passes := !responded || transient(apiErr)
			if _, seen := c.s().known.seen(id); seen && isMissing(err) {
				missing = cmp.Or(missing, time.Now())
				passes = time.Since(missing) < longestMissing
			} else {
				missing = time.Time{}
			}
			switch {
			case isLocal(err) || !passes:
				return fail(err)
			case ctx.Err() != nil && errors.Is(err, ctx.Err()): // the poll had no time to fail in its own way
				return fail(afterPoll(err, before))
			case ctx.Err() != nil:
				return fail(afterPoll(contextError(ctx), err))
			}
			if responded {
				next = max(next, min(apiErr.RetryAfter, longestPatience))
			}
		}
		if err := sleep(ctx, beforeDeadline(ctx, next)); err != nil {
			return fail(afterPoll(err, failure))
		}
	}
}

// afterPoll joins why waiting ended with the failure of the poll before, if it failed.
func afterPoll(err, failure error) error {
	if failure == nil {
		return err
	}
	return fmt.Errorf("%w (last poll: %w)", err, failure)
}

const (
	// longestPatience bounds the retry-after that Wait honors.
	longestPatience = time.Hour

	// longestInterval is the lifetime of a batch.
	longestInterval = 24 * time.Hour
)

// beforeDeadline shortens a wait that would miss the context's deadline, so that a poll comes just before it.
func beforeDeadline(ctx context.Context, d time.Duration) time.Duration {
	const before = 2 * time.Second
	if deadline, ok := ctx.Deadline(); ok {
		if left := time.Until(deadline); left > before {
			return min(d, left-before)
		}
	}
	return d
}

// A WaitError reports that waiting ended before the batch did.
type WaitError struct {
	// BatchID is the ID of the batch.
	BatchID string

	// Last is the batch as it was last seen, nil if it was never seen.
	Last *Batch

	// Err is why waiting ended: the context's error together with the failure of the last poll, if it failed, or a
	// permanent error, such as an [*APIError].
	Err error
}

// Error returns the batch, its last known status, and why waiting ended.
func (e *WaitError) Error() string {
	seen := "never seen"
	if e.Last != nil {
		seen = "last seen " + foreign.Short(string(e.Last.ProcessingStatus))
	}
	text := fmt.Sprintf("wait for batch %s, %s: %v", foreign.Short(e.BatchID), seen, e.Err)
	if errors.Is(e.Err, context.Canceled) || errors.Is(e.Err, context.DeadlineExceeded) {
		text += " (the batch keeps running and can be waited for again)"
	}
	return text
}

// Unwrap returns Err.
func (e *WaitError) Unwrap() error { return e.Err }
