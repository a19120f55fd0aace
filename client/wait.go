package client

import (
	"context"
	"errors"
	"time"
)

// WaitOptions say how Wait polls. The zero value is good.
type WaitOptions struct {
	// MinInterval is the time between the first two polls, at most a day. Defaults to 5 s.
	MinInterval time.Duration

	// MaxInterval is what the time between polls grows to, by a half each time, at most a day. Defaults to 1 min.
	MaxInterval time.Duration

	// OnPoll, unless nil, is called with the batch after each poll that saw it, the last one included, on the goroutine
	// that waits. Until the batch has ended its counts say nothing about progress; its age does.
	OnPoll func(*Batch)
}

// Wait polls a batch until it has ended and returns it.
//
// Failures that may pass (lost connections, time-outs, 408, 409, 429, 5xx) are logged and waited out, for hours if
// need be, whatever [Retry] says; a retry-after of up to an hour is the next interval. Waiting ends with a
// [*WaitError], which names the batch and how it was last seen, when the context ends, or at once on an answer that
// will not get better, such as 401 or 404. The batch goes on by itself.
//
// With an error Wait returns the batch as it was last seen, or nil.
//
// API: GET /v1/messages/batches/{message_batch_id}
func (c *Client) Wait(ctx context.Context, id string, o WaitOptions, opts ...CallOption) (*Batch, error) {
	cl, err := c.newCall(opts)
	if err != nil {
		return nil, err
	}
	cl.retry.MaxAttempts = 1 // the polls themselves are the repetition
	if o.MinInterval <= 0 {
		o.MinInterval = 5 * time.Second
	}
	if o.MaxInterval <= 0 {
		o.MaxInterval = time.Minute
	}
	o.MinInterval = min(o.MinInterval, longestInterval)
	o.MaxInterval = min(max(o.MaxInterval, o.MinInterval), longestInterval)
	var last *Batch
	for interval := o.MinInterval; ; interval = min(interval+interval/2, o.MaxInterval) {
		b, err := c.get(ctx, &cl, id)
		if b != nil {
			last = b
			if o.OnPoll != nil {
				o.OnPoll(b)
			}
			if b.Ended() {
				return b, nil
			}
		}
		next := interval - interval/10 + c.s().random(interval/5+1)
		if err != nil { // or something is odd about b
			c.s().logger.WarnContext(ctx, "poll failed", "batch", id, "error", err)
			var apiErr *APIError
			if answered := errors.As(err, &apiErr); ctx.Err() != nil || answered && !transient(apiErr) || isLocal(err) {
				return last, &WaitError{BatchID: id, Last: last, Err: err}
			} else if answered {
				next = max(next, min(apiErr.RetryAfter, longestRetryAfter))
			}
		}
		if err := sleep(ctx, beforeDeadline(ctx, next)); err != nil {
			return last, &WaitError{BatchID: id, Last: last, Err: err}
		}
	}
}

const (
	// longestRetryAfter bounds how long Wait believes a service that asks for patience.
	longestRetryAfter = time.Hour

	// longestInterval is how long a batch lives.
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
