package client_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
)

// TestCreateOnConnectionsThatBreak counts how often the body is sent, and how often completely.
func TestCreateOnConnectionsThatBreak(t *testing.T) {
	t.Parallel()
	type server func(conn *net.TCPConn, in *bufio.Reader, body io.Reader)
	respond := func(text string) server {
		return func(conn *net.TCPConn, _ *bufio.Reader, body io.Reader) {
			io.Copy(io.Discard, body)
			io.WriteString(conn, text)
		}
	}
	const whole = `{"id":"msgbatch_1","type":"message_batch","processing_status":"in_progress"`
	for name, tt := range map[string]struct {
		requests  []client.Request
		serve     server
		posts     int
		uncertain bool
		batch     bool
	}{
		"reset at once": {requests(1), func(conn *net.TCPConn, _ *bufio.Reader, _ io.Reader) { conn.SetLinger(0) }, 1, true, false},
		"dropped at 1 MB": {largeRequests(16), func(conn *net.TCPConn, _ *bufio.Reader, body io.Reader) {
			io.CopyN(io.Discard, body, 1<<20)
		}, 3, false, false},
		"reset at 1 MB": {largeRequests(16), func(conn *net.TCPConn, _ *bufio.Reader, body io.Reader) {
			io.CopyN(io.Discard, body, 1<<20)
			conn.SetLinger(0)
		}, 3, false, false},
		"dropped before the response":    {requests(1), respond(""), 1, true, false},
		"dropped in the status":          {requests(1), respond("HTTP/1.1 20"), 1, true, false},
		"dropped in the headers":         {requests(1), respond("HTTP/1.1 200 OK\r\ncontent-type: applica"), 1, true, false},
		"dropped in the body":            {requests(1), respond("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"id\":\"msg"), 1, true, false},
		"dropped in a chunk":             {requests(1), respond("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{\"id\":\"msg"), 1, true, false},
		"dropped behind the id":          {requests(1), respond("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n" + whole), 1, false, true},
		"dropped in an error":            {requests(1), respond("HTTP/1.1 429 ?\r\nretry-after: 1\r\ncontent-length: 500\r\n\r\n" + `{"type":"error","error":{"ty`), 1, true, false},
		"not HTTP":                       {requests(1), respond("SSH-2.0-server\r\n"), 1, true, false},
		"dropped with a large body":      {largeRequests(8), respond(""), 1, true, false},
		"early response, then dropped":   {largeRequests(16), func(conn *net.TCPConn, _ *bufio.Reader, _ io.Reader) { io.WriteString(conn, "HTTP/1.1 500 ?\r\n") }, 3, false, false},
		"early response with a 400":      {largeRequests(16), earlyResponse("400 Bad Request", `{"type":"error","error":{"type":"invalid_request_error","message":"No."}}`), 1, false, false},
		"early response with a 413":      {largeRequests(16), earlyResponse("413 Content Too Large", "too large"), 1, false, false},
		"early response with a 502":      {largeRequests(16), earlyResponse("502 Bad Gateway", "<html>"), 3, false, false},
		"early response with a 529":      {largeRequests(16), earlyResponse("529 ?", `{"type":"error","error":{"type":"overloaded_error","message":"Busy."}}`), 3, false, false},
		"early response with a 307":      {largeRequests(16), earlyResponse("307 ?\r\nlocation: http://127.0.0.1:1/", ""), 1, false, false},
		"only interim responses":         {requests(1), respond(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 100)), 1, true, false},
		"a switch to another protocol":   {requests(1), respond("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"), 1, true, false},
		"more headers than are accepted": {requests(1), respond("HTTP/1.1 200 OK\r\n" + strings.Repeat("x-filler: "+strings.Repeat("y", 8000)+"\r\n", 2000)), 1, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var posts, wholes atomic.Int32
			ended := make([]chan struct{}, 10) // by attempt
			for i := range ended {
				ended[i] = make(chan struct{})
			}
			url := rawServer(t, func(conn *net.TCPConn) {
				in := bufio.NewReader(conn)
				r, err := http.ReadRequest(in)
				if err != nil {
					return
				}
				attempt := posts.Add(1)
				if attempt > 1 {
					close(ended[attempt-1])
				}
				body := &countingReader{Reader: r.Body, ended: ended[attempt]}
				tt.serve(conn, in, body)
				if body.n == r.ContentLength {
					wholes.Add(1)
				}
			})
			b, err := socketClient(t, url, client.WithHeader("Idempotency-Key", "1")).Create(t.Context(), tt.requests)
			if n := posts.Load(); n > 0 {
				close(ended[n])
			}
			if got := int(posts.Load()); got != tt.posts {
				t.Errorf("sent %d times, want %d", got, tt.posts)
			}
			if n := wholes.Load(); n > 1 || n == 1 && b == nil && !errors.As(err, new(*client.UncertainError)) {
				t.Errorf("the server has received the whole body %d times, and Create returns %v", n, err)
			}
			if errors.As(err, new(*client.UncertainError)) != tt.uncertain || (err == nil) != tt.batch || (b != nil) != tt.batch {
				t.Errorf("got %v, %v", b, err)
			}
			if strings.Contains(name, "413") && !errors.Is(err, client.ErrRequestTooLarge) {
				t.Errorf("got %v", err)
			}
		})
	}
}

type countingReader struct {
	io.Reader
	n     int64
	ended <-chan struct{} // closed when the client has ended the attempt
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n += int64(n)
	return n, err
}

// earlyResponse responds after a megabyte of the body, and waits until the caller closes the connection.
func earlyResponse(status, body string) func(*net.TCPConn, *bufio.Reader, io.Reader) {
	return func(conn *net.TCPConn, _ *bufio.Reader, in io.Reader) {
		io.CopyN(io.Discard, in, 1<<20)
		fmt.Fprintf(conn, "HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n%s", status, len(body), body)
		conn.CloseWrite()
		<-in.(*countingReader).ended // or the rest might arrive before the client has read the response
		io.Copy(io.Discard, in)
	}
}

// TestEarlyResponseEndsTheBody responds before the body has arrived. net/http continues to send the body while the caller
// reads the response.
func TestEarlyResponseEndsTheBody(t *testing.T) {
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
	_, err = c.Create(t.Context(), requests(5000), client.WithRetry(client.Retry{MaxAttempts: 3, MinDelay: time.Millisecond}))
	server.Close()
	if n := whole.Load(); n > 1 || n == 1 && !errors.As(err, new(*client.UncertainError)) {
		t.Errorf("the server has received the whole body %d times, and Create returns %v", n, err)
	}
}

// TestCreateOnAReusedConnection breaks the connection that an earlier call has left open: in this case net/http by itself
// resends requests that it considers safe to resend.
func TestCreateOnAReusedConnection(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"X-Other", "Idempotency-Key", "X-Idempotency-Key"} {
		var conns, posts atomic.Int32
		url := rawServer(t, func(conn *net.TCPConn) {
			conns.Add(1)
			in := bufio.NewReader(conn)
			for {
				r, err := http.ReadRequest(in)
				if err != nil {
					return
				}
				io.Copy(io.Discard, r.Body)
				if r.Method == http.MethodPost {
					posts.Add(1)
					return
				}
				io.WriteString(conn, "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
			}
		})
		c := socketClient(t, url, client.WithHeader(header, "1"))
		c.Get(t.Context(), "b")
		_, err := c.Create(t.Context(), requests(1))
		if !errors.As(err, new(*client.UncertainError)) || posts.Load() != 1 || conns.Load() != 2 {
			t.Errorf("%s: sent %d times over %d connections: %v", header, posts.Load(), conns.Load(), err)
		}
	}
}

// TestCreateOnHTTP2 makes the server drop the stream, and the connection.
func TestCreateOnHTTP2(t *testing.T) {
	t.Parallel()
	var posts atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("got %s", r.Proto)
		}
		posts.Add(1)
		if r.Header.Get("x-read") != "no" {
			io.Copy(io.Discard, r.Body)
		}
		panic(http.ErrAbortHandler)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	c := socketClient(t, server.URL, client.WithHTTPClient(server.Client()), client.WithHeader("Idempotency-Key", "1"))
	_, err := c.Create(t.Context(), requests(1))
	if !errors.As(err, new(*client.UncertainError)) || posts.Load() != 1 {
		t.Errorf("read whole: sent %d times: %v", posts.Load(), err)
	}
	posts.Store(0)
	_, err = c.Create(t.Context(), largeRequests(8), client.WithHeader("x-read", "no"))
	if errors.As(err, new(*client.UncertainError)) || err == nil || posts.Load() != 3 {
		t.Errorf("not read: sent %d times: %v", posts.Load(), err)
	}
}

// TestCreateWithoutAConnection never sends anything: its outcome is not uncertain.
func TestCreateWithoutAConnection(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	untrusted := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	defer untrusted.Close()
	hangUp := rawServer(t, func(conn *net.TCPConn) { conn.Read(make([]byte, 1)) })
	plain := rawServer(t, func(conn *net.TCPConn) { io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n") })
	for name, url := range map[string]string{
		"refused":               "http://" + l.Addr().String(),
		"certificate":           untrusted.URL,
		"hung up while greeted": strings.Replace(hangUp, "http:", "https:", 1),
		"response in plain":     strings.Replace(plain, "http:", "https:", 1),
	} {
		_, err := socketClient(t, url).Create(t.Context(), requests(1))
		if err == nil || errors.As(err, new(*client.UncertainError)) || errors.As(err, new(*client.APIError)) {
			t.Errorf("%s: got %v", name, err)
		}
		if named := strings.Contains(fmt.Sprint(err), "cannot connect to the base URL "+url); named != (name != "hung up while greeted") {
			t.Errorf("%s: names the base URL: %t, %v", name, named, err)
		}
	}
}

// TestCreateCanceledWhileSending ends the context when a part of the body has been sent.
func TestCreateCanceledWhileSending(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var posts atomic.Int32
	url := rawServer(t, func(conn *net.TCPConn) {
		posts.Add(1)
		io.CopyN(io.Discard, conn, 1<<20)
		cancel()
		conn.Read(make([]byte, 1))
		io.Copy(io.Discard, conn)
	})
	_, err := socketClient(t, url).Create(ctx, largeRequests(64))
	if errors.As(err, new(*client.UncertainError)) || !errors.Is(err, context.Canceled) || posts.Load() != 1 {
		t.Errorf("sent %d times: %v", posts.Load(), err)
	}
}
