package batchtest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
)

// A Call is a call that reached the service, whether it was let in or not.
type Call struct {
	Op        Op          // that was called
	BatchID   string      // that the call is about; of create, the batch that was taken, if one was
	RequestID string      // of the answer, unless a fault changed it
	Host      string      // that the call was meant for
	Header    http.Header // of the call
	Query     string      // without the question mark
	Time      time.Time   // when it came, by the service's clock
}

// Betas returns the values of anthropic-beta, in their order.
func (c Call) Betas() []gen.AnthropicBeta { return betasOf(c.Header) }

// betasOf takes anthropic-beta apart: it may be one header with commas, or several headers.
func betasOf(h http.Header) []gen.AnthropicBeta {
	var betas []gen.AnthropicBeta
	for beta := range strings.SplitSeq(strings.Join(h.Values("anthropic-beta"), ","), ",") {
		if beta = strings.TrimSpace(beta); beta != "" {
			betas = append(betas, gen.AnthropicBeta(beta))
		}
	}
	return betas
}

// Calls returns the calls of an operation so far, of all operations if op is empty, in the order in which they arrived.
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

// note keeps a call. What it returns belongs to the service, like what is in it.
func (s *Service) note(op Op, r *http.Request, requestID string) *Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &Call{Op: op, BatchID: r.PathValue("id"), RequestID: requestID, Host: r.Host, Header: r.Header.Clone(), Query: r.URL.RawQuery, Time: s.now()}
	if !s.forgets {
		s.calls = append(s.calls, c)
	}
	return c
}

// Batches returns the batches of all workspaces as they are now, oldest first.
func (s *Service) Batches() []gen.BetaMessageBatch {
	s.mu.Lock()
	defer s.mu.Unlock()
	var batches []gen.BetaMessageBatch
	for _, b := range s.batches {
		batches = append(batches, b.at(s.now(), s.url))
	}
	return batches
}

// A Request is a request of a batch.
type Request struct {
	CustomID string                      // as it came
	Params   gen.BetaCreateMessageParams // as far as they fit the contract
	Raw      jsontext.Value              // the params as they came
}

// Requests returns the requests of a batch, in the order in which they came; none if there is no such batch, or if they
// were forgotten, see [WithoutHistory].
func (s *Service) Requests(batchID string) []Request {
	s.mu.Lock()
	var kept []request
	for _, b := range s.batches {
		if b.state.ID == batchID {
			kept = slices.Clone(b.requests)
		}
	}
	s.mu.Unlock()
	var requests []Request
	for _, r := range kept {
		request := Request{CustomID: r.customID, Raw: slices.Clone(r.params)}
		_ = request.Params.UnmarshalJSON(r.params) // what does not fit is for the batch's results to tell
		requests = append(requests, request)
	}
	return requests
}
