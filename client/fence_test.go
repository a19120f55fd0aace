package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestFence checks that a fence is called before the last 64 KB of a body: if it returns an error, the service does not
// receive the whole body.
func TestFence(t *testing.T) {
	t.Parallel()
	lost := errors.New("the lease is lost")
	const fenced = 64 << 10
	for name, tt := range map[string]struct {
		requests int
		objects  bool
	}{
		"small/allowed":  {1, false},
		"small/objected": {1, true},
		"large/allowed":  {5000, false},
		"large/objected": {5000, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, lines := range []bool{false, true} {
				s := batchtest.New(t)
				var read, asked, size atomic.Int64
				s.Inject(batchtest.Create, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					size.Store(r.ContentLength)
					r.Body = io.NopCloser(io.TeeReader(r.Body, counter{&read}))
					next.ServeHTTP(w, r)
				})
				fence := client.WithFence(func() error {
					asked.Add(1)
					if read.Load() > max(0, size.Load()-fenced) {
						t.Errorf("%d bytes of %d were read before the fence was called", read.Load(), size.Load())
					}
					if tt.objects {
						return lost
					}
					return nil
				})
				var b *client.Batch
				var err error
				if lines {
					b, err = s.Client().CreateLines(t.Context(), strings.NewReader(jsonLines(t, requests(tt.requests))), fence)
				} else {
					b, err = s.Client().Create(t.Context(), requests(tt.requests), fence)
				}
				if (b == nil) != tt.objects || errors.Is(err, lost) != tt.objects || errors.As(err, new(*client.UncertainError)) {
					t.Errorf("got %v, %v", b, err)
				}
				calls := s.Calls(batchtest.Create)
				if asked.Load() != 1 || len(calls) > 1 || len(calls) == 1 && calls[0].BodyWhole == tt.objects {
					t.Errorf("the fence was called %d times; %d calls", asked.Load(), len(calls))
				}
				if n := len(s.Batches()); (n == 0) != tt.objects {
					t.Errorf("%d batches", n)
				}
				if tt.objects && len(calls) == 0 {
					s.Client().Create(t.Context(), requests(1)) // the fault needs a call
				}
			}
		})
	}
}

// A counter counts what is written to it.
type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

// TestFenceIsAskedInEachAttempt refuses the first body, and makes the fence return an error for the second one.
func TestFenceIsAskedInEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		s.Inject(batchtest.Create, batchtest.Fail(529, "overloaded_error", "Busy."))
		asked := 0
		lost := errors.New("the lease is lost")
		_, err := s.Client().Create(t.Context(), requests(1), client.WithFence(func() error {
			if asked++; asked == 2 {
				return lost
			}
			return nil
		}))
		if !errors.Is(err, lost) || asked != 2 || len(s.Batches()) != 0 {
			t.Errorf("the fence was called %d times; %d batches, %v", asked, len(s.Batches()), err)
		}
	})
}

// TestFenceThatBlocks ends a call whose fence does not return: the body is never finished, whatever the fence returns
// later.
func TestFenceThatBlocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := s.Client().Create(ctx, requests(1), client.WithFence(func() error {
			<-time.After(time.Hour)
			return nil
		}))
		if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, new(*client.UncertainError)) {
			t.Errorf("got %v", err)
		}
		<-time.After(2 * time.Hour)
		if n := len(s.Batches()); n != 0 {
			t.Errorf("%d batches", n)
		}
	})
}
