package client

import (
	"context"
	"net/http"
	"time"
)

// PieceBytes is how much of a body is encoded at a time.
const PieceBytes = pieceBytes

// WithRandom sets the source of the random part of waits, so that a simulation can be repeated.
func WithRandom(random func(time.Duration) time.Duration) Option {
	return clientOption(func(c *config) error { c.random = random; return nil })
}

// Unobserved does the work for hooks of a call with one attempt, retry, poll, item and stream, without hooks.
func Unobserved(ctx context.Context, req *http.Request, item *Item) {
	var cl call
	_, _ = observe(ctx, &cl, "msgbatch_1", func(ctx context.Context) (*Batch, error) {
		cl.seen.counted(1)
		seen, req, more := cl.startAttempt(req)
		addMore(req.Header, more)
		seen.responded(nil, nil)
		seen.failed(nil)
		cl.retrying(ctx, 1, time.Second, nil)
		cl.hooks.poll(ctx, PollEvent{BatchID: cl.seen.id()})
		cl.hooks.result(ctx, item)
		cl.streamEnded(ctx, StreamEnd{BatchID: cl.seen.id()}, time.Time{})
		return nil, nil
	})
}
