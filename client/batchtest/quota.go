package batchtest

import (
	"net/http"
	"strconv"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
)

// WithQueueLimit sets how many requests of an organization may wait for their batches to end, over all its workspaces.
// A create call that would exceed it is refused with 429, rate_limit_error and a retry-after of a minute. There is no
// limit by default; the service has 200,000 to 500,000.
func WithQueueLimit(requests int) Option {
	return func(s *Service) { s.quota.queue = int64(requests) }
}

// WithCallLimit sets how many calls an organization may make in a minute of the service's clock. Further calls are
// refused with 429, rate_limit_error and a retry-after until the end of the minute. There is no limit by default; the
// service has 1,000 to 4,000. With a limit, all responses have the headers anthropic-ratelimit-requests-limit,
// -remaining and -reset.
func WithCallLimit(calls int) Option { return func(s *Service) { s.quota.calls = calls } }

// A quota holds the limits of each organization; 0 means no limit.
type quota struct {
	queue   int64
	calls   int
	minutes map[string]minute // by organization
}

// A minute counts the calls in the last minute that had any.
type minute struct {
	begins time.Time
	calls  int
}

// admit refuses a batch of n requests if it would exceed the queue limit.
func (q *quota) admit(waiting int64, n int) *failure {
	if q.queue == 0 || waiting+int64(n) <= q.queue {
		return nil
	}
	return &failure{status: http.StatusTooManyRequests, retryAfter: time.Minute,
		err: &gen.BetaRateLimitError{Message: "Your organization has too many batch requests waiting: " + strconv.FormatInt(waiting, 10) +
			" of " + strconv.FormatInt(q.queue, 10) + ", and this batch has " + strconv.Itoa(n) + " more."}}
}

// admitCall counts a call and refuses it if there were too many. It sets the rate limit headers.
func (q *quota) admitCall(organization string, now time.Time, h http.Header) *failure {
	if q.calls == 0 {
		return nil
	}
	m := q.minutes[organization]
	if begins := now.Truncate(time.Minute); !m.begins.Equal(begins) {
		m = minute{begins: begins}
	}
	reset := m.begins.Add(time.Minute)
	refused := m.calls >= q.calls
	if !refused {
		m.calls++
	}
	q.minutes[organization] = m
	h.Set("anthropic-ratelimit-requests-limit", strconv.Itoa(q.calls))
	h.Set("anthropic-ratelimit-requests-remaining", strconv.Itoa(q.calls-m.calls))
	h.Set("anthropic-ratelimit-requests-reset", reset.Format(time.RFC3339))
	if refused {
		return &failure{status: http.StatusTooManyRequests, retryAfter: reset.Sub(now),
			err: &gen.BetaRateLimitError{Message: "This request would exceed your organization's rate limit of " + strconv.Itoa(q.calls) + " requests per minute."}}
	}
	return nil
}
