package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// errStalled is the cause of a context that the client ended because nothing happened for too long.
type errStalled struct{ time.Duration }

func (e errStalled) Error() string {
	return fmt.Sprintf("no data from the service for %s", e.Duration)
}
func (e errStalled) Timeout() bool        { return true }
func (e errStalled) Is(target error) bool { return target == ErrTimeout }

// A watchdog ends an attempt in which nothing happens for too long. Every [watchdog.reset] restarts its clock, which
// stops when the response's body is closed.
type watchdog struct {
	parent  context.Context
	ctx     context.Context
	cancel  context.CancelCauseFunc
	limit   atomic.Int64 // a time.Duration
	timer   *time.Timer
	stopped atomic.Bool
}

func newWatchdog(ctx context.Context, limit time.Duration) *watchdog {
	w := &watchdog{parent: ctx}
	w.limit.Store(int64(limit))
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	w.timer = time.AfterFunc(limit, func() { w.cancel(errStalled{time.Duration(w.limit.Load())}) })
	return w
}

func (w *watchdog) reset() {
	if !w.stopped.Load() {
		w.timer.Reset(time.Duration(w.limit.Load()))
	}
}

func (w *watchdog) stop() {
	w.stopped.Store(true)
	w.timer.Stop()
	w.cancel(nil)
}

// cause returns why the context ended, if it has: then that made the attempt fail, whatever err says.
func (w *watchdog) cause(err error) error {
	if w.parent.Err() != nil {
		return contextError(w.parent)
	}
	if cause := context.Cause(w.ctx); cause != nil {
		return cause
	}
	return err
}

// contextError returns why a context ended: its error, and its cause if that is another one.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause != err {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// watch returns the outcome of an attempt, watched until the response's body is closed.
func (w *watchdog) watch(resp *http.Response, err error) (*http.Response, error) {
	if err != nil {
		err = w.cause(err)
		w.stop()
		return nil, err
	}
	resp.Body = &watchedBody{body: resp.Body, watchdog: w}
	return resp, nil
}

// A watchedBody is the body of a response that must end in time or, as a stream, must not stall.
type watchedBody struct {
	body     io.ReadCloser
	watchdog *watchdog
	stream   bool
}

// asStream makes limit the longest time that a single read may take. The time between reads does not count.
func (b *watchedBody) asStream(limit time.Duration) {
	b.stream = true
	b.watchdog.limit.Store(int64(limit))
	b.watchdog.timer.Stop()
}

func (b *watchedBody) Read(p []byte) (int, error) {
	if b.stream {
		b.watchdog.reset()
		defer b.watchdog.timer.Stop()
	}
	n, err := b.body.Read(p)
	if err != nil && err != io.EOF {
		err = b.watchdog.cause(err)
	}
	return n, err
}

func (b *watchedBody) Close() error {
	err := b.body.Close()
	b.watchdog.stop()
	return err
}
