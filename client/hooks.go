package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Hooks are functions that a [Client] calls while it works, see [WithHooks]. Any of them may be nil. They are called on the
// goroutine of the call and must return soon. Concurrent calls call them concurrently. A panic of a hook is a panic of the
// call.
//
// StartCall and StartAttempt return the context that the call or the attempt continues with: the given one, or one derived
// from it. The hooks inside the call receive that context.
//
// Texts passed to hooks are safe for logs: they contain no credentials, invisible characters are escaped, and long texts
// are truncated.
type Hooks struct {
	// StartCall is called when a method of the Client begins its work, after its options were checked; for an iterator, when
	// the iteration begins.
	StartCall func(context.Context, CallStart) context.Context

	// EndCall is called once for each StartCall, also if the call panics.
	EndCall func(context.Context, CallEnd)

	// StartAttempt is called before each HTTP request to the API, including those of [Client.Raw]. Requests to the token
	// endpoint are not reported.
	StartAttempt func(context.Context, AttemptStart) context.Context

	// EndAttempt is called once for each StartAttempt: when the response's body is closed, or when the request failed
	// without a response.
	EndAttempt func(context.Context, AttemptEnd)

	// Retry is called after an attempt that will be retried, before the wait.
	Retry func(context.Context, RetryEvent)

	// Poll is called after each poll of Wait.
	Poll func(context.Context, PollEvent)

	// EndStream is called after each stream of Results that was opened.
	EndStream func(context.Context, StreamEnd)

	// Result is called right before Results yields an item. The item must not be changed.
	Result func(context.Context, *Item)
}

// CallStart describes a call that begins.
type CallStart struct {
	// Op is the operation in words, as in [APIError]: "create batch", "get batch", "list batches", "cancel batch", "delete
	// batch", "get results", "wait for batch" or "candidates".
	Op string

	// BatchID is the ID of the call's batch, empty if it has none.
	BatchID string
}

// CallEnd describes a call that has ended.
type CallEnd struct {
	// Op is the operation, as in [CallStart].
	Op string

	// BatchID is the ID of the batch that the call is about or has created, empty if there is none.
	BatchID string

	// Batch is the batch that the call returns, nil if it returns none. It must not be changed.
	Batch *Batch

	// Requests is how many requests Create or CreateLines had, 0 if they were not counted, and for other calls.
	Requests int

	// Attempts is how many HTTP requests were made, including polls, pages and streams.
	Attempts int

	// Streams is how many streams Results has opened; from the second on they resume the first.
	Streams int

	// Sent and Received are the bytes of the bodies of all attempts, without headers; Received is after decompression.
	Sent, Received int64

	// Took is how long the call took. For an iterator that includes the time of the caller's loop.
	Took time.Duration

	// Left reports that the caller left the iteration early.
	Left bool

	// Err is the error that the call returns or yields, such as an [*UncertainError] or an [*IncompleteError].
	Err error
}

// AttemptStart describes an HTTP request that is about to be made.
type AttemptStart struct {
	// Op is the operation, as in [CallStart], or "raw call".
	Op string

	// BatchID is the ID of the call's batch, empty if it has none.
	BatchID string

	// Attempt is 1 for the first attempt, and more for retries. Each poll of Wait, page of List and stream of Results
	// begins with 1.
	Attempt int

	// Method is the HTTP method.
	Method string

	// URL is where the request goes. It must not be changed.
	URL *url.URL

	// Header is empty; headers added to it, such as traceparent, are sent. They are treated like those of [WithHeader],
	// except that malformed headers and those that the client sets itself are omitted.
	Header http.Header
}

// AttemptEnd describes an HTTP request that was made.
type AttemptEnd struct {
	// Op, BatchID, Attempt, Method and URL are those of the [AttemptStart].
	Op      string
	BatchID string
	Attempt int
	Method  string
	URL     *url.URL

	// Status is the HTTP status, 0 if there was no response.
	Status int

	// Proto is the protocol of the response, such as "HTTP/2.0".
	Proto string

	// RequestID is the service's ID of the call, empty if the response has none.
	RequestID string

	// Sent and Received are the bytes of the bodies; Received is after decompression.
	Sent, Received int64

	// TimeToHeaders is how long it took until the headers of the response arrived, 0 if there was none.
	TimeToHeaders time.Duration

	// Took is how long the attempt took to its end; for a stream of results that includes the time of its reader.
	Took time.Duration

	// Err is why there was no response, or why its body could not be read to its end. It is nil for an unsuccessful
	// response: see Status.
	Err error
}

// RetryEvent describes an attempt that will be retried.
type RetryEvent struct {
	// Op is the operation, as in [CallStart].
	Op string

	// BatchID is the ID of the call's batch, empty if it has none.
	BatchID string

	// Attempt is the number of the attempt that failed; for Results, how many streams in a row had no new result.
	Attempt int

	// Wait is the time until the next attempt.
	Wait time.Duration

	// Err is why the attempt failed.
	Err error
}

// PollEvent describes a poll of Wait.
type PollEvent struct {
	// BatchID is the ID of the batch that is waited for.
	BatchID string

	// Poll is the number of the poll, from 1.
	Poll int

	// Batch is the batch as it is now, nil if the poll failed. It must not be changed.
	Batch *Batch

	// Err is why the poll failed. Wait continues if the failure may be temporary.
	Err error
}

// StreamEnd describes a stream of results that was read.
type StreamEnd struct {
	// BatchID is the ID of the batch whose results these are.
	BatchID string

	// Stream is the number of the stream, from 1.
	Stream int

	// Resumed reports that an earlier stream of the same call was truncated or lacked results.
	Resumed bool

	// Lines is how many lines were read, including those that an earlier stream had too.
	Lines int

	// Results is how many of them were new results, and Damaged how many were damaged.
	Results, Damaged int

	// Bytes is how much was read, after decompression.
	Bytes int64

	// Took is how long that took, including the time of the reader of the results.
	Took time.Duration

	// Err is why the stream ended early, nil if it was read to its end. The end of a stream is not always the end of the
	// results.
	Err error
}

func (h *Hooks) isZero() bool {
	return h.StartCall == nil && h.EndCall == nil && h.StartAttempt == nil && h.EndAttempt == nil && h.Retry == nil &&
		h.Poll == nil && h.EndStream == nil && h.Result == nil
}

// hookList calls the hooks of a client.
type hookList []Hooks

func (l hookList) startCall(ctx context.Context, e CallStart) context.Context {
	for i := range l {
		if f := l[i].StartCall; f != nil {
			ctx = f(ctx, e)
		}
	}
	return ctx
}

func (l hookList) startAttempt(ctx context.Context, e AttemptStart) context.Context {
	for i := range l {
		if f := l[i].StartAttempt; f != nil {
			ctx = f(ctx, e)
		}
	}
	return ctx
}

// notify calls the hook that get returns with e, the last hooks first.
func notify[E any](ctx context.Context, l hookList, e E, get func(*Hooks) func(context.Context, E)) {
	for i := len(l) - 1; i >= 0; i-- {
		if f := get(&l[i]); f != nil {
			f(ctx, e)
		}
	}
}

func (l hookList) endCall(ctx context.Context, e CallEnd) {
	notify(ctx, l, e, func(h *Hooks) func(context.Context, CallEnd) { return h.EndCall })
}

func (l hookList) endAttempt(ctx context.Context, e AttemptEnd) {
	notify(ctx, l, e, func(h *Hooks) func(context.Context, AttemptEnd) { return h.EndAttempt })
}

func (l hookList) retry(ctx context.Context, e RetryEvent) {
	notify(ctx, l, e, func(h *Hooks) func(context.Context, RetryEvent) { return h.Retry })
}

func (l hookList) poll(ctx context.Context, e PollEvent) {
	notify(ctx, l, e, func(h *Hooks) func(context.Context, PollEvent) { return h.Poll })
}

func (l hookList) endStream(ctx context.Context, e StreamEnd) {
	notify(ctx, l, e, func(h *Hooks) func(context.Context, StreamEnd) { return h.EndStream })
}

func (l hookList) result(ctx context.Context, item *Item) {
	notify(ctx, l, item, func(h *Hooks) func(context.Context, *Item) { return h.Result })
}
