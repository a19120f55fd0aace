package batchtest

import (
	"net/http"
	"time"
)

// DelayBefore waits for d before the service sees the call.
func DelayBefore(d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		pause(r, d)
		next.ServeHTTP(w, r)
	}
}

// DelayAfter lets the service act, holds back its response for d, and then sends it. Meanwhile a batch that create has
// accepted exists.
func DelayAfter(d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		m := &heldResponse{header: w.Header()}
		next.ServeHTTP(m, r)
		pause(r, d)
		m.send(w)
	}
}

// Stall sends n bytes of the response's body, waits for d or until the caller gives up, and then sends the rest.
func Stall(n int, d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body := hold(w, r, next)
		n := min(n, len(body))
		w.Write(body[:n])
		http.NewResponseController(w).Flush()
		pause(r, d)
		w.Write(body[n:])
	}
}

// Slow sends the response's body in pieces of n bytes, and waits for d after each.
func Slow(n int, d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body := hold(w, r, next)
		for len(body) > n {
			w.Write(body[:n])
			http.NewResponseController(w).Flush()
			pause(r, d)
			body = body[n:]
		}
		w.Write(body)
	}
}

// pause waits for d, but not longer than the caller does.
func pause(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	}
}
