package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// slowly sends the lines of the response, or pieces of them, with pauses in between.
func slowly(pause time.Duration, pieces int) batchtest.Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		whole := httptest.NewRecorder()
		next.ServeHTTP(whole, r)
		body := whole.Body.Bytes()
		for len(body) > 0 {
			n := min(len(body), whole.Body.Len()/pieces+1)
			if _, err := w.Write(body[:n]); err != nil {
				return
			}
			body = body[n:]
			select {
			case <-time.After(pause):
			case <-r.Context().Done():
			}
		}
	}
}

// TestSlowStream reads a stream of an hour, in which something arrives every minute and a half.
func TestSlowStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(0))
		watch := watchOrigin(s)
		// The time-out of the caller's HTTP client would end it: the client must not use it.
		c := s.Client(client.WithHTTPClient(&http.Client{Transport: watch, Timeout: time.Minute}))
		batch := create(t, c, 10)
		s.Inject(batchtest.Results, slowly(90*time.Second, 40))
		began := time.Now()
		wantResults(t, 10, c.Results(t.Context(), batch.ID, once))
		if took := time.Since(began); took < time.Hour || len(s.Calls(batchtest.Results)) != 1 {
			t.Errorf("%v over %d streams", took, len(s.Calls(batchtest.Results)))
		}
		watch.check(t)
	})
}

// TestStalledStream stalls streams: each is abandoned after two minutes, and the next one continues after the last result.
func TestStalledStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c, watch := watched(t)
		batch := create(t, c, 10)
		s.Inject(batchtest.Results, batchtest.Stall(1000, 24*time.Hour), batchtest.Stall(0, 24*time.Hour), batchtest.Stall(1500, 24*time.Hour))
		began := time.Now()
		wantResults(t, 10, c.Results(t.Context(), batch.ID))
		if took := time.Since(began); took < 5*time.Minute || took > 7*time.Minute {
			t.Errorf("took %v", took)
		}
		s.Inject(batchtest.Results, batchtest.Times(2, batchtest.Stall(1000, 24*time.Hour))...)
		_, _, last := collect(t, c.Results(t.Context(), batch.ID, client.WithRetry(client.Retry{MaxAttempts: 2})))
		if !errors.As(last, new(*client.IncompleteError)) || !errors.Is(last, client.ErrTimeout) {
			t.Errorf("a stream that always stalls ends with %v", last)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		s.Inject(batchtest.Results, batchtest.Stall(1000, 24*time.Hour))
		if _, _, last = collect(t, c.Results(ctx, batch.ID)); !errors.Is(last, context.DeadlineExceeded) {
			t.Errorf("a stream whose context ends, ends with %v", last)
		}
		watch.check(t)
	})
}

// TestSlowReaderOfResults spends an hour on each result: the time-outs do not count the time of the caller.
func TestSlowReaderOfResults(t *testing.T) {
	t.Parallel()
	inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		batch := create(t, c, 500)
		for _, err := range c.Results(t.Context(), batch.ID, once) {
			if err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Hour)
		}
		if n := len(s.Calls(batchtest.Results)); n != 1 {
			t.Errorf("%d streams", n)
		}
	})
}

func TestServiceThatNeverResponds(t *testing.T) {
	t.Parallel()
	inBubble(t, time.Second, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		s.Inject(batchtest.Get, func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() })
		began := time.Now()
		_, err := c.Get(t.Context(), "b", once)
		var timeout interface{ Timeout() bool }
		if !errors.As(err, &timeout) || !timeout.Timeout() || time.Since(began) != time.Minute {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}
