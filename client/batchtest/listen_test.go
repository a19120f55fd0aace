package batchtest_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

func TestListenEndsWithTheTest(t *testing.T) {
	t.Parallel()
	var r recorder
	s := batchtest.New(&r)
	if _, err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	get := func() error {
		resp, err := http.Get(s.URL())
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	if err := get(); err != nil {
		t.Error(err)
	}
	r.end()
	if err := get(); err == nil {
		t.Error("it still listens")
	}
	if _, err := s.Listen("127.0.0.1:-1"); err == nil {
		t.Error("listening on port -1 is not an error")
	}
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	for name, finishes := range map[string]bool{"call/finishes": true, "call/is ended by Close": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for where, s := range everywhere(t) {
				if where == "inside" {
					continue // there is nothing to shut down
				}
				entered, release, status := make(chan bool), make(chan bool), make(chan int)
				s.Inject(batchtest.List, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					entered <- true
					select {
					case <-release:
					case <-r.Context().Done():
					}
					next.ServeHTTP(w, r)
				})
				go func() {
					resp, err := s.try(t, "GET", "", nil)
					if err != nil {
						status <- 0
						return
					}
					resp.Body.Close()
					status <- resp.StatusCode
				}()
				<-entered
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("%s: got %v while a call runs", where, err)
				}
				_, address, _ := strings.Cut(s.URL(), "://")
				if conn, err := net.Dial("tcp", address); err == nil {
					conn.Close()
					t.Errorf("%s: it still listens", where)
				}
				if finishes {
					close(release)
				} else {
					s.Close()
				}
				if got := <-status; finishes != (got == http.StatusOK) {
					t.Errorf("%s: the call got status %d", where, got)
				}
				if err := s.Shutdown(t.Context()); err != nil {
					t.Errorf("%s: %v", where, err)
				}
			}
		})
	}
}

func TestMiddleware(t *testing.T) {
	t.Parallel()
	mark := func(name string) batchtest.Option {
		return batchtest.WithMiddleware(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Add("mark", name)
				next.ServeHTTP(w, r)
			})
		})
	}
	for where, s := range everywhere(t, mark("outer"), mark("inner")) {
		read(t, s.do(t, "GET", "", nil))
		if diff := cmp.Diff([]string{"outer", "inner"}, s.Calls("")[0].Header.Values("mark")); diff != "" {
			t.Errorf("%s: %s", where, diff)
		}
	}
}

// TestHTTP2 checks that our client works over HTTP/2, and that a client that does not trust the service fails.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0))
	if _, err := s.ListenTLS("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	c := s.Client(client.WithHTTPClient(s.TLSClient()))
	b := send[gen.BetaMessageBatch](t, s, "POST", "", body("r"))
	n := 0
	for item, err := range c.Results(t.Context(), b.ID) {
		if err != nil || item.CustomID != "r" {
			t.Errorf("got %+v, %v", item, err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d results", n)
	}
	calls := s.Calls("")
	if first, last := calls[0], calls[len(calls)-1]; first.Proto != "HTTP/1.1" || last.Proto != "HTTP/2.0" || last.Op != batchtest.Results {
		t.Errorf("got %+v and %+v", first, last)
	}
	if resp, err := (&http.Client{Transport: new(http.Transport)}).Get(s.URL()); err == nil {
		resp.Body.Close()
		t.Error("a client that does not know the certificate trusts it")
	}
	if resp, err := batchtest.Start().TLSClient().Get(s.URL()); err == nil {
		resp.Body.Close()
		t.Error("the client of another service trusts it")
	}
}

func TestDropConnections(t *testing.T) {
	t.Parallel()
	for where, s := range everywhere(t) {
		create := func() error {
			resp, err := s.try(t, "POST", "", body("r"))
			if err == nil {
				read(t, resp)
			}
			return err
		}
		if err := create(); err != nil {
			t.Errorf("%s: %v", where, err)
		}
		if where == "inside" {
			continue // there are no connections
		}
		s.Inject(batchtest.Create, func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
			s.DropConnections()
			<-r.Context().Done()
		})
		if err := create(); err == nil {
			t.Errorf("%s: the connection is still open", where)
		}
		if err := create(); err != nil {
			t.Errorf("%s: after it: %v", where, err)
		}
	}
}

// TestBodiesRead checks how much of each body is counted.
func TestBodiesRead(t *testing.T) {
	t.Parallel()
	half := func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		r.Body.Read(make([]byte, 10))
		panic(http.ErrAbortHandler)
	}
	for where, s := range everywhere(t) {
		s.Inject(batchtest.Create, nil, half, batchtest.DropBefore(), batchtest.DropAfter(), batchtest.Fail(529, "overloaded_error", "Busy."))
		for range 5 {
			if resp, err := s.try(t, "POST", "", body("r")); err == nil {
				read(t, resp)
			}
		}
		size := s.Calls(batchtest.Create)[0].Header.Get("content-length")
		for i, c := range s.Calls(batchtest.Create) {
			if c.BodyWhole == (i == 1) || (i == 1) != (c.BodyBytes == 10) || size != "" && i != 1 && size != fmt.Sprint(c.BodyBytes) {
				t.Errorf("%s: call %d has %d bytes of %s, whole: %t", where, i, c.BodyBytes, size, c.BodyWhole)
			}
		}
	}
}
