package client

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Retry says when and how often a call is repeated. A zero field is its default.
//
// Which calls may be repeated at all is not up to it: see the package's documentation.
type Retry struct {
	// MaxAttempts is how often a call is made at most, the first time included. Defaults to 5; 1 means that no
	// call is repeated.
	MaxAttempts int

	// MinDelay is the longest wait before the first repetition; each further one doubles it. Defaults to 0.5 s.
	MinDelay time.Duration

	// MaxDelay is the longest wait before any repetition. Defaults to 30 s.
	MaxDelay time.Duration

	// MaxRetryAfter is the longest wait that the service may ask for: a call that would have to wait longer fails at
	// once, with the answer that it got. Defaults to 2 min.
	MaxRetryAfter time.Duration
}

func (r Retry) defaults() Retry {
	if r.MaxAttempts <= 0 {
		r.MaxAttempts = 5
	}
	if r.MinDelay <= 0 {
		r.MinDelay = 500 * time.Millisecond
	}
	if r.MaxDelay <= 0 {
		r.MaxDelay = 30 * time.Second
	}
	if r.MaxRetryAfter <= 0 {
		r.MaxRetryAfter = 2 * time.Minute
	}
	return r
}

// delay returns how long to wait before the attempt after the given one, which failed with err. It is false if
// the service wants more patience than r has.
func (r Retry) delay(attempt int, err error, random func(time.Duration) time.Duration) (time.Duration, bool) {
	var apiErr *APIError
	if errors.As(err, &apiErr) && apiErr.RetryAfter > 0 {
		// A little more than asked for, lest everybody comes back at the same moment.
		return apiErr.RetryAfter + random(apiErr.RetryAfter/10+1), apiErr.RetryAfter <= r.MaxRetryAfter
	}
	longest := min(r.MinDelay, r.MaxDelay)
	for i := 1; i < attempt && longest < r.MaxDelay; i++ {
		longest += min(longest, r.MaxDelay-longest)
	}
	return longest/2 + random(longest/2+1), true
}

// repeatable reports whether an idempotent call that failed with err may do better another time.
func repeatable(err error) bool {
	var apiErr *APIError
	if !errors.As(err, &apiErr) {
		return !isLocal(err)
	}
	switch apiErr.shouldRetry {
	case "true":
		return true
	case "false":
		return false
	}
	return transient(apiErr)
}

// transient reports whether an answer may be another one later.
func transient(apiErr *APIError) bool {
	switch {
	case errors.Is(apiErr, ErrSpendLimit):
		return false
	case apiErr.StatusCode/100 == 2:
		// Something on the way answered, or the API failed too late to say so in the status.
		return !apiErr.fromAPI() || errors.Is(apiErr, ErrAPI) || errors.Is(apiErr, ErrOverloaded) ||
			errors.Is(apiErr, ErrTimeout) || errors.Is(apiErr, ErrRateLimited)
	case apiErr.StatusCode >= 500:
		return true
	}
	switch apiErr.StatusCode {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return true
	}
	return false
}

// pause waits before failure is tried again, unless the context ends first or cannot last so long: then it returns at
// once, with both errors.
func pause(ctx context.Context, d time.Duration, failure error) error {
	err := context.DeadlineExceeded
	if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) >= d {
		err = sleep(ctx, d)
	}
	if err != nil {
		return fmt.Errorf("%w (%w)", failure, err)
	}
	return nil
}

// sleep waits, unless the context ends first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return contextError(ctx)
	}
}

// contextError returns why a context has ended: its error, and its cause if that is another one.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause != err {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// parseRetryAfter returns how long the service asks to wait, or 0. Values that make no sense are 0.
func parseRetryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(strings.TrimSpace(h.Get("retry-after-ms")), 64); err == nil {
		if d := seconds(ms / 1000); d > 0 {
			return d
		}
	}
	value := strings.TrimSpace(h.Get("retry-after"))
	if s, err := strconv.ParseFloat(value, 64); err == nil {
		return seconds(s)
	}
	if t, err := http.ParseTime(value); err == nil {
		return max(0, min(t.Sub(now), longestPatience))
	}
	return 0
}

// longestPatience bounds what a service may ask for, so that there is no overflow.
const longestPatience = 365 * 24 * time.Hour

func seconds(s float64) time.Duration {
	switch {
	case math.IsNaN(s) || s <= 0:
		return 0
	case s > longestPatience.Seconds():
		return longestPatience
	}
	return time.Duration(s * float64(time.Second))
}
