package batchtest

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// A transport is a connection to a handler inside the process. Other than httptest's recorder it streams bodies
// both ways, and the handler can drop the connection.
type transport struct{ handler http.Handler }

var errDropped = errors.New("batchtest: connection dropped")

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if err := ctx.Err(); err != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, err
	}
	in := r.Clone(ctx)
	in.RequestURI = r.URL.RequestURI()
	in.Host = r.URL.Host
	in.RemoteAddr = "in-process"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	reader, writer := io.Pipe()
	a := &responder{request: r, header: make(http.Header), body: writer, response: make(chan *http.Response, 1), reader: reader}
	stop := func() {}
	if done := ctx.Done(); done != nil {
		finished := make(chan struct{})
		stop = sync.OnceFunc(func() { close(finished) })
		go func() {
			select {
			case <-done:
				writer.CloseWithError(ctx.Err()) // first: it is what a read then gives
				reader.CloseWithError(ctx.Err())
			case <-finished:
			}
		}()
	}
	go func() {
		defer stop()
		defer in.Body.Close()
		defer func() {
			switch p := recover(); p {
			case nil:
				a.send()
				writer.Close()
			case http.ErrAbortHandler:
				a.drop()
				writer.CloseWithError(cmp.Or(ctx.Err(), io.ErrUnexpectedEOF))
			default:
				panic(p)
			}
		}()
		t.handler.ServeHTTP(a, in)
	}()
	select {
	case response := <-a.response:
		if response == nil {
			return nil, errDropped
		}
		return response, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A responder is the http.ResponseWriter of a transport.
type responder struct {
	request  *http.Request
	header   http.Header
	body     *io.PipeWriter
	reader   *io.PipeReader
	response chan *http.Response
	once     sync.Once
	status   int
}

func (a *responder) Header() http.Header { return a.header }

func (a *responder) WriteHeader(code int) {
	if a.status == 0 {
		a.status = code
	}
}

func (a *responder) Write(p []byte) (int, error) {
	a.send()
	return a.body.Write(p)
}

// Flush implements http.Flusher.
func (a *responder) Flush() { a.send() }

// send sends status and headers, if they are not sent yet.
func (a *responder) send() {
	a.once.Do(func() {
		a.WriteHeader(http.StatusOK)
		length := int64(-1)
		if n, err := strconv.ParseInt(a.header.Get("content-length"), 10, 64); err == nil {
			length = n
		}
		a.response <- &http.Response{
			Status:     strconv.Itoa(a.status) + " " + http.StatusText(a.status),
			StatusCode: a.status,
			Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header:        a.header.Clone(),
			Body:          a.reader,
			ContentLength: length,
			Request:       a.request,
		}
	})
}

// drop drops the connection instead, if they are not sent yet.
func (a *responder) drop() { a.once.Do(func() { a.response <- nil }) }
