package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// Faults that a review found, each of which lost, doubled or leaked something.

// A 401 that does not come from the API says nothing about the batch: no fresh token makes it safe to repeat.
func TestTokenRefreshDoesNotRepeatAnUncertainCreate(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]batchtest.Fault{
		"401 as HTML":       batchtest.Status(401, "<html>"),
		"500 of the API":    batchtest.Fail(500, "authentication_error", "?"),
		"200 with an error": batchtest.Fail(200, "authentication_error", "?"),
	} {
		s := batchtest.New(t)
		s.Inject(batchtest.Create, fault)
		c := newClient(t, s, client.WithTokenSource(func(context.Context) (string, error) { return s.Key(), nil }))
		_, err := c.Create(t.Context(), client.BatchParams{Requests: requests(1)})
		if !errors.As(err, new(*client.UncertainError)) || len(s.Calls(batchtest.Create)) != 1 {
			t.Errorf("%s: %d calls, %v", name, len(s.Calls(batchtest.Create)), err)
		}
	}
}

func TestAtLeastOnceCreateStaysUncertain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		s.Inject(batchtest.Create, batchtest.DropAfter(), batchtest.Fail(400, "invalid_request_error", "No."))
		_, err := newClient(t, s).Create(t.Context(), client.BatchParams{Requests: requests(1)}, client.WithAtLeastOnceCreate())
		if !errors.As(err, new(*client.UncertainError)) || !errors.Is(err, client.ErrInvalidRequest) {
			t.Errorf("there is a batch, but got %v", err)
		}
	})
}

// An early answer on a socket: net/http goes on sending the body while the caller reads the answer.
func TestEarlyAnswerEndsTheBody(t *testing.T) {
	t.Parallel()
	var whole atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		w.Header().Set("content-type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		io.WriteString(w, "<html>")
		http.NewResponseController(w).Flush()
		if n, _ := io.Copy(io.Discard, r.Body); n == r.ContentLength {
			whole.Add(1)
		}
	}))
	defer server.Close()
	c, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("k"), client.WithBaseURL(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Create(t.Context(), client.BatchParams{Requests: requests(5000)}, client.WithRetry(client.Retry{MaxAttempts: 3, MinDelay: time.Millisecond}))
	server.Close()
	if n := whole.Load(); n > 1 || n == 1 && !errors.As(err, new(*client.UncertainError)) {
		t.Errorf("the server had the whole body %d times, and the caller gets %v", n, err)
	}
}

func TestDialTimeoutIsRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(time.Minute))
		batch := create(t, newClient(t, s), 1)
		inner, n := s.HTTPClient().Transport, 0
		c := newClient(t, s, client.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if n++; n%2 == 1 {
				return nil, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
			}
			return inner.RoundTrip(r)
		})}))
		if _, err := c.Wait(t.Context(), batch.ID, client.WaitOptions{}); err != nil {
			t.Error(err)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTokenSourceOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(time.Minute))
		n := 0
		c := newClient(t, s, client.WithTokenSource(func(context.Context) (string, error) {
			if n++; n > 1 && n < 5 {
				return "", errors.New("vault is closed")
			}
			return s.Key(), nil
		}))
		batch := create(t, c, 1)
		if _, err := c.Wait(t.Context(), batch.ID, client.WaitOptions{}); err != nil {
			t.Error(err)
		}
	})
}

// A duplicate line must not make up for a missing one.
func TestDuplicateDoesNotHideAMissingResult(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(0))
		c := newClient(t, s)
		batch := create(t, c, 3)
		double := batchtest.Rewrite(func(b []byte) []byte {
			lines := strings.SplitAfter(string(b), "\n")
			return []byte(lines[0] + lines[1] + lines[1])
		}, false)
		s.Inject(batchtest.Results, double, double)
		var last error
		n := 0
		for item, err := range c.Results(t.Context(), batch.ID) {
			if item != nil && err == nil {
				n++
			}
			last = err
		}
		if n != 2 || !errors.As(last, new(*client.IncompleteError)) {
			t.Errorf("%d items, then %v", n, last)
		}
	})
}

// The API may fail when the stream has begun: its error is the last line.
func TestErrorAsLastLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(0))
		c := newClient(t, s)
		batch := create(t, c, 5)
		s.Inject(batchtest.Results, batchtest.Rewrite(func(b []byte) []byte {
			lines := strings.SplitAfter(string(b), "\n")
			return []byte(strings.Join(lines[:3], "") + `{"type":"error","error":{"type":"api_error","message":"Oops."}}` + "\n")
		}, false))
		n := 0
		for item, err := range c.Results(t.Context(), batch.ID) {
			if err != nil {
				t.Fatal(err)
			}
			if item != nil {
				n++
			}
		}
		if n != 5 {
			t.Errorf("%d items", n)
		}
	})
}

// Clean ends in different places are cuts; only two in the same place are the end.
func TestCleanEndsInDifferentPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(0))
		c := newClient(t, s)
		batch := create(t, c, 10)
		s.Inject(batchtest.Results, batchtest.CutLines(6, true), batchtest.CutLines(3, true))
		n := 0
		for _, err := range c.Results(t.Context(), batch.ID) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 10 {
			t.Errorf("%d items", n)
		}
	})
}

// The caller's own time between two results is not the service's.
func TestSlowCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(0))
		c := newClient(t, s)
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

// An answer that is cut is a failure like any other.
func TestCutAnswersAreRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(0))
		c := newClient(t, s)
		batch := create(t, c, 1)
		page := batchtest.Status(200, "<html>")
		s.Inject(batchtest.Retrieve, batchtest.Cut(10, false), page)
		if _, err := c.Get(t.Context(), batch.ID); err != nil {
			t.Error(err)
		}
		s.Inject(batchtest.List, batchtest.Cut(10, true), page)
		for _, err := range c.List(t.Context(), client.ListOptions{}) {
			if err != nil {
				t.Error(err)
			}
		}
		s.Inject(batchtest.Delete, batchtest.Cut(10, true))
		if err := c.Delete(t.Context(), batch.ID); err != nil {
			t.Error(err)
		}
	})
}

func TestWaitPollsOnceMoreBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(3*time.Second))
		c := newClient(t, s)
		batch := create(t, c, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
		defer cancel()
		if _, err := c.Wait(ctx, batch.ID, client.WaitOptions{MinInterval: time.Minute}); err != nil {
			t.Error(err)
		}
	})
}

func TestWaitIgnoresUnreasonableRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(time.Minute))
		c := newClient(t, s)
		batch := create(t, c, 1)
		s.Inject(batchtest.Retrieve, batchtest.Fail(429, "rate_limit_error", "Slow.", "retry-after", "1e30"),
			batchtest.Fail(529, "overloaded_error", "Busy.", "x-should-retry", "false"))
		began := time.Now()
		if _, err := c.Wait(t.Context(), batch.ID, client.WaitOptions{}); err != nil || time.Since(began) > 2*time.Hour {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// One odd property of an error must not cost the others.
func TestOddError(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"type":"error","error":{"type":"overloaded_error","message":"Busy.","details":"odd"}}`,
		`{"type":"error","error":{"type":"overloaded_error","message":"Busy."},"request_id":5}`,
		`{"type":"error","error":{"type":"new_error","message":"Busy.","details":[]}}`,
	} {
		s := batchtest.New(t)
		s.Inject(batchtest.Retrieve, batchtest.Status(529, body))
		_, err := newClient(t, s).Get(t.Context(), "b", once)
		var apiErr *client.APIError
		if !errors.As(err, &apiErr) || apiErr.Message != "Busy." || apiErr.Type == "" {
			t.Errorf("%s: got %v", body, err)
		}
	}
}

func TestCreateAnsweredAccepted(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	s.Inject(batchtest.Create, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		w.WriteHeader(http.StatusAccepted)
		next.ServeHTTP(w, r)
	})
	if b := create(t, newClient(t, s), 1); b.ID == "" {
		t.Error("the batch is lost")
	}
}

func TestContextCause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(time.Hour))
		c := newClient(t, s)
		batch := create(t, c, 1)
		why := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(why) })
		if _, err := c.Wait(ctx, batch.ID, client.WaitOptions{}); !errors.Is(err, why) || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTwinBadLinesComeOnceEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(0))
		c := newClient(t, s)
		batch := create(t, c, 4)
		bad := func(cut bool) batchtest.Fault {
			return batchtest.Rewrite(func(b []byte) []byte {
				lines := strings.SplitAfter(string(b), "\n")
				lines[0], lines[1] = "bad\n", "bad\n"
				if cut {
					lines = lines[:3]
				}
				return []byte(strings.Join(lines, ""))
			}, cut)
		}
		s.Inject(batchtest.Results, bad(true), bad(false))
		items, bads := 0, 0
		for item, err := range c.Results(t.Context(), batch.ID) {
			switch {
			case errors.As(err, new(*client.LineError)):
				bads++
			case err != nil:
				t.Error(err)
			case item != nil:
				items++
			}
		}
		if items != 2 || bads != 2 {
			t.Errorf("%d items, %d bad lines", items, bads)
		}
	})
}

func TestOptionsWinOverCustomHeadersOfTheEnvironment(t *testing.T) {
	s := batchtest.New(t)
	t.Setenv("ANTHROPIC_CUSTOM_HEADERS", "x-api-key: wrong\nanthropic-version: 2026-10-21\nanthropic-workspace-id: w\nx-extra: 1")
	c, err := client.New(client.WithAPIKey(s.Key()), client.WithBaseURL(s.URL()), client.WithHTTPClient(s.HTTPClient()), client.WithVersion(gen.AnthropicVersionV20230601))
	if err != nil {
		t.Fatal(err)
	}
	create(t, c, 1)
	h := s.Calls(batchtest.Create)[0].Header
	got := fmt.Sprint(h.Get("x-api-key") == s.Key(), h.Get("anthropic-version"), h.Get("anthropic-workspace-id"), h.Get("x-extra"))
	if got != "true2023-06-01w1" && got != "true 2023-06-01 w 1" {
		t.Errorf("got %s", got)
	}
}

// Headers may be secrets as well as keys are.
func TestNoVerbShowsHeaders(t *testing.T) {
	t.Parallel()
	const secret = "planted-secret"
	c, err := client.New(client.WithoutEnvironment(), client.WithAPIKey(secret), client.WithHeader("Proxy-Authorization", secret))
	if err != nil {
		t.Fatal(err)
	}
	type holder struct {
		Client  client.Client
		pointer *client.Client
		Any     any
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%t", "%d", "%x", "%p"} {
		for _, value := range []any{c, *c, holder{*c, c, c}, []*client.Client{c}, []client.Client{*c}} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
				t.Errorf("%s of %T shows the secret: %s", verb, value, text)
			}
		}
	}
}

func TestShortLineBound(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0))
	s.Answer("", batchtest.Text(strings.Repeat("x", 2000)))
	c := newClient(t, s)
	batch := create(t, c, 1)
	n := 0
	for _, err := range c.Results(t.Context(), batch.ID, client.WithMaxLine(1000)) {
		if errors.As(err, new(*client.LineError)) {
			n++
		}
	}
	if n != 1 {
		t.Error("a line of more than 2000 bytes passes a bound of 1000")
	}
}

func TestBaseURLMistakes(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://api.anthropic.com/v1":                  "ends with /v1",
		"https://api.anthropic.com/v1/messages/batches": "ends with /v1/messages/batches",
		"https://example.com//a/../b":                   "",
	} {
		_, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("k"), client.WithBaseURL(url))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", url, err)
		}
	}
}
