package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// A recorder has hooks that record their events, without IDs and times, and checks that starts and ends match.
type recorder struct {
	t      *testing.T
	events []string
	ends   []client.CallEnd
	open   []any
}

type recorded struct{}

func (r *recorder) add(format string, args ...any) {
	r.events = append(r.events, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

// push and pop keep the stack of calls and attempts that have begun: each context leads to its own start.
func (r *recorder) push(ctx context.Context) context.Context {
	r.open = append(r.open, len(r.open))
	return context.WithValue(ctx, recorded{}, len(r.open))
}

func (r *recorder) pop(ctx context.Context) {
	if depth, _ := ctx.Value(recorded{}).(int); depth != len(r.open) || depth == 0 {
		r.t.Errorf("an end has the context of depth %d, want %d", depth, len(r.open))
		return
	}
	r.open = r.open[:len(r.open)-1]
}

func (r *recorder) hooks() client.Hooks {
	short := func(err error) string {
		var apiErr *client.APIError
		switch {
		case err == nil:
			return ""
		case errors.As(err, new(*client.UncertainError)):
			return "uncertain"
		case errors.As(err, new(*client.IncompleteError)):
			return "incomplete"
		case errors.As(err, &apiErr):
			return apiErr.Type
		case errors.Is(err, client.ErrTimeout):
			return "time-out"
		}
		return "failed"
	}
	return client.Hooks{
		StartCall: func(ctx context.Context, e client.CallStart) context.Context {
			r.add("%s", e.Op)
			return r.push(ctx)
		},
		EndCall: func(ctx context.Context, e client.CallEnd) {
			r.pop(ctx)
			r.ends = append(r.ends, e)
			r.add("%s ended: requests=%d attempts=%d streams=%d left=%t batch=%t %s", e.Op, e.Requests, e.Attempts, e.Streams, e.Left, e.Batch != nil, short(e.Err))
		},
		StartAttempt: func(ctx context.Context, e client.AttemptStart) context.Context {
			e.Header.Set("traceparent", fmt.Sprintf("00-%032d-%016d-01", 7, e.Attempt))
			return r.push(ctx)
		},
		EndAttempt: func(ctx context.Context, e client.AttemptEnd) {
			r.pop(ctx)
			if e.Status != 0 && (e.RequestID == "" || e.TimeToHeaders > e.Took) {
				r.t.Errorf("attempt %+v", e)
			}
			r.add("  attempt %d %s status=%d sent=%t received=%t %s", e.Attempt, e.Method, e.Status, e.Sent > 0, e.Received > 0, short(e.Err))
		},
		Retry: func(_ context.Context, e client.RetryEvent) {
			r.add("  retry after attempt %d waits=%t: %s", e.Attempt, e.Wait > 0, short(e.Err))
		},
		Poll: func(_ context.Context, e client.PollEvent) {
			r.add("  poll %d batch=%t %s", e.Poll, e.Batch != nil, short(e.Err))
		},
		EndStream: func(_ context.Context, e client.StreamEnd) {
			r.add("  stream %d resumed=%t lines=%d results=%d damaged=%d bytes=%t %s", e.Stream, e.Resumed, e.Lines, e.Results, e.Damaged, e.Bytes > 0, short(e.Err))
		},
		Result: func(_ context.Context, item *client.Item) { r.add("  result damaged=%t", item.Malformed != nil) },
	}
}

func TestHooks(t *testing.T) {
	t.Parallel()
	ended := func(t *testing.T, s *batchtest.Service, n int) string {
		c := s.Client()
		id := create(t, c, n).ID
		if _, err := c.Wait(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		return id
	}
	overloaded := batchtest.Fail(529, "overloaded_error", "Busy.")
	for name, tt := range map[string]struct {
		run  func(*testing.T, *batchtest.Service, *client.Client)
		want []string
	}{
		"create/retried": {func(t *testing.T, s *batchtest.Service, c *client.Client) {
			s.Inject(batchtest.Create, overloaded)
			create(t, c, 3)
		}, []string{
			"create batch",
			"  attempt 1 POST status=529 sent=true received=true",
			"  retry after attempt 1 waits=true: overloaded_error",
			"  attempt 2 POST status=200 sent=true received=true",
			"create batch ended: requests=3 attempts=2 streams=0 left=false batch=true",
		}},
		"create/uncertain": {func(t *testing.T, s *batchtest.Service, c *client.Client) {
			s.Inject(batchtest.Create, batchtest.DropAfter())
			_, err := c.Create(t.Context(), requests(1))
			var u *client.UncertainError
			if !errors.As(err, &u) {
				t.Fatal(err)
			}
			if _, err := u.Candidates(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, []string{
			"create batch",
			"  attempt 1 POST status=0 sent=true received=false failed",
			"create batch ended: requests=1 attempts=1 streams=0 left=false batch=false uncertain",
			"candidates",
			"  attempt 1 GET status=200 sent=false received=true",
			"candidates ended: requests=0 attempts=1 streams=0 left=false batch=false",
		}},
		"create/refused before it is sent": {func(t *testing.T, _ *batchtest.Service, c *client.Client) {
			_, err := c.CreateLines(t.Context(), strings.NewReader("no JSON"))
			if err == nil {
				t.Fatal("no error")
			}
		}, []string{
			"create batch",
			"create batch ended: requests=0 attempts=0 streams=0 left=false batch=false failed",
		}},
		"wait/a poll fails": {func(t *testing.T, s *batchtest.Service, c *client.Client) {
			id := create(t, s.Client(), 1).ID
			s.Inject(batchtest.Get, overloaded)
			if _, err := c.Wait(t.Context(), id, client.WithPollInterval(2*time.Second, 2*time.Second)); err != nil {
				t.Fatal(err)
			}
		}, []string{
			"wait for batch",
			"  attempt 1 GET status=529 sent=false received=true",
			"  poll 1 batch=false overloaded_error",
			"  attempt 1 GET status=200 sent=false received=true",
			"  poll 2 batch=true",
			"wait for batch ended: requests=0 attempts=2 streams=0 left=false batch=true",
		}},
		"results/resumed": {func(t *testing.T, s *batchtest.Service, c *client.Client) {
			id := ended(t, s, 3)
			s.Inject(batchtest.Results, batchtest.Truncate(2))
			wantResults(t, 3, c.Results(t.Context(), id))
		}, []string{
			"get results",
			"  attempt 1 GET status=200 sent=false received=true",
			"  result damaged=false",
			"  result damaged=false",
			"  attempt 1 GET status=200 sent=false received=true",
			"  stream 1 resumed=false lines=2 results=2 damaged=0 bytes=true",
			"  retry after attempt 1 waits=true: failed",
			"  result damaged=false",
			"  attempt 1 GET status=200 sent=false received=true",
			"  stream 2 resumed=true lines=3 results=1 damaged=0 bytes=true",
			"get results ended: requests=0 attempts=3 streams=2 left=false batch=false",
		}},
		"results/incomplete": {func(t *testing.T, s *batchtest.Service, c *client.Client) {
			id := ended(t, s, 2)
			s.Inject(batchtest.Results, batchtest.Times(2, batchtest.Truncate(1))...)
			if _, _, err := collect(t, c.Results(t.Context(), id)); err == nil {
				t.Fatal("no error")
			}
		}, []string{
			"get results",
			"  attempt 1 GET status=200 sent=false received=true",
			"  result damaged=false",
			"  attempt 1 GET status=200 sent=false received=true",
			"  stream 1 resumed=false lines=1 results=1 damaged=0 bytes=true",
			"  retry after attempt 1 waits=true: failed",
			"  attempt 1 GET status=200 sent=false received=true",
			"  stream 2 resumed=true lines=1 results=0 damaged=0 bytes=true",
			"get results ended: requests=0 attempts=3 streams=2 left=false batch=false incomplete",
		}},
		"results/stalled": {func(t *testing.T, s *batchtest.Service, c *client.Client) {
			id := ended(t, s, 2)
			s.Inject(batchtest.Results, batchtest.Stall(1, time.Hour))
			wantResults(t, 2, c.Results(t.Context(), id))
		}, []string{
			"get results",
			"  attempt 1 GET status=200 sent=false received=true",
			"  attempt 1 GET status=200 sent=false received=true time-out",
			"  stream 1 resumed=false lines=0 results=0 damaged=0 bytes=false time-out",
			"  retry after attempt 1 waits=true: time-out",
			"  result damaged=false",
			"  result damaged=false",
			"  attempt 1 GET status=200 sent=false received=true",
			"  stream 2 resumed=true lines=2 results=2 damaged=0 bytes=true",
			"get results ended: requests=0 attempts=3 streams=2 left=false batch=false",
		}},
		"results/left early": {func(t *testing.T, s *batchtest.Service, c *client.Client) {
			id := ended(t, s, 2)
			for range c.Results(t.Context(), id) {
				break
			}
		}, []string{
			"get results",
			"  attempt 1 GET status=200 sent=false received=true",
			"  result damaged=false",
			"  attempt 1 GET status=200 sent=false received=true",
			"  stream 1 resumed=false lines=1 results=1 damaged=0 bytes=true",
			"get results ended: requests=0 attempts=2 streams=1 left=true batch=false",
		}},
		"list/two pages": {func(t *testing.T, s *batchtest.Service, c *client.Client) {
			create(t, s.Client(), 1)
			create(t, s.Client(), 1)
			for _, err := range c.List(t.Context(), client.WithPageSize(1)) {
				if err != nil {
					t.Fatal(err)
				}
			}
		}, []string{
			"list batches",
			"  attempt 1 GET status=200 sent=false received=true",
			"  attempt 1 GET status=200 sent=false received=true",
			"list batches ended: requests=0 attempts=2 streams=0 left=false batch=false",
		}},
		"cancel and delete": {func(t *testing.T, s *batchtest.Service, c *client.Client) {
			id := ended(t, s, 1)
			if _, err := c.Cancel(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			if err := c.Delete(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}, []string{
			"cancel batch",
			"  attempt 1 POST status=400 sent=false received=true",
			"  attempt 1 GET status=200 sent=false received=true",
			"cancel batch ended: requests=0 attempts=2 streams=0 left=false batch=true",
			"delete batch",
			"  attempt 1 DELETE status=200 sent=false received=true",
			"delete batch ended: requests=0 attempts=1 streams=0 left=false batch=false",
		}},
		"raw": {func(t *testing.T, _ *batchtest.Service, c *client.Client) {
			resp, err := c.Raw().ListMessageBatches(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}, []string{
			"  attempt 1 GET status=200 sent=false received=false",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, time.Second, func(t *testing.T, s *batchtest.Service, _ *client.Client) {
				r := &recorder{t: t}
				tt.run(t, s, s.Client(client.WithHooks(r.hooks())))
				if diff := cmp.Diff(tt.want, r.events); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
				if len(r.open) > 0 {
					t.Errorf("%d calls or attempts have not ended", len(r.open))
				}
			})
		})
	}
}

// TestHooksOfACallThatPanics checks that a call ends for hooks too if the caller's code panics in it.
func TestHooksOfACallThatPanics(t *testing.T) {
	t.Parallel()
	inBubble(t, time.Second, func(t *testing.T, s *batchtest.Service, _ *client.Client) {
		r := &recorder{t: t}
		c := s.Client(client.WithHooks(r.hooks()))
		create(t, c, 1)
		func() {
			defer func() { _ = recover() }()
			for range c.List(t.Context()) {
				panic("in the loop")
			}
		}()
		if last := r.ends[len(r.ends)-1]; last.Op != "list batches" || last.Err == nil || len(r.open) > 0 {
			t.Errorf("got %+v, and %d are open", last, len(r.open))
		}
	})
}

// TestHooksSendHeaders checks which headers hooks can add.
func TestHooksSendHeaders(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	c := s.Client(client.WithHeader("x-mine", "the program's"), client.WithHooks(client.Hooks{
		StartAttempt: func(ctx context.Context, e client.AttemptStart) context.Context {
			for name, value := range map[string]string{
				"traceparent": "00-1-2-01", "x-mine": "the hook's", "x-api-key": "the hook's", "anthropic-version": "2020-01-01",
				"anthropic-beta": "hook-2026-01-01", "content-type": "text/plain", "x-bad": "a\nb",
			} {
				e.Header.Set(name, value)
			}
			e.Header["bad name"] = []string{"x"}
			return ctx
		},
	}))
	create(t, c, 1)
	got := s.Calls(batchtest.Create)[0].Header
	want := map[string]string{
		"traceparent": "00-1-2-01", "x-mine": "the program's", "x-api-key": s.Key(), "anthropic-version": "2023-06-01",
		"anthropic-beta": "", "content-type": "application/json", "x-bad": "", "bad name": "",
	}
	for name, value := range want {
		if got.Get(name) != value {
			t.Errorf("%s is %q, want %q", name, got.Get(name), value)
		}
	}
}

// TestOrderOfHooks checks that several hooks enclose each other.
func TestOrderOfHooks(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	var events []string
	named := func(name string) client.Option {
		return client.WithHooks(client.Hooks{
			StartCall: func(ctx context.Context, _ client.CallStart) context.Context {
				events = append(events, "start "+name)
				return ctx
			},
			EndCall: func(context.Context, client.CallEnd) { events = append(events, "end "+name) },
		})
	}
	create(t, s.Client(named("outer"), named("inner")), 1)
	if diff := cmp.Diff([]string{"start outer", "start inner", "end inner", "end outer"}, events); diff != "" {
		t.Error(diff)
	}
}

func TestWithHooksRefusesNone(t *testing.T) {
	t.Parallel()
	if _, err := client.New(client.WithAPIKey("sk-ant-key"), client.WithHooks(client.Hooks{})); err == nil {
		t.Error("hooks without a function are accepted")
	}
}

// TestHooksCostNothing checks that a client without hooks allocates nothing for them.
func TestHooksCostNothing(t *testing.T) { //nolint:paralleltest // it counts allocations
	req, err := http.NewRequest(http.MethodGet, "https://api.anthropic.com/v1/messages/batches", nil)
	if err != nil {
		t.Fatal(err)
	}
	item := new(client.Item)
	if n := testing.AllocsPerRun(100, func() { client.Unobserved(t.Context(), req, item) }); n != 0 {
		t.Errorf("%v allocations in a call without hooks", n)
	}
}

// BenchmarkHooks makes calls whose transport costs almost nothing.
func BenchmarkHooks(b *testing.B) {
	r := new(recorder)
	all := r.hooks()
	for name, opts := range map[string][]client.Option{
		"none": nil,
		"one":  {client.WithHooks(client.Hooks{EndCall: func(context.Context, client.CallEnd) {}})},
		"all":  {client.WithHooks(all)},
	} {
		b.Run(name, func(b *testing.B) {
			s := batchtest.New(b)
			c := s.Client(opts...)
			id := create(b, c, 1).ID
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Get(b.Context(), id); err != nil {
					b.Fatal(err)
				}
				r.events, r.ends = r.events[:0], r.ends[:0]
			}
		})
	}
}
