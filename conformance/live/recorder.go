package live

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// longestBody is how many bytes of each response's body are kept.
const longestBody = 4 << 20

// An exchange is one request and its response.
type exchange struct {
	step   string
	op     string // the contract's operationId, or "" for an unknown path
	status int    // 0 if there was no response
	proto  string
	header http.Header
	err    error // of the connection, nil if the whole response arrived

	began     time.Time // when the request was sent
	responded time.Time // when the headers of the response arrived
	ended     time.Time // when the last byte of the response arrived

	sent  int64  // bytes of the request's body
	body  []byte // the first bytes of the response's body, decompressed
	whole bool   // body is all of it
}

// A recorder is a transport that records requests and responses. It is safe for concurrent use.
type recorder struct {
	reads, creates http.RoundTripper

	mu        sync.Mutex
	step      string
	exchanges []*exchange
	secrets   []string // values sent that must stay secret
}

// newRecorder returns a recorder over a transport, by default net/http's. As in package client, each create uses a new
// connection: on a reused one that the server has just closed, it is unknown whether the body was read.
func newRecorder(over http.RoundTripper) *recorder {
	if over != nil {
		return &recorder{reads: over, creates: over}
	}
	reads := http.DefaultTransport.(*http.Transport).Clone()
	creates := reads.Clone()
	creates.DisableKeepAlives = true
	return &recorder{reads: reads, creates: creates}
}

// begin names the step that the following exchanges belong to.
func (r *recorder) begin(step string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.step = step
}

// of returns the exchanges of a step, or of all steps if step is empty, in the order in which they began.
func (r *recorder) of(step string) []*exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []*exchange
	for _, e := range r.exchanges {
		if step == "" || e.step == step {
			c := *e // a body that has not been closed may still be read
			found = append(found, &c)
		}
	}
	return found
}

// RoundTrip implements http.RoundTripper.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	e := &exchange{op: operation(req.Method, req.URL.Path), began: time.Now()}
	r.mu.Lock()
	e.step = r.step
	r.exchanges = append(r.exchanges, e)
	r.learn(req.Header)
	r.mu.Unlock()
	over := r.reads
	sent := *req // a transport must not change the given request
	if req.Body != nil && req.Body != http.NoBody {
		over = r.creates
		sent.Body = &sentBody{req.Body, r, e}
	}
	resp, err := over.RoundTrip(&sent)
	r.mu.Lock()
	defer r.mu.Unlock()
	e.responded = time.Now()
	e.ended = e.responded
	if err != nil {
		e.err = err
		return nil, err
	}
	e.status, e.proto, e.header = resp.StatusCode, resp.Proto, resp.Header.Clone()
	resp.Body = &keptBody{resp.Body, r, e}
	return resp, nil
}

// learn records the secrets among the headers of a request: all values not known to be public.
func (r *recorder) learn(h http.Header) {
	for name, values := range h {
		switch name {
		case "Accept", "Accept-Encoding", "Anthropic-Beta", "Anthropic-Version", "Content-Type", "User-Agent":
			continue
		}
		for _, value := range values {
			_, token, _ := strings.Cut(value, " ")
			for _, secret := range []string{value, token} {
				if len(secret) >= shortestSecret && !slices.Contains(r.secrets, secret) {
					r.secrets = append(r.secrets, secret)
				}
			}
		}
	}
}

// A sentBody counts the bytes sent.
type sentBody struct {
	io.ReadCloser
	recorder *recorder
	exchange *exchange
}

func (b *sentBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.recorder.mu.Lock()
	defer b.recorder.mu.Unlock()
	b.exchange.sent += int64(n)
	return n, err
}

// A keptBody keeps the beginning of the received body.
type keptBody struct {
	io.ReadCloser
	recorder *recorder
	exchange *exchange
}

func (b *keptBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.recorder.mu.Lock()
	defer b.recorder.mu.Unlock()
	e := b.exchange
	e.ended = time.Now()
	e.body = append(e.body, p[:min(n, longestBody-len(e.body))]...)
	switch {
	case err == io.EOF:
		e.whole = len(e.body) < longestBody
	case err != nil:
		e.err = err
	}
	return n, err
}

// operation returns the contract's name of an operation.
func operation(method, path string) string {
	_, rest, ok := strings.Cut(path, "/v1/messages/batches")
	id, tail, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	switch call := method + " " + tail; {
	case !ok:
		return ""
	case id == "" && method == http.MethodPost:
		return opCreate
	case id == "" && method == http.MethodGet:
		return opList
	case call == "GET ":
		return opGet
	case call == "DELETE ":
		return opDelete
	case call == "POST cancel":
		return opCancel
	case call == "GET results":
		return opResults
	}
	return ""
}

// The operations, by the contract's names.
const (
	opCreate  = "createMessageBatch"
	opList    = "listMessageBatches"
	opGet     = "retrieveMessageBatch"
	opCancel  = "cancelMessageBatch"
	opDelete  = "deleteMessageBatch"
	opResults = "retrieveMessageBatchResults"
)

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
