package batchtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/contract"
)

const (
	batchesPath = "/v1/messages/batches"
	maxBody     = 256_000_000
	maxRequests = 100_000
)

// newHandler returns the service's routes. Each call is noted, meets its fault, and is then let in or refused.
func (s *Service) newHandler() http.Handler {
	mux := http.NewServeMux()
	route := func(pattern string, op Op, handle func(*http.Request) (any, *failure)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.note(op, r)
			id := s.newRequestID()
			w.Header().Set("request-id", id)
			w.Header().Set("date", s.Now().Format(http.TimeFormat)) // its own, however far it was advanced
			w.Header().Set("anthropic-organization-id", "org_fake")
			next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fail := s.admit(r)
				var result any
				if fail == nil {
					result, fail = handle(r)
				}
				reply(w, id, result, fail)
			})
			if fault := s.takeFault(op); fault != nil {
				fault(w, r, next)
				return
			}
			next(w, r)
		})
	}
	route("POST "+batchesPath, Create, s.create)
	route("GET "+batchesPath, List, s.list)
	route("GET "+batchesPath+"/{id}", Retrieve, s.retrieve)
	route("POST "+batchesPath+"/{id}/cancel", Cancel, s.cancel)
	route("DELETE "+batchesPath+"/{id}", Delete, s.delete)
	route("GET "+batchesPath+"/{id}/results", Results, s.results)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		reply(w, s.newRequestID(), nil, notFound("no such path"))
	})
	return mux
}

func (s *Service) note(op Op, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, Call{Op: op, Header: r.Header.Clone(), Query: r.URL.RawQuery, Time: s.now()})
}

func (s *Service) newRequestID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newID("req")
}

func (s *Service) newID(prefix string) string {
	s.serial++
	return fmt.Sprintf("%s_01fake%018d", prefix, s.serial)
}

// A failure is an answer that is an error.
type failure struct {
	status int
	err    gen.BetaError
}

func invalid(format string, args ...any) *failure {
	return &failure{http.StatusBadRequest, &gen.BetaInvalidRequestError{Message: fmt.Sprintf(format, args...)}}
}

func notFound(format string, args ...any) *failure {
	return &failure{http.StatusNotFound, &gen.BetaNotFoundError{Message: fmt.Sprintf(format, args...)}}
}

// lines is an answer of several lines.
type lines [][]byte

func reply(w http.ResponseWriter, requestID string, result any, fail *failure) {
	if fail != nil {
		w.Header().Set("content-type", "application/json")
		w.Header().Set("request-id", requestID)
		w.WriteHeader(fail.status)
		body, _ := (&gen.BetaErrorResponse{Error: fail.err, RequestID: requestID}).AppendJSON(nil)
		w.Write(body)
		return
	}
	if lines, ok := result.(lines); ok {
		w.Header().Set("content-type", "application/x-jsonl")
		for _, line := range lines {
			if _, err := w.Write(append(line[:len(line):len(line)], '\n')); err != nil {
				return
			}
		}
		return
	}
	w.Header().Set("content-type", "application/json")
	json.NewEncoder(w).Encode(result)
}

// admit checks what is the same for all calls: credential, version, betas.
func (s *Service) admit(r *http.Request) *failure {
	credential := r.Header.Get("x-api-key")
	if token, ok := strings.CutPrefix(r.Header.Get("authorization"), "Bearer "); ok && credential == "" {
		credential = token
	}
	if credential != s.key {
		return &failure{http.StatusUnauthorized, &gen.BetaAuthenticationError{Message: "invalid x-api-key or bearer token"}}
	}
	version := r.Header.Get("anthropic-version")
	if version == "" {
		return invalid("anthropic-version: header is required")
	}
	if !isValue("AnthropicVersion", version) {
		return invalid("anthropic-version: %q is not a valid version", version)
	}
	for _, header := range r.Header.Values("anthropic-beta") {
		for beta := range strings.SplitSeq(header, ",") {
			beta = strings.TrimSpace(beta)
			if !isValue("AnthropicBeta", beta) && !slices.Contains(s.betas, gen.AnthropicBeta(beta)) {
				return invalid("anthropic-beta: unexpected value %q", beta)
			}
		}
	}
	return nil
}

// isValue reports whether the contract lists a value of an enum.
func isValue(enum, value string) bool {
	return slices.Contains(contract.Load().Components.Schemas[enum].Value.Enum, any(value))
}

var customID = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

func (s *Service) create(r *http.Request) (any, *failure) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if errors.As(err, new(*http.MaxBytesError)) {
		return nil, &failure{http.StatusRequestEntityTooLarge, &gen.Unknown{Raw: []byte(`{"type":"request_too_large","message":"Request exceeds the maximum size"}`)}}
	}
	if err != nil {
		panic(http.ErrAbortHandler) // the caller has gone
	}
	var batch struct {
		Requests []request `json:"requests"`
	}
	if err := json.Unmarshal(body, &batch); err != nil {
		return nil, invalid("The request body is not valid JSON, or not of the form {\"requests\": [...]}")
	}
	if n := len(batch.Requests); n == 0 || n > maxRequests {
		return nil, invalid("requests: a batch has 1 to %d requests, not %d", maxRequests, n)
	}
	seen := make(map[string]bool, len(batch.Requests))
	for i, r := range batch.Requests {
		switch {
		case !customID.MatchString(r.CustomID):
			return nil, invalid("requests.%d.custom_id: must match ^[a-zA-Z0-9_-]{1,64}$", i)
		case seen[r.CustomID]:
			return nil, invalid("requests.%d.custom_id: is not unique within the batch", i)
		case !bytes.HasPrefix(r.Params, []byte("{")):
			return nil, invalid("requests.%d.params: must be an object", i)
		}
		seen[r.CustomID] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newBatch(batch.Requests, gen.AnthropicVersion(r.Header.Get("anthropic-version")), s.now()).state, nil
}

// find returns a batch, up to date. The service is locked.
func (s *Service) find(r *http.Request) (*batch, time.Time, *failure) {
	now := s.now()
	id := r.PathValue("id")
	for _, b := range s.batches {
		if b.state.ID == id {
			b.settle(now)
			return b, now, nil
		}
	}
	return nil, now, notFound("Batch %q not found.", id)
}

func (s *Service) retrieve(r *http.Request) (any, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, _, fail := s.find(r)
	if fail != nil {
		return nil, fail
	}
	return b.state, nil
}

func (s *Service) cancel(r *http.Request) (any, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, now, fail := s.find(r)
	switch {
	case fail != nil:
		return nil, fail
	case b.state.ProcessingStatus == gen.BetaMessageBatchProcessingStatusEnded:
		return nil, invalid("Batch %s has ended and cannot be canceled.", b.state.ID)
	case b.state.CancelInitiatedAt.IsZero():
		b.state.CancelInitiatedAt = now
		b.state.ProcessingStatus = gen.BetaMessageBatchProcessingStatusCanceling
	}
	return b.state, nil
}

func (s *Service) delete(r *http.Request) (any, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, _, fail := s.find(r)
	switch {
	case fail != nil:
		return nil, fail
	case b.state.ProcessingStatus != gen.BetaMessageBatchProcessingStatusEnded:
		return nil, invalid("Batch %s has not ended: cancel it first.", b.state.ID)
	}
	s.batches = slices.DeleteFunc(s.batches, func(other *batch) bool { return other == b })
	return gen.BetaDeletedMessageBatch{ID: b.state.ID}, nil
}

func (s *Service) results(r *http.Request) (any, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, _, fail := s.find(r)
	switch {
	case fail != nil:
		return nil, fail
	case b.state.ProcessingStatus != gen.BetaMessageBatchProcessingStatusEnded:
		return nil, notFound("Batch %s has no results yet.", b.state.ID)
	case !b.state.ArchivedAt.IsZero():
		return nil, notFound("The results of batch %s were archived.", b.state.ID)
	}
	return lines(b.results), nil
}

func (s *Service) list(r *http.Request) (any, *failure) {
	query := r.URL.Query()
	limit, fail := pageSize(query)
	if fail != nil {
		return nil, fail
	}
	after, before := query.Get("after_id"), query.Get("before_id")
	if after != "" && before != "" {
		return nil, invalid("after_id and before_id exclude each other")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	all := slices.Clone(s.batches)
	slices.Reverse(all) // newest first
	page, more, ok := cutPage(all, after, before, limit)
	if !ok {
		return nil, invalid("after_id or before_id is not the id of a batch")
	}
	answer := gen.BetaMessageBatchPage{HasMore: more, Data: []gen.BetaMessageBatch{}}
	for _, b := range page {
		b.settle(now)
		answer.Data = append(answer.Data, b.state)
	}
	if len(page) > 0 {
		answer.FirstID, answer.LastID = page[0].state.ID, page[len(page)-1].state.ID
	}
	return answer, nil
}

func pageSize(query url.Values) (int, *failure) {
	if !query.Has("limit") {
		return 20, nil
	}
	n, err := strconv.Atoi(query.Get("limit"))
	if err != nil || n < 1 || n > 1000 {
		return 0, invalid("limit: must be a number from 1 to 1000")
	}
	return n, nil
}

// cutPage cuts a page out of all batches. It is false if there is no batch to start from.
func cutPage(all []*batch, after, before string, limit int) (page []*batch, more, ok bool) {
	from := func(id string) int {
		return slices.IndexFunc(all, func(b *batch) bool { return b.state.ID == id })
	}
	switch {
	case before != "":
		i := from(before)
		if i < 0 {
			return nil, false, false
		}
		start := max(0, i-limit)
		return all[start:i], start > 0, true
	case after != "":
		i := from(after)
		if i < 0 {
			return nil, false, false
		}
		all = all[i+1:]
	}
	return all[:min(limit, len(all))], len(all) > limit, true
}
