package batchtest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"
)

// The faults in this file let the service act when the caller may have gone. If the service is closed before that, it
// does not act.

// ActLate reads the whole request, waits for d, even if the caller gives up, and then lets the service act. So a batch
// may be accepted long after the program that sent it has ended.
func ActLate(d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		e := encounterOf(r)
		r = detached(r)
		if !e.wait(d) {
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	}
}

// DropThenAct reads the whole request, drops the connection, and lets the service act d later.
func DropThenAct(d time.Duration) Fault {
	return func(_ http.ResponseWriter, r *http.Request, next http.Handler) {
		e := encounterOf(r)
		r = detached(r)
		e.late.Go(func() {
			if e.wait(d) {
				next.ServeHTTP(&heldResponse{header: make(http.Header)}, r)
			}
		})
		panic(http.ErrAbortHandler)
	}
}

// ActThen lets the service act and another fault respond, for example a gateway: ActThen(Status(502, "...")).
func ActThen(f Fault) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(&heldResponse{header: make(http.Header)}, r)
		f(w, r, next)
	}
}

// detached reads the whole request and returns one that is not canceled when its caller gives up.
func detached(r *http.Request) *http.Request {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r = r.Clone(context.WithoutCancel(r.Context()))
	r.Body = io.NopCloser(bytes.NewReader(body))
	return r
}

// wait waits for d, and reports whether the service is still open.
func (e *encounter) wait(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-e.closed:
		return false
	}
}
