package batchtest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"
)

// An Op is an operation of the service.
type Op string

// The operations.
const (
	Create   Op = "create"
	List     Op = "list"
	Retrieve Op = "retrieve"
	Cancel   Op = "cancel"
	Delete   Op = "delete"
	Results  Op = "results"
)

// A Fault stands between a call and the service. It may answer by itself, let the service act by calling next, or
// change what the service answers. It drops the connection by panicking with [http.ErrAbortHandler].
type Fault func(w http.ResponseWriter, r *http.Request, next http.Handler)

// Inject makes the next calls of an operation meet faults, one call one fault. A nil fault lets a call through.
func (s *Service) Inject(op Op, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[op] = append(s.faults[op], faults...)
}

// takeFault returns the fault that the next call of an operation meets, or nil.
func (s *Service) takeFault(op Op) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	queue := s.faults[op]
	if len(queue) == 0 {
		return nil
	}
	s.faults[op] = queue[1:]
	return queue[0]
}

// unmetFaults says which faults no call has met.
func (s *Service) unmetFaults() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var problems []string
	for _, op := range slices.Sorted(maps.Keys(s.faults)) {
		switch n := len(s.faults[op]); n {
		case 0:
		case 1:
			problems = append(problems, fmt.Sprintf("a fault was injected into %s, but the call that should meet it never came", op))
		default:
			problems = append(problems, fmt.Sprintf("faults were injected into %s, but the %d calls that should meet the last ones never came", op, n))
		}
	}
	return problems
}

// Times returns n times the same fault, for Inject.
func Times(n int, f Fault) []Fault { return slices.Repeat([]Fault{f}, n) }

// Status answers with any status and body, after reading the request, and without the service acting. Headers
// are pairs of name and value; one with an empty value is left out of the answer, such as the request-id, which an answer
// of a proxy does not have.
func Status(code int, body string, headers ...string) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		io.Copy(io.Discard, r.Body)
		setHeaders(w.Header(), headers)
		if w.Header().Get("content-type") == "" {
			w.Header().Set("content-type", http.DetectContentType([]byte(body)))
		}
		w.WriteHeader(code)
		io.WriteString(w, body)
	}
}

func setHeaders(h http.Header, pairs []string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if h.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			h.Del(pairs[i])
		}
	}
}

// Fail answers with an error of the API, without the service acting. Its request-id is req_fault unless headers, which
// are pairs of name and value, say otherwise.
func Fail(code int, errorType, message string, headers ...string) Fault {
	h := make(http.Header)
	headers = append([]string{"content-type", "application/json", "request-id", "req_fault"}, headers...)
	setHeaders(h, headers)
	var body struct {
		Type  string `json:"type"`
		Error struct {
			Type    string `json:"type"`
			Message string `json:"message"`
		} `json:"error"`
		RequestID string `json:"request_id"`
	}
	body.Type, body.Error.Type, body.Error.Message, body.RequestID = "error", errorType, message, h.Get("request-id")
	text, _ := json.Marshal(body)
	return Status(code, string(text), headers...)
}

// Redirect sends the caller to another place, without the service acting. Over [Service.HTTPClient] that place is the
// service again, whatever host it names: [Call.Host] tells where a call was meant to go.
func Redirect(code int, location string) Fault { return Status(code, "", "location", location) }

// DropBefore drops the connection after reading the request, without the service acting.
func DropBefore() Fault {
	return func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	}
}

// DropAfter lets the service act and drops the connection in place of the answer.
func DropAfter() Fault {
	return func(_ http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(&memory{header: make(http.Header)}, r)
		panic(http.ErrAbortHandler)
	}
}

// Delay waits before the service looks at the call.
func Delay(d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		pause(r, d)
		next.ServeHTTP(w, r)
	}
}
