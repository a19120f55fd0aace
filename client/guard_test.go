package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/preflight"
)

// A wildReader misbehaves at its nth Read or its nth Seek.
type wildReader struct {
	*strings.Reader
	reads, seeks   int // so far
	atRead, atSeek int
	what           func()
	inUse          atomic.Bool
}

func (r *wildReader) Read(p []byte) (int, error) {
	r.inUse.Store(true)
	defer r.inUse.Store(false)
	if r.reads++; r.reads == r.atRead {
		r.what()
	}
	return r.Reader.Read(p[:min(len(p), 100<<10)])
}

func (r *wildReader) Seek(offset int64, whence int) (int64, error) {
	r.inUse.Store(true)
	defer r.inUse.Store(false)
	if r.seeks++; r.seeks == r.atSeek {
		r.what()
	}
	return r.Reader.Seek(offset, whence)
}

// places are where the reader of a batch of about 1 MB is used: 11 reads a pass, the first one ending in EOF.
var places = map[string]struct{ atRead, atSeek int }{
	"start":                {atSeek: 1},
	"rewind to count":      {atSeek: 2},
	"count":                {atRead: 1},
	"count/middle":         {atRead: 6},
	"rewind to check":      {atSeek: 3},
	"check":                {atRead: 13},
	"rewind to send":       {atSeek: 4},
	"send/beginning":       {atRead: 26},
	"send/almost the end":  {atRead: 33},
	"send/the end of file": {atRead: 42},
}

func megabyte() string {
	return strings.Repeat(" ", 1<<20-len(distinctLines(10))) + "\n" + distinctLines(10)
}

// TestReaderBlocks ends the context while the reader blocks: CreateLines returns, and there is no batch.
func TestReaderBlocks(t *testing.T) {
	t.Parallel()
	for name, place := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.New(t)
				c := s.Client(client.WithPreflight(preflight.Checker{Disable: preflight.Rules()}))
				release := make(chan bool)
				r := &wildReader{Reader: strings.NewReader(megabyte()), atRead: place.atRead, atSeek: place.atSeek, what: func() { <-release }}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				began := time.Now()
				batch, err := c.CreateLines(ctx, r)
				if batch != nil || !errors.Is(err, context.DeadlineExceeded) || errors.As(err, new(*client.UncertainError)) {
					t.Errorf("got %v, %v", batch, err)
				}
				if took := time.Since(began); took > time.Minute+time.Second {
					t.Errorf("it took %s", took)
				}
				if !r.inUse.Load() {
					t.Error("the reader did not block")
				}
				close(release)
				synctest.Wait()
				if r.inUse.Load() {
					t.Error("the reader is still in use")
				}
			})
		})
	}
}

// TestReaderIsSlow ends the context during a Read that returns soon: the reader is the caller's again.
func TestReaderIsSlow(t *testing.T) {
	t.Parallel()
	for name, place := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.New(t)
				c := s.Client(client.WithPreflight(preflight.Checker{Disable: preflight.Rules()}))
				ctx, cancel := context.WithCancel(t.Context())
				r := &wildReader{Reader: strings.NewReader(megabyte()), atRead: place.atRead, atSeek: place.atSeek, what: func() {
					cancel()
					<-time.After(50 * time.Millisecond)
				}}
				_, err := c.CreateLines(ctx, r)
				if !errors.Is(err, context.Canceled) || r.inUse.Load() {
					t.Errorf("got %v, in use %v", err, r.inUse.Load())
				}
			})
		})
	}
}

// TestReaderPanics raises the panic of a reader on the goroutine of the caller.
func TestReaderPanics(t *testing.T) {
	t.Parallel()
	for name, place := range places {
		for how, what := range map[string]func(){
			"value": func() { panic("boom") },
			"error": func() { panic(io.ErrNoProgress) },
			"exit":  runtime.Goexit,
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				s := batchtest.New(t)
				c := s.Client(client.WithPreflight(preflight.Checker{Disable: preflight.Rules()}))
				r := &wildReader{Reader: strings.NewReader(megabyte()), atRead: place.atRead, atSeek: place.atSeek, what: what}
				var recovered any
				func() {
					defer func() { recovered = recover() }()
					batch, err := c.CreateLines(t.Context(), r)
					t.Errorf("got %v, %v", batch, err)
				}()
				err, ok := recovered.(error)
				want := map[string]string{"value": "boom", "error": io.ErrNoProgress.Error(), "exit": "Goexit"}[how]
				if !ok || !strings.Contains(err.Error(), want) || how == "error" && !errors.Is(err, io.ErrNoProgress) {
					t.Errorf("recovered %v", recovered)
				}
				if n := len(s.Batches()); n > 0 {
					t.Errorf("%d batches were created", n)
				}
			})
		}
	}
}

// TestFencePanics does the same for fences.
func TestFencePanics(t *testing.T) {
	t.Parallel()
	for how, what := range map[string]func(){"value": func() { panic("boom") }, "exit": runtime.Goexit} {
		for name, call := range map[string]func(*client.Client, client.CallOption) error{
			"values": func(c *client.Client, o client.CallOption) error {
				return second(c.Create(t.Context(), requests(3), o))
			},
			"lines": func(c *client.Client, o client.CallOption) error {
				return second(c.CreateLines(t.Context(), strings.NewReader(megabyte()), o))
			},
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				s := batchtest.New(t)
				c := s.Client()
				defer func() {
					err, ok := recover().(error)
					if !ok || !strings.Contains(err.Error(), "guard_test.go") && how == "value" || len(s.Batches()) > 0 {
						t.Errorf("recovered %v, %d batches", err, len(s.Batches()))
					}
				}()
				t.Errorf("got %v", call(c, client.WithFence(func() error { what(); return nil })))
			})
		}
	}
}

// TestResponseWhileReaderBlocks responds before the body has ended: CreateLines returns although its context continues. The
// next attempt cannot use the reader.
func TestResponseWhileReaderBlocks(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"refused": {400, `{"type":"error","error":{"type":"invalid_request_error","message":"no"}}`, "invalid_request_error"},
		"busy":    {529, `{"type":"error","error":{"type":"overloaded_error","message":"later"}}`, "has not returned"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.New(t)
				release := make(chan bool)
				blocked := make(chan bool)
				r := &wildReader{Reader: strings.NewReader(megabyte()), atRead: 15, what: func() { close(blocked); <-release }}
				s.Inject(batchtest.Create, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
					go io.Copy(io.Discard, r.Body)
					<-blocked
					w.WriteHeader(tt.status)
					io.WriteString(w, tt.body)
				})
				_, err := s.Client().CreateLines(t.Context(), r)
				if err == nil || !strings.Contains(err.Error(), tt.want) || errors.As(err, new(*client.UncertainError)) {
					t.Errorf("got %v", err)
				}
				close(release)
			})
		})
	}
}

// TestContextOfCount ends the context while Go values are counted.
func TestContextOfCount(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("shutting down")
	cancel(cause)
	s := batchtest.New(t)
	if _, err := s.Client().Create(ctx, requests(3)); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}
