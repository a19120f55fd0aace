package batchtest

import (
	"io"
	"net/http"
)

// DropBefore drops the connection after reading the request; the service does not act.
func DropBefore() Fault {
	return func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	}
}

// DropAfter lets the service act and drops the connection in place of the response.
func DropAfter() Fault {
	return func(_ http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(&heldResponse{header: make(http.Header)}, r)
		panic(http.ErrAbortHandler)
	}
}

// ThenDrop drops the connection where the response of another fault ends.
func ThenDrop(f Fault) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		f(w, r, next)
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}
