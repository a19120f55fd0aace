package batchtest

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
)

// A transport connects to a handler inside the process. Unlike httptest.ResponseRecorder it streams bodies in both
// directions, and the handler can drop the connection.
type transport struct{ handler http.Handler }

var errDropped = errors.New("batchtest: connection dropped")

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, err
	}
	ctx, cancel := context.WithCancel(r.Context()) // ends with the response, even if that is not read to the end
	in := r.Clone(ctx)
	in.RequestURI = r.URL.RequestURI()
	in.Host = cmp.Or(r.Host, r.URL.Host)
	in.RemoteAddr = "in-process"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	reader, writer := io.Pipe()
	a := &responder{request: r, header: make(http.Header), body: writer, response: make(chan *http.Response, 1), reader: responseBody{reader, cancel}}
	stop := context.AfterFunc(r.Context(), func() {
		writer.CloseWithError(r.Context().Err()) // first, because it is the error that reads return
		reader.CloseWithError(r.Context().Err())
	})
	go func() {
		defer cancel()
		defer stop()
		defer in.Body.Close()
		returned := false
		defer func() {
			switch p := recover(); {
			case returned:
				a.send()
				writer.Close()
			case p == nil || p == http.ErrAbortHandler: // nil if a fault has called t.Fatal
				a.drop()
				writer.CloseWithError(cmp.Or(r.Context().Err(), io.ErrUnexpectedEOF))
			default:
				panic(p)
			}
		}()
		t.handler.ServeHTTP(a, in)
		returned = true
	}()
	select {
	case response := <-a.response:
		if response == nil {
			return nil, errDropped
		}
		return response, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// A responseBody is the body of a response. Closing it cancels the handler's context.
type responseBody struct {
	*io.PipeReader
	cancel context.CancelFunc
}

func (b responseBody) Close() error {
	b.cancel()
	return b.PipeReader.Close()
}

// A responder is the http.ResponseWriter of a transport.
type responder struct {
	request  *http.Request
	header   http.Header
	body     *io.PipeWriter
	reader   io.ReadCloser
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

// send sends the status and headers, unless they were sent before.
func (a *responder) send() {
	a.once.Do(func() {
		a.WriteHeader(http.StatusOK)
		length := int64(-1)
		if n, err := strconv.ParseInt(a.header.Get("content-length"), 10, 64); err == nil {
			length = n
		}
		header := a.header.Clone()
		maps.DeleteFunc(header, func(_ string, values []string) bool { return len(values) == 0 })
		a.response <- &http.Response{
			Status:     strconv.Itoa(a.status) + " " + http.StatusText(a.status),
			StatusCode: a.status,
			Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header:        header,
			Body:          a.reader,
			ContentLength: length,
			Request:       a.request,
		}
	})
}

// drop drops the connection, unless the headers were sent before.
func (a *responder) drop() { a.once.Do(func() { a.response <- nil }) }
