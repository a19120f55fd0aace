package client_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// requests returns n valid requests, r0 and so on.
func requests(n int) []client.Request {
	r := make([]client.Request, n)
	for i := range r {
		r[i] = client.Request{
			CustomID: fmt.Sprintf("r%d", i),
			Params: client.Params{
				Model: gen.ModelClaudeOpus5, MaxTokens: 1024,
				Messages: []client.InputMessage{client.UserText(fmt.Sprintf("Hello, number %d", i))},
			},
		}
	}
	return r
}

// largeRequests returns n requests of a megabyte each. They share the megabyte.
func largeRequests(n int) []client.Request {
	text := client.UserText(strings.Repeat("x", 1<<20))
	r := requests(n)
	for i := range r {
		r[i].Params.Messages = []client.InputMessage{text}
	}
	return r
}

// jsonLines writes requests as lines.
func jsonLines(t testing.TB, requests []client.Request) string {
	t.Helper()
	var lines []byte
	for i := range requests {
		var err error
		if lines, err = requests[i].AppendJSON(lines); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, '\n')
	}
	return string(lines)
}

func distinctLines(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`{"custom_id":"r` + strings.Repeat("0", i%2) + strconv.Itoa(i) + `","params":{}}` + "\n")
	}
	return b.String()
}

func create(t testing.TB, c *client.Client, n int, opts ...client.CallOption) *client.Batch {
	t.Helper()
	b, err := c.Create(t.Context(), requests(n), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func second[T any](_ T, err error) error { return err }

var once = client.WithRetry(client.Retry{MaxAttempts: 1})

// quick retries calls without waiting.
var quick = client.WithRetry(client.Retry{MinDelay: time.Nanosecond})

// inBubble runs a test in fake time, with a service whose batches take the given time, and a client of it. A test with other
// options has a service of its own.
func inBubble(t *testing.T, duration time.Duration, test func(*testing.T, *batchtest.Service, *client.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(duration))
		test(t, s, s.Client())
	})
}

// collect reads results to their end: those that are valid or malformed, the lines without a result, and the last error. It
// fails the test if a value comes with an error, or if something follows an error.
func collect(t testing.TB, seq iter.Seq2[*client.Item, error]) (results, damaged []*client.Item, last error) {
	t.Helper()
	for item, err := range seq {
		if last != nil {
			t.Errorf("something follows the error %v", last)
		}
		if (item == nil) == (err == nil) {
			t.Errorf("got %+v with %v", item, err)
		}
		switch {
		case err != nil:
			last = err
		case item.Result == nil || item.Malformed != nil:
			damaged = append(damaged, item)
		default:
			results = append(results, item)
		}
	}
	return results, damaged, last
}

// wantResults reads results to their end, which must be n valid ones, and returns them.
func wantResults(t testing.TB, n int, seq iter.Seq2[*client.Item, error]) []*client.Item {
	t.Helper()
	results, damaged, err := collect(t, seq)
	if len(results) != n || len(damaged) != 0 || err != nil {
		t.Errorf("%d results, %d damaged lines, %v; want %d results", len(results), len(damaged), err, n)
	}
	return results
}

// everyCall returns a function for each call of the client, which makes it once and returns its error.
func everyCall(ctx context.Context, c *client.Client, id string) map[batchtest.Op]func() error {
	return map[batchtest.Op]func() error{
		batchtest.Create: func() error { return second(c.Create(ctx, requests(1))) },
		batchtest.List: func() error {
			for _, err := range c.List(ctx) {
				return err
			}
			return nil
		},
		batchtest.Get:    func() error { return second(c.Get(ctx, id)) },
		batchtest.Cancel: func() error { return second(c.Cancel(ctx, id)) },
		batchtest.Delete: func() error { return c.Delete(ctx, id) },
		batchtest.Results: func() error {
			for _, err := range c.Results(ctx, id) {
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// An originWatch is a transport that records requests to other origins: all hosts lead to the same service.
type originWatch struct {
	next   http.RoundTripper
	origin string

	mu     sync.Mutex
	calls  int
	strays []string
	open   int // bodies that were not closed yet
}

// watched returns a service whose batches end at once, and a client that reaches it through a watch.
func watched(t *testing.T) (*batchtest.Service, *client.Client, *originWatch) {
	t.Helper()
	s := batchtest.New(t, batchtest.WithDuration(0))
	watch := watchOrigin(s)
	return s, s.Client(client.WithHTTPClient(&http.Client{Transport: watch})), watch
}

func watchOrigin(s *batchtest.Service) *originWatch {
	return &originWatch{next: s.HTTPClient().Transport, origin: s.URL()}
}

func (w *originWatch) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.calls++
	if got := r.URL.Scheme + "://" + r.URL.Host; got != w.origin || r.Host != "" && r.Host != r.URL.Host {
		w.strays = append(w.strays, r.Method+" "+r.URL.String())
	}
	w.mu.Unlock()
	resp, err := w.next.RoundTrip(r)
	if err == nil {
		w.count(1)
		resp.Body = &closeOnce{ReadCloser: resp.Body, closed: sync.OnceFunc(func() { w.count(-1) })}
	}
	return resp, err
}

func (w *originWatch) count(d int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open += d
}

// check reports the calls that left the origin, and the bodies that are still open.
func (w *originWatch) check(t testing.TB) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.strays) > 0 {
		t.Errorf("calls have left the origin: %v", w.strays)
	}
	if w.open != 0 {
		t.Errorf("%d bodies were not closed", w.open)
	}
}

type closeOnce struct {
	io.ReadCloser
	closed func()
}

func (c *closeOnce) Close() error {
	c.closed()
	return c.ReadCloser.Close()
}

// socketClient returns a client of a server on a socket, with a transport of its own and quick retries.
func socketClient(t *testing.T, url string, opts ...client.Option) *client.Client {
	t.Helper()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	c, err := client.New(append([]client.Option{
		client.WithoutEnvironment(),
		client.WithAPIKey("k"),
		client.WithBaseURL(url),
		client.WithHTTPClient(&http.Client{Transport: transport}),
		client.WithRetry(client.Retry{MaxAttempts: 3, MinDelay: time.Millisecond, MaxDelay: time.Millisecond}),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// rawServer starts a server whose connections serve handles, and returns its URL.
func rawServer(t *testing.T, serve func(*net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accept(t, l, func(conn net.Conn) { serve(conn.(*net.TCPConn)) })
	return "http://" + l.Addr().String()
}

// accept serves each connection that l accepts, closes it afterwards, and closes l at the end of the test.
func accept(t *testing.T, l net.Listener, serve func(net.Conn)) {
	t.Helper()
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(time.Minute))
				serve(conn)
			})
		}
	})
	t.Cleanup(group.Wait)
	t.Cleanup(func() { l.Close() })
}
