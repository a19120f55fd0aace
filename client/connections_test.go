package client_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

func TestLifecycleOverTCP(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0))
	stop, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	c, err := client.New(client.WithoutEnvironment(), client.WithAuthToken(s.Key()), client.WithBaseURL(s.URL()))
	if err != nil {
		t.Fatal(err)
	}
	batch := create(t, c, 2000)
	for _, item := range wantResults(t, 2000, c.Results(t.Context(), batch.ID)) {
		if item.Message() == nil {
			t.Errorf("%s: %v", item.CustomID, item.Err())
		}
	}
}

// TestConnectionsAreReused checks that failed responses are read to their end, so that the next attempt uses the same
// connection.
func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0))
	var conns atomic.Int32
	server := httptest.NewUnstartedServer(s)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c := socketClient(t, server.URL, client.WithAPIKey(s.Key()))
	batch := create(t, c, 3)
	for op, call := range everyCall(t.Context(), c, batch.ID) {
		if op == batchtest.Delete {
			continue // last
		}
		s.Inject(op, batchtest.Fail(529, "overloaded_error", "Busy."), batchtest.Fail(503, "api_error", strings.Repeat("x", 10_000)))
		if err := call(); err != nil {
			t.Error(err)
		}
	}
	const creates = 4 // each has a connection of its own: the first create, and three attempts
	if err := c.Delete(t.Context(), batch.ID); err != nil || conns.Load() != 1+creates {
		t.Errorf("%d connections, %v", conns.Load(), err)
	}
}

// TestBodiesAreClosed makes each call meet each kind of failure, and checks that every body is closed.
func TestBodiesAreClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c, watch := watched(t)
		batch := create(t, c, 3)
		for _, fault := range []batchtest.Fault{
			nil,
			batchtest.Fail(529, "overloaded_error", "Busy."),
			batchtest.Fail(404, "not_found_error", "Gone."),
			batchtest.Status(502, strings.Repeat("<html>", 100_000)),
			batchtest.Status(200, "{}"),
			batchtest.Status(307, "", "location", "/v1/messages/batches/b"),
			batchtest.DropBytes(10),
			batchtest.TruncateBytes(10),
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

// TestResultsLeftEarly breaks out of results at several places: nothing is sent before the iteration begins, and no body
// stays open. The bubble fails if a goroutine remains.
func TestResultsLeftEarly(t *testing.T) {
	t.Parallel()
	bad := batchtest.Rewrite(func(b []byte) []byte { return append([]byte("bad\n"), b...) })
	for name, fault := range map[string]batchtest.Fault{
		"fine": nil, "slow": slowly(time.Second, 100), "cut": batchtest.Drop(5), "bad line": bad, "stalled": batchtest.Stall(2000, time.Hour),
	} {
		for _, tt := range []struct{ size, after int }{{20, 1}, {20, 2}, {20, 6}, {20, 20}, {1000, 3}} {
			synctest.Test(t, func(t *testing.T) {
				s, c, watch := watched(t)
				batch := create(t, c, tt.size)
				s.Inject(batchtest.Results, fault)
				results := c.Results(t.Context(), batch.ID)
				if calls := len(s.Calls("")); calls != 1 {
					t.Errorf("%s: %d calls before the iteration begins, want the create", name, calls)
				}
				n := 0
				for range results {
					if n++; n == tt.after {
						break
					}
				}
				if n != tt.after {
					t.Errorf("%s: %d items, want %d", name, n, tt.after)
				}
				watch.check(t)
			})
		}
	}
}
