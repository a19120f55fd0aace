package client_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

func TestRetries(t *testing.T) {
	t.Parallel()
	overloaded := batchtest.Fail(529, "overloaded_error", "Busy.")
	after := func(headers ...string) batchtest.Fault {
		return batchtest.Fail(429, "rate_limit_error", "Slow down.", headers...)
	}
	for name, tt := range map[string]struct {
		faults   []batchtest.Fault
		attempts int
		min, max time.Duration
		ok       bool
	}{
		"529 twice":             {batchtest.Times(2, overloaded), 3, 500 * time.Millisecond, 1500 * time.Millisecond, true},
		"529 for ever":          {batchtest.Times(5, overloaded), 5, time.Second, 8 * time.Second, false},
		"dropped":               {[]batchtest.Fault{batchtest.DropBefore(), batchtest.DropAfter()}, 3, 500 * time.Millisecond, 1500 * time.Millisecond, true},
		"html 502":              {[]batchtest.Fault{batchtest.Status(502, "<html>")}, 2, 0, time.Second, true},
		"408":                   {[]batchtest.Fault{batchtest.Status(408, "")}, 2, 0, time.Second, true},
		"409":                   {[]batchtest.Fault{batchtest.Status(409, "")}, 2, 0, time.Second, true},
		"429 after 7 s":         {[]batchtest.Fault{after("retry-after", "7")}, 2, 7 * time.Second, 8 * time.Second, true},
		"429 after 1500 ms":     {[]batchtest.Fault{after("retry-after-ms", "1500")}, 2, 1500 * time.Millisecond, 1700 * time.Millisecond, true},
		"429 after an hour":     {[]batchtest.Fault{after("retry-after", "3600")}, 1, 0, 0, false},
		"429 after -1":          {[]batchtest.Fault{after("retry-after", "-1")}, 2, 100 * time.Millisecond, time.Second, true},
		"429 after NaN":         {[]batchtest.Fault{after("retry-after", "NaN")}, 2, 100 * time.Millisecond, time.Second, true},
		"429 after 1e30":        {[]batchtest.Fault{after("retry-after", "1e30")}, 1, 0, 0, false},
		"429 after Inf":         {[]batchtest.Fault{after("retry-after", "Inf")}, 1, 0, 0, false},
		"429 after garbage":     {[]batchtest.Fault{after("retry-after", "soon")}, 2, 100 * time.Millisecond, time.Second, true},
		"429 after a past date": {[]batchtest.Fault{after("retry-after", "Sat, 02 Jan 1999 15:04:05 GMT")}, 2, 100 * time.Millisecond, time.Second, true},
		"400":                   {[]batchtest.Fault{batchtest.Status(400, "")}, 1, 0, 0, false},
		"400 should retry":      {[]batchtest.Fault{batchtest.Status(400, "", "x-should-retry", "true")}, 2, 0, time.Second, true},
		"500 should not":        {[]batchtest.Fault{batchtest.Status(500, "", "x-should-retry", "false")}, 1, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, time.Second, func(t *testing.T, s *batchtest.Service, c *client.Client) {
				batch := create(t, c, 1)
				s.Inject(batchtest.Get, tt.faults...)
				began := time.Now()
				_, err := c.Get(t.Context(), batch.ID)
				if took := time.Since(began); took < tt.min || took > tt.max {
					t.Errorf("took %v, want %v to %v", took, tt.min, tt.max)
				}
				if n := len(s.Calls(batchtest.Get)); n != tt.attempts {
					t.Errorf("%d attempts, want %d", n, tt.attempts)
				}
				if (err == nil) != tt.ok {
					t.Errorf("got error %v", err)
				}
				var apiErr *client.APIError
				if errors.As(err, &apiErr) && apiErr.Attempts != tt.attempts {
					t.Errorf("the error says %d attempts: %v", apiErr.Attempts, err)
				}
			})
		})
	}
}

func TestRetryAfterBeyondTheDeadline(t *testing.T) {
	t.Parallel()
	inBubble(t, time.Second, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		s.Inject(batchtest.Get, batchtest.Fail(429, "rate_limit_error", "Slow down.", "retry-after", "60"))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		_, err := c.Get(ctx, "b")
		if time.Since(began) != 0 {
			t.Errorf("waited %v without effect", time.Since(began))
		}
		if !errors.Is(err, client.ErrRateLimited) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the response and the deadline", err)
		}
	})
}

func TestDialTimeoutIsRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(time.Minute))
		batch := create(t, s.Client(), 1)
		inner, n := s.HTTPClient().Transport, 0
		c := s.Client(client.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if n++; n%2 == 1 {
				return nil, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
			}
			return inner.RoundTrip(r)
		})}))
		if _, err := c.Wait(t.Context(), batch.ID); err != nil {
			t.Error(err)
		}
	})
}

// TestTruncatedResponsesAreRetried truncates responses of each call that may be retried.
func TestTruncatedResponsesAreRetried(t *testing.T) {
	t.Parallel()
	inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		batch := create(t, c, 1)
		page := batchtest.Status(200, "<html>")
		s.Inject(batchtest.Get, batchtest.DropBytes(10), page)
		if _, err := c.Get(t.Context(), batch.ID); err != nil {
			t.Error(err)
		}
		s.Inject(batchtest.List, batchtest.TruncateBytes(10), page)
		for _, err := range c.List(t.Context()) {
			if err != nil {
				t.Error(err)
			}
		}
		s.Inject(batchtest.Delete, batchtest.TruncateBytes(10))
		if err := c.Delete(t.Context(), batch.ID); err != nil {
			t.Error(err)
		}
	})
}
