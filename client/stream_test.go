package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// slowly sends the answer's lines, or pieces of them, with pauses in between.
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

// A stream may take its time, however long, as long as something comes.
func TestSlowStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(0))
		watch := watchOrigin(s)
		// The time-out of the caller's HTTP client would end it: the client must not use it.
		c := newClient(t, s, client.WithHTTPClient(&http.Client{Transport: watch, Timeout: time.Minute}))
		batch := create(t, c, 10)
		s.Inject(batchtest.Results, slowly(90*time.Second, 40))
		began, n := time.Now(), 0
		for _, err := range c.Results(t.Context(), batch.ID, once) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if took := time.Since(began); n != 10 || took < time.Hour || len(s.Calls(batchtest.Results)) != 1 {
			t.Errorf("%d items in %v over %d streams", n, took, len(s.Calls(batchtest.Results)))
		}
		watch.check(t)
	})
}

// A stream that stalls is given up after two minutes and goes on where it was.
func TestStalledStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(0))
		watch := watchOrigin(s)
		c := newClient(t, s, client.WithHTTPClient(&http.Client{Transport: watch}))
		batch := create(t, c, 10)
		s.Inject(batchtest.Results, batchtest.Stall(1000, 24*time.Hour), batchtest.Stall(0, 24*time.Hour), batchtest.Stall(1500, 24*time.Hour))
		began, n := time.Now(), 0
		for _, err := range c.Results(t.Context(), batch.ID) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if took := time.Since(began); n != 10 || took < 5*time.Minute || took > 7*time.Minute {
			t.Errorf("%d items in %v", n, took)
		}
		s.Inject(batchtest.Results, batchtest.Times(2, batchtest.Stall(1000, 24*time.Hour))...)
		var last error
		for _, err := range c.Results(t.Context(), batch.ID, client.WithRetry(client.Retry{MaxAttempts: 2})) {
			last = err
		}
		if !errors.As(last, new(*client.IncompleteError)) || !errors.Is(last, client.ErrTimeout) {
			t.Errorf("a stream that always stalls ends with %v", last)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		s.Inject(batchtest.Results, batchtest.Stall(1000, 24*time.Hour))
		for _, err := range c.Results(ctx, batch.ID) {
			last = err
		}
		if !errors.Is(last, context.DeadlineExceeded) {
			t.Errorf("a stream whose context ends, ends with %v", last)
		}
		watch.check(t)
	})
}

// TestLeavingEarly breaks out of the results at each of several places: no body stays open, and no goroutine, or the
// bubble would fail.
func TestLeavingEarly(t *testing.T) {
	t.Parallel()
	bad := batchtest.Rewrite(func(b []byte) []byte { return append([]byte("bad\n"), b...) }, false)
	for name, fault := range map[string]batchtest.Fault{
		"fine": nil, "slow": slowly(time.Second, 100), "cut": batchtest.CutLines(5, false), "bad line": bad, "stalled": batchtest.Stall(2000, time.Hour),
	} {
		for _, after := range []int{1, 2, 6, 20} {
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.New(t, batchtest.WithDuration(0))
				watch := watchOrigin(s)
				c := newClient(t, s, client.WithHTTPClient(&http.Client{Transport: watch}))
				batch := create(t, c, 20)
				s.Inject(batchtest.Results, fault)
				n := 0
				for range c.Results(t.Context(), batch.ID) {
					if n++; n == after {
						break
					}
				}
				if n != after {
					t.Errorf("%s: %d items, want %d", name, n, after)
				}
				watch.check(t)
			})
		}
	}
}

// TestBodiesAreClosed makes each call meet each kind of failure.
func TestBodiesAreClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(0))
		watch := watchOrigin(s)
		c := newClient(t, s, client.WithHTTPClient(&http.Client{Transport: watch}))
		batch := create(t, c, 3)
		for _, fault := range []batchtest.Fault{
			nil,
			batchtest.Fail(529, "overloaded_error", "Busy."),
			batchtest.Fail(404, "not_found_error", "Gone."),
			batchtest.Status(502, strings.Repeat("<html>", 100_000)),
			batchtest.Status(200, "{}"),
			batchtest.Status(307, "", "location", "/v1/messages/batches/b"),
			batchtest.Cut(10, false),
			batchtest.Cut(10, true),
			batchtest.Stall(10, time.Hour),
			batchtest.DropBefore(),
		} {
			for op, call := range everyCall(t.Context(), c, batch.ID) {
				if op == batchtest.Delete {
					call = func() error { return c.Delete(t.Context(), create(t, c, 1).ID) }
				}
				s.Inject(op, fault)
				call()
				watch.check(t)
			}
		}
	})
}

// TestEveryCut ends the stream behind each of its bytes, as if it were whole or not.
func TestEveryCut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(0))
		s.Answer("r0", batchtest.Text("\"é\\\x01\U0001F600\""))
		s.Answer("r1", batchtest.Raw(`{"type":"succeeded","message":{"content":[{"type":"text","text":"\ud83d\ude00 \u00e9"}],"usage":{"output_tokens":-1.50e+3},"container":null,"x":[true,false]}}`))
		c := newClient(t, s)
		batch := create(t, c, 3)
		for _, clean := range []bool{true, false} {
			for i, length := 0, 1; i <= length; i++ {
				s.Inject(batchtest.Results, batchtest.Rewrite(func(b []byte) []byte {
					length = len(b)
					return b[:i]
				}, !clean))
				n := 0
				for _, err := range c.Results(t.Context(), batch.ID) {
					if err != nil {
						t.Errorf("cut behind byte %d: %v", i, err)
					}
					n++
				}
				if n != 3 {
					t.Errorf("cut behind byte %d: %d items", i, n)
				}
			}
		}
	})
}

// What stands before the service may answer for it, under any type and with 200.
func TestStreamThatIsNone(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{"", "text/html", "text/plain; charset=utf-8", "application/json", "application/x-jsonl"} {
		for _, body := range []string{"upstream request timeout", "<!doctype html>\n<html>\n</html>", "", "null", "[]", "{}"} {
			if contentType == "application/x-jsonl" && body != "" {
				continue // that is a bad line
			}
			inBubble(t, contentType+"/"+body, func(t *testing.T) {
				s := batchtest.New(t, batchtest.WithDuration(0))
				c := newClient(t, s)
				batch := create(t, c, 1)
				s.Inject(batchtest.Results, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
					w.Header()["Content-Type"] = []string{contentType}
					w.Write([]byte(body))
				})
				n := 0
				var errs []error
				for item, err := range c.Results(t.Context(), batch.ID) {
					if item != nil {
						n++
					}
					if err != nil {
						errs = append(errs, err)
					}
				}
				if n != 1 || len(errs) > 0 {
					t.Errorf("%q with %q: %d items, %v", contentType, body, n, errs)
				}
			})
		}
	}
}

// inBubble runs a parallel subtest in fake time.
func inBubble(t *testing.T, name string, f func(*testing.T)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, f)
	})
}
