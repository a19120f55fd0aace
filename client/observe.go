package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-111a911e/messagebatches/internal/foreign"
)

// errPanicked is the error that hooks receive if a call panics or its goroutine exits.
var errPanicked = errors.New("the call panicked")

// observe makes a call and reports it to the hooks. id is the ID of its batch, if it has one.
func observe[T any](ctx context.Context, cl *call, id string, f func(context.Context) (T, error)) (T, error) {
	if len(cl.hooks) == 0 {
		return f(ctx)
	}
	o := &observation{batchID: foreign.Short(id)}
	cl.seen = o
	o.end = CallEnd{Op: cl.op.String(), BatchID: o.batchID, Err: errPanicked}
	began := time.Now()
	ctx = cl.hooks.startCall(ctx, CallStart{Op: o.end.Op, BatchID: o.batchID})
	defer func() {
		o.end.Took = time.Since(began)
		cl.hooks.endCall(ctx, o.end)
	}()
	v, err := f(ctx)
	o.end.Err = err
	if b, ok := any(v).(*Batch); ok && b != nil {
		o.end.Batch, o.end.BatchID = b, foreign.Short(o.secret.redact(b.ID))
	}
	return v, err
}

// observeAll is observe for an iteration.
func observeAll[T any](ctx context.Context, cl *call, id string, yield func(T, error) bool, run func(context.Context, func(T, error) bool)) {
	if len(cl.hooks) == 0 {
		run(ctx, yield)
		return
	}
	_, _ = observe(ctx, cl, id, func(ctx context.Context) (none struct{}, last error) {
		run(ctx, func(v T, err error) bool {
			last = err
			more := yield(v, err)
			cl.seen.end.Left = !more && err == nil
			return more
		})
		return none, last
	})
}

// retrying reports an attempt that will be retried.
func (c *call) retrying(ctx context.Context, attempt int, wait time.Duration, err error) {
	if len(c.hooks) > 0 {
		c.hooks.retry(ctx, RetryEvent{Op: c.op.String(), BatchID: c.seen.id(), Attempt: attempt, Wait: wait, Err: err})
	}
}

// streamEnded reports a stream of results that began at the given time.
func (c *call) streamEnded(ctx context.Context, e StreamEnd, began time.Time) {
	if len(c.hooks) > 0 {
		c.seen.end.Streams++
		e.Stream, e.Resumed, e.Took = c.seen.end.Streams, c.seen.end.Streams > 1, time.Since(began)
		c.hooks.endStream(ctx, e)
	}
}

// An observedAttempt is an HTTP request that is reported to hooks. It is nil if there are no hooks.
type observedAttempt struct {
	ctx   context.Context
	hooks hookList
	call  *observation // nil for the raw client
	began time.Time
	sent  atomic.Int64
	end   AttemptEnd
	ended bool
}

// startAttempt reports an attempt. It returns the request to make in place of req, and headers to add to it.
func (c *call) startAttempt(req *http.Request) (*observedAttempt, *http.Request, http.Header) {
	if len(c.hooks) == 0 {
		return nil, req, nil
	}
	a := &observedAttempt{hooks: c.hooks, call: c.seen, began: time.Now()}
	a.end = AttemptEnd{Op: c.op.String(), BatchID: c.seen.id(), Attempt: max(1, c.attempt), Method: req.Method, URL: req.URL}
	header := make(http.Header)
	a.ctx = a.hooks.startAttempt(req.Context(), AttemptStart{
		Op: a.end.Op, BatchID: a.end.BatchID, Attempt: a.end.Attempt, Method: a.end.Method, URL: a.end.URL, Header: header,
	})
	req = req.WithContext(a.ctx)
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = &sentBody{req.Body, &a.sent}
	}
	return a, req, header
}

// failed reports the end of an attempt without a response.
func (a *observedAttempt) failed(err error) {
	if a != nil {
		a.finish(err)
	}
}

// responded notes a response, whose body reports the end of the attempt when it is closed.
func (a *observedAttempt) responded(resp *http.Response, secret secrets) {
	if a == nil {
		return
	}
	a.end.Status, a.end.Proto, a.end.RequestID = resp.StatusCode, foreign.Short(resp.Proto), foreign.Short(secret.redact(resp.Header.Get("request-id")))
	a.end.TimeToHeaders = time.Since(a.began)
	if a.call != nil {
		a.call.secret = secret
	}
	resp.Body = &receivedBody{ReadCloser: resp.Body, attempt: a}
}

func (a *observedAttempt) finish(err error) {
	if a.ended {
		return
	}
	a.ended = true
	if cause := context.Cause(a.ctx); err != nil && cause != nil {
		err = cause // a time-out of the client, or the caller's reason
	}
	a.end.Err, a.end.Sent, a.end.Took = err, a.sent.Load(), time.Since(a.began)
	if a.call != nil {
		a.call.end.Attempts++
		a.call.end.Sent += a.end.Sent
		a.call.end.Received += a.end.Received
	}
	a.hooks.endAttempt(a.ctx, a.end)
}

// A sentBody counts what is read of a request's body.
type sentBody struct {
	io.ReadCloser
	n *atomic.Int64
}

func (b *sentBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n.Add(int64(n))
	return n, err
}

// A receivedBody counts what is read of a response's body, and reports the end of its attempt.
type receivedBody struct {
	io.ReadCloser
	attempt *observedAttempt

	mu  sync.Mutex // a user of the raw client may close it while it is read
	err error
}

func (b *receivedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.attempt.end.Received += int64(n)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

func (b *receivedBody) Close() error {
	err := b.ReadCloser.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.attempt.finish(b.err)
	return err
}
