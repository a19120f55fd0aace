package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Retry says when and how often a call is retried. A zero field has its default.
//
// It does not change which calls are retried; see the package documentation.
type Retry struct {
	// MaxAttempts is the most times that a call is made, including the first; 1 means no retries. Defaults to 5, not
	// counting attempts of a create that the service refused temporarily: see MaxElapsed.
	MaxAttempts int

	// MaxElapsed limits how long a call is retried: a retry that would begin later is not made, and the call fails at once
	// with the response it got. For Results it counts from the last new result. Defaults to 10 min for a create that the
	// service refuses temporarily (429 with retry-after, 503 or 529), and to no limit for everything else, which
	// MaxAttempts limits.
	MaxElapsed time.Duration

	// MinDelay is the longest wait before the first retry; it doubles with each further one. Defaults to 0.5 s.
	MinDelay time.Duration

	// MaxDelay is the longest wait before any retry. Defaults to 30 s.
	MaxDelay time.Duration

	// MaxRetryAfter is the longest wait that the service may ask for. A call that would have to wait longer fails at once
	// with the response it got. Defaults to 2 min.
	MaxRetryAfter time.Duration
}

// patience is the default of [Retry.MaxElapsed] for a create that the service refuses temporarily.
const patience = 10 * time.Minute

// A next says whether a failed attempt is followed by another.
type next int

const (
	last      next = iota // no
	another               // yes, up to MaxAttempts
	patiently             // yes, up to MaxElapsed: the service refuses temporarily
)

// anotherIf is another if ok.
func anotherIf(ok bool) next {
	if ok {
		return another
	}
	return last
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

// outlasts reports whether a retry after this wait would be too late.
func (r Retry) outlasts(elapsed, wait time.Duration, n next) bool {
	longest := r.MaxElapsed
	if longest <= 0 && n == patiently {
		longest = patience
	}
	return longest > 0 && elapsed > longest-wait
}

// delay returns how long to wait after the given attempt, which failed with err. It is false if the service asks for a
// longer wait than r allows.
func (r Retry) delay(attempt int, err error, random func(time.Duration) time.Duration) (time.Duration, bool) {
	var apiErr *APIError
	if errors.As(err, &apiErr) && apiErr.RetryAfter > 0 {
		// A little longer than requested, so that clients do not all return at the same moment.
		return apiErr.RetryAfter + random(apiErr.RetryAfter/10+1), apiErr.RetryAfter <= r.MaxRetryAfter
	}
	longest := min(r.MinDelay, r.MaxDelay)
	for i := 1; i < attempt && longest < r.MaxDelay; i++ {
		longest += min(longest, r.MaxDelay-longest)
	}
	return longest/2 + random(longest/2+1), true
}

// repeatable reports whether an idempotent call that failed with err may succeed if it is retried.
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

// transient reports whether the same call may get another response later.
func transient(apiErr *APIError) bool {
	switch {
	case errors.Is(apiErr, ErrSpendLimit):
		return false
	case apiErr.StatusCode/100 == 2:
		// An intermediary responded, or the API failed too late to set the status.
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

// pause waits before a retry after failure. If the context ends first, or will end before, it returns at once with both
// errors.
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
