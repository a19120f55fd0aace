package batchtest

import (
	"bytes"
	"net/http"
)

// A heldResponse keeps a response in memory.
type heldResponse struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heldResponse) Header() http.Header         { return h.header }
func (h *heldResponse) WriteHeader(code int)        { h.status = code }
func (h *heldResponse) Write(p []byte) (int, error) { return h.body.Write(p) }

// sendHead sends the status. The headers must already be set on w.
func (h *heldResponse) sendHead(w http.ResponseWriter) {
	if h.status != 0 {
		w.WriteHeader(h.status)
	}
}

func (h *heldResponse) send(w http.ResponseWriter) {
	h.sendHead(w)
	w.Write(h.body.Bytes())
}

// hold lets the service act, sends the status and headers of its response, and returns the body.
func hold(w http.ResponseWriter, r *http.Request, next http.Handler) []byte {
	h := &heldResponse{header: w.Header()}
	next.ServeHTTP(h, r)
	h.header.Del("content-length")
	h.sendHead(w)
	return h.body.Bytes()
}
