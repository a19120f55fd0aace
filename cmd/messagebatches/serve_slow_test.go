package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A pipe is a listener with one connection, in memory.
type pipe struct {
	conn chan net.Conn
	done chan struct{}
}

func (p pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.conn:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p pipe) Close() error   { close(p.done); return nil }
func (p pipe) Addr() net.Addr { return &net.TCPAddr{} }

// TestSlowBodies sends bodies in pieces, with a pause before each.
func TestSlowBodies(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pieces int
		piece  int // bytes
		pause  time.Duration
		whole  bool
		ends   time.Duration // time by which the call has ended
	}{
		"slow/stalled at once":     {1, 1, time.Hour, false, time.Minute},
		"slow/a byte a second":     {10_000, 1, time.Second, false, 61 * time.Second},
		"slow/half the rate":       {1000, 8 << 10, time.Second, false, 3 * time.Minute},
		"in time/fast":             {3, 1 << 20, 0, true, time.Second},
		"in time/just the rate":    {600, 16 << 10, time.Second, true, 11 * time.Minute},
		"in time/pause, then fast": {1, 1 << 20, 50 * time.Second, true, time.Minute},
		"in time/slow answer":      {1, 10, 0, true, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				here, there := net.Pipe()
				var read int64
				var failure error
				began := time.Now()
				ended := time.Duration(-1)
				server := &http.Server{Handler: bounded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					read, failure = io.Copy(io.Discard, r.Body)
					ended = time.Since(began)
					<-time.After(time.Hour) // the deadline of the body must not end the call meanwhile
					if failure == nil && r.Context().Err() != nil {
						t.Error("the call was canceled after its body")
					}
				}))}
				l := pipe{make(chan net.Conn, 1), make(chan struct{})}
				l.conn <- there
				go server.Serve(l)
				size := tt.pieces * tt.piece
				go func() {
					fmt.Fprintf(here, "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: %d\r\n\r\n", size)
					for range tt.pieces {
						<-time.After(tt.pause)
						if _, err := io.WriteString(here, strings.Repeat("x", tt.piece)); err != nil {
							return
						}
					}
				}()
				answer, _ := io.ReadAll(here)
				here.Close()
				server.Close()
				if (failure == nil) != tt.whole || tt.whole && (read != int64(size) || !strings.HasPrefix(string(answer), "HTTP/1.1 200")) {
					t.Errorf("read %d of %d bytes: %v, response %q", read, size, failure, answer)
				}
				if ended < 0 || ended > tt.ends {
					t.Errorf("the body ended after %v", ended)
				}
			})
		})
	}
}
