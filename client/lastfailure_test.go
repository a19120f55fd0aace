package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestWaitKeepsTheLastFailure ends contexts at each point of a poll: the error says why the polls failed, too.
func TestWaitKeepsTheLastFailure(t *testing.T) {
	t.Parallel()
	overloaded := batchtest.Fail(529, "overloaded_error", "Busy.")
	for name, tt := range map[string]struct {
		faults []batchtest.Fault
		within time.Duration
		last   error // nil: the last poll succeeded
	}{
		"sleep/after a failure":            {batchtest.Times(100, overloaded), time.Minute, client.ErrOverloaded},
		"sleep/first poll":                 {batchtest.Times(100, overloaded), 3 * time.Second, client.ErrOverloaded},
		"sleep/after a success":            {[]batchtest.Fault{overloaded}, time.Minute, nil},
		"poll/stalls after failures":       {append(batchtest.Times(3, overloaded), stall), 30 * time.Second, client.ErrOverloaded},
		"poll/stalls after a success":      {[]batchtest.Fault{overloaded, batchtest.DelayBefore(0), stall}, 30 * time.Second, nil},
		"poll/stalls at once":              {[]batchtest.Fault{stall}, 30 * time.Second, nil},
		"poll/lost connections":            {batchtest.Times(100, batchtest.DropBefore()), time.Minute, errDropped},
		"canceled/in a sleep, by a caller": {batchtest.Times(100, overloaded), -20 * time.Second, client.ErrOverloaded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.Start(batchtest.WithDuration(time.Hour))
				c := s.Client()
				batch := create(t, c, 1)
				<-time.After(5 * time.Second) // so that the first poll comes at once
				s.Inject(batchtest.Get, tt.faults...)
				ctx, cancel := context.WithCancel(t.Context())
				want := context.Canceled
				if tt.within > 0 {
					ctx, cancel = context.WithTimeout(t.Context(), tt.within)
					want = context.DeadlineExceeded
				} else {
					time.AfterFunc(-tt.within, cancel)
				}
				defer cancel()
				_, err := c.Wait(ctx, batch.ID)
				var waitErr *client.WaitError
				if !errors.As(err, &waitErr) || !errors.Is(err, want) {
					t.Fatalf("got %v", err)
				}
				if kept := strings.Contains(err.Error(), "last poll: "); kept != (tt.last != nil) {
					t.Errorf("names the last failure: %v, %v", kept, err)
				}
				if tt.last != nil && tt.last != errDropped && !errors.Is(err, tt.last) {
					t.Errorf("got %v, want %v in it", err, tt.last)
				}
				if !strings.Contains(err.Error(), "can be waited for again") {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

var errDropped = errors.New("any failure of the connection")

// TestWaitEndsWithAFailure ends the context while a response arrives.
func TestWaitEndsWithAFailure(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{529: context.Canceled, 401: client.ErrAuthentication} {
		ctx, cancel := context.WithCancel(t.Context())
		c := errorClient(t, client.WithHTTPClient(&http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			cancel()
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody}, nil
		})}))
		_, err := c.Wait(ctx, "b")
		var apiErr *client.APIError
		if !errors.Is(err, want) || !errors.As(err, &apiErr) || apiErr.StatusCode != status {
			t.Errorf("%d: got %v", status, err)
		}
	}
}

// stall sends no response while the caller waits.
func stall(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() }
