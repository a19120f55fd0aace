package client

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"
)

// A CallOption configures one call; passed to [New], it applies to all calls that it is for. If a call and its client set
// the same thing, the call wins, except that the betas and headers of both are sent.
//
// An option that is invalid or does not apply to the call is an error before anything is sent.
type CallOption interface {
	Option
	applyCall(*call) error
}

type callOption struct {
	name string
	ops  operation // those that it is for
	set  func(*call) error
}

func (o callOption) applyClient(c *config) error {
	if o.ops&opNew == 0 {
		return fmt.Errorf("%s is for single calls: pass it to the call", o.name)
	}
	return o.set(&c.call)
}

func (o callOption) applyCall(c *call) error {
	if o.ops&c.op == 0 {
		return fmt.Errorf("%s does not apply to this call", o.name)
	}
	return o.set(c)
}

// with returns a copy of c for one call, with its options.
func (c call) with(op operation, opts []CallOption) (call, error) {
	c.op = op
	c.betas = slices.Clone(c.betas)
	c.header = c.header.Clone()
	var errs []error
	for _, o := range opts {
		errs = append(errs, o.applyCall(&c))
	}
	c.patient = c.retry.MaxAttempts <= 0
	c.retry = c.retry.defaults()
	if err := errors.Join(errs...); err != nil {
		return c, localError{fmt.Errorf("%s: %w", op, err)}
	}
	return c, nil
}

// WithVersion sets the version of the API, by default 2023-06-01, which accepts every parameter of the contract. A version
// that the contract does not know is sent unchanged.
func WithVersion(v APIVersion) CallOption {
	return callOption{"WithVersion", opNew | everyCall, func(c *call) error {
		if err := checkHeaderValue("version", string(v)); err != nil {
			return err
		}
		c.version = v
		return nil
	}}
}

// WithBetas turns on beta features. The betas of the client and of the call are sent together, in that order, each once.
// A malformed beta is an error before anything is sent.
func WithBetas(betas ...Beta) CallOption {
	return callOption{"WithBetas", opNew | everyCall, func(c *call) error { return c.addBetas(betas) }}
}

// WithHeader adds a header to requests. For anthropic-beta it is the same as [WithBetas], for anthropic-version the same as
// [WithVersion], and so on for the client's other headers; the credential's header cannot be replaced. A malformed name or
// value is an error before anything is sent, and so is a header that belongs to the connection, such as Content-Length or
// Accept-Encoding. A value of 8 characters or more is treated as a secret: it is redacted in errors and logs.
func WithHeader(name, value string) CallOption {
	return callOption{"WithHeader", opNew | everyCall, func(c *call) error { return addHeader(c, name, value) }}
}

func addHeader(c *call, name, value string) error {
	if !isToken(name) {
		return errors.New("header name is not a token of HTTP")
	}
	switch http.CanonicalHeaderKey(name) {
	case "Content-Length", "Content-Type", "Host", "Transfer-Encoding", "Connection", "Accept-Encoding", "Content-Encoding",
		"Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "Te", "Trailer", "Upgrade", "Http2-Settings":
		// With an Accept-Encoding of our own net/http decompresses nothing, and every create would be uncertain.
		return fmt.Errorf("header %s cannot be set: it belongs to the connection", name)
	case "User-Agent":
		return errors.New("header User-Agent cannot be set: use WithUserAgent")
	case "Anthropic-Beta":
		return c.addBetas(splitBetas(value))
	case "Anthropic-Version":
		return WithVersion(APIVersion(value)).(callOption).set(c)
	case "Anthropic-Workspace-Id":
		return WithWorkspace(value).(callOption).set(c)
	case "Anthropic-User-Profile-Id":
		return WithUserProfile(value).(callOption).set(c)
	}
	if err := checkHeaderValue("header "+name, value); err != nil {
		return err
	}
	if c.header == nil {
		c.header = make(http.Header)
	}
	c.header.Set(name, value)
	return nil
}

// WithWorkspace names the workspace, for credentials that can access several. By default it is the credential's own.
func WithWorkspace(id string) CallOption {
	return callOption{"WithWorkspace", opNew | everyCall, func(c *call) error {
		c.workspace = id
		return checkHeaderValue("workspace", id)
	}}
}

// WithUserProfile names the user profile on whose behalf a batch is created. It is for Create and CreateLines.
func WithUserProfile(id string) CallOption {
	return callOption{"WithUserProfile", opNew | opCreate, func(c *call) error {
		c.userProfile = id
		return checkHeaderValue("user profile", id)
	}}
}

// WithRetry sets when and how often a call is retried. The zero Retry has the defaults. It is for all calls except Wait,
// which polls until its context ends.
func WithRetry(r Retry) CallOption {
	return callOption{"WithRetry", opNew | everyCall&^opWait, func(c *call) error { c.retry = r; return nil }}
}

// WithAtLeastOnceCreate lets Create and CreateLines resend a batch that the service may have accepted, where they would
// otherwise return an [*UncertainError]. The batch may then exist several times, and each copy is billed. If the last
// attempt fails too, the error is still an UncertainError, about all attempts.
func WithAtLeastOnceCreate() CallOption {
	return callOption{"WithAtLeastOnceCreate", opNew | opCreate, func(c *call) error { c.atLeastOnce = true; return nil }}
}

// WithPreflight makes Create and CreateLines check their requests with checker before anything is sent. They return its
// error unchanged. Nil means no check. Package preflight has a checker; a program can write its own, for example to enforce
// a budget.
func WithPreflight(checker Checker) CallOption {
	return callOption{"WithPreflight", opNew | opCreate, func(c *call) error { c.checker = checker; return nil }}
}

// WithFence makes each attempt of Create and CreateLines call fence once, before the last 64 KiB of the body are sent, or
// before the first byte of a smaller body. If it returns an error, the body is never finished, so that there is no batch,
// and the call fails with that error and is not retried. It is called on another goroutine; the call returns before fence
// does only if its context ends. If fence panics, so does the call.
//
// It is for programs that must stop sending a batch once something else has happened, such as the loss of a lease. A body
// that fence let pass must not arrive much later: on Linux, and only there, the connection of such a call ends when the
// other side has acknowledged nothing for a minute.
func WithFence(fence func() error) CallOption {
	return callOption{"WithFence", opCreate, func(c *call) error { c.fence = fence; return nil }}
}

// WithWatermark sets the Watermark of the [Attempt] in an [*UncertainError] of this call, so that its candidates do not
// depend on clocks. It is for Create and CreateLines.
func WithWatermark(w Watermark) CallOption {
	return callOption{"WithWatermark", opCreate, func(c *call) error { c.watermark = w; return nil }}
}

// WithResponse fills r with facts about the last response of the call: its IDs and rate limits. Without a response r is not
// changed. Concurrent calls must not share it.
func WithResponse(r *Response) CallOption {
	return callOption{"WithResponse", everyCall, func(c *call) error { c.response = r; return nil }}
}

// WithPageSize sets how many batches List requests at a time, 1 to 1000. The default is the service's, 20.
func WithPageSize(n int) CallOption {
	return callOption{"WithPageSize", opNew | opList, func(c *call) error {
		if n < 1 || n > 1000 {
			return errors.New("page size is not between 1 and 1000")
		}
		c.pageSize = n
		return nil
	}}
}

// WithAfter makes List begin right after the batch with this ID and continue with older ones.
func WithAfter(id string) CallOption {
	return callOption{"WithAfter", opList, func(c *call) error { c.after = id; return checkID(id) }}
}

// WithBefore makes List begin right before the batch with this ID and continue with newer ones, page by page; within a
// page newer batches still come first. It cannot be combined with [WithAfter].
func WithBefore(id string) CallOption {
	return callOption{"WithBefore", opList, func(c *call) error { c.before = id; return checkID(id) }}
}

// WithPollInterval sets how often Wait polls: shortest is the time between its first two polls, which grows by half each
// time up to longest. The defaults are 5 s and 1 min; zero means the default, and values above a day count as a day.
func WithPollInterval(shortest, longest time.Duration) CallOption {
	return callOption{"WithPollInterval", opNew | opWait, func(c *call) error {
		if shortest < 0 || longest < 0 {
			return errors.New("poll interval is negative")
		}
		c.minInterval, c.maxInterval = shortest, longest
		return nil
	}}
}

// OnPoll calls f with the batch after each successful poll of Wait, including the last one, on the goroutine that waits.
// Until the batch has ended, its counts do not show progress; only its age does.
func OnPoll(f func(*Batch)) CallOption {
	return callOption{"OnPoll", opNew | opWait, func(c *call) error { c.onPoll = f; return nil }}
}

// WithMaxLineBytes bounds the length of one line of Results, in bytes after decompression, at least 1. A longer line is
// reported as damaged, see [LineError]. The default is 32 MiB; a result of 300,000 output tokens has about 2 MB.
//
// Reading a line of n bytes takes up to about 12 n bytes of memory, whatever its content.
func WithMaxLineBytes(n int) CallOption {
	return callOption{"WithMaxLineBytes", opNew | opResults, func(c *call) error {
		if n <= 0 || n > math.MaxInt32 {
			return errors.New("longest line must be 1 to 2147483647 bytes")
		}
		c.maxLine = n
		return nil
	}}
}
