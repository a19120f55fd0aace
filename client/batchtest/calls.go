package batchtest

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
)

// A Call is a call that reached the service, whether or not it was admitted.
type Call struct {
	Op        Op          // the operation called
	BatchID   string      // the batch that the call names; for create, the batch that was accepted, if any
	RequestID string      // of the response, unless a fault changed it
	Host      string      // the host that the call was sent to
	Header    http.Header // of the request
	Query     string      // without the question mark
	Proto     string      // for example HTTP/2.0
	Time      time.Time   // of arrival, by the service's clock

	// BodyBytes is how much of the body the service or a fault has read so far, and BodyWhole whether that is all of
	// it. A program with two create calls whose bodies are whole may have sent a batch twice.
	BodyBytes int64
	BodyWhole bool
}

// Betas returns the values of anthropic-beta, in order.
func (c Call) Betas() []gen.AnthropicBeta { return betasOf(c.Header) }

// betasOf splits anthropic-beta, which may be one header with commas, or several headers.
func betasOf(h http.Header) []gen.AnthropicBeta {
	var betas []gen.AnthropicBeta
	for beta := range strings.SplitSeq(strings.Join(h.Values("anthropic-beta"), ","), ",") {
		if beta = strings.TrimSpace(beta); beta != "" {
			betas = append(betas, gen.AnthropicBeta(beta))
		}
	}
	return betas
}

// Calls returns the calls of an operation so far, or of all operations if op is empty, in order of arrival.
func (s *Service) Calls(op Op) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var calls []Call
	for _, c := range s.calls {
		if op == "" || c.Op == op {
			calls = append(calls, *c)
		}
	}
	return calls
}

// note records a call. The service is locked, and its lock guards the call's fields.
func (s *Service) note(op Op, r *http.Request, requestID string) *Call {
	c := &Call{Op: op, BatchID: r.PathValue("id"), RequestID: requestID, Host: r.Host, Header: r.Header.Clone(), Query: r.URL.RawQuery, Proto: r.Proto, Time: s.now()}
	if !s.forgets {
		s.calls = append(s.calls, c)
	}
	return c
}

// A countedBody notes how much of a call's body was read.
type countedBody struct {
	io.ReadCloser
	service *Service
	noted   *Call
	length  int64 // -1 if unknown
}

// Read implements io.Reader.
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.service.mu.Lock()
	defer b.service.mu.Unlock()
	b.noted.BodyBytes += int64(n)
	if whole := err == io.EOF || b.noted.BodyBytes == b.length; whole && !b.noted.BodyWhole {
		b.noted.BodyWhole = true
		b.service.stats.read(b.noted.Op)
	}
	return n, err
}
