package batchtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
)

const batchesPath = "/v1/messages/batches"

// A call is a call that was let in.
type call struct {
	*http.Request
	workspace string
	noted     *Call // guarded by the service's lock
}

// newHandler returns the service's routes. Each call is noted, meets its fault, and is then let in or refused.
func (s *Service) newHandler() http.Handler {
	mux := http.NewServeMux()
	route := func(pattern string, op Op, handle func(call) (any, *failure)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("date", s.Now().Format(http.TimeFormat)) // its own, however far it was advanced
			noted := s.note(op, r, w.Header().Get("request-id"))
			next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				workspace, fail := s.admit(r)
				var result any
				if fail == nil {
					w.Header().Set("anthropic-workspace-id", workspace)
					result, fail = handle(call{r, workspace, noted})
				}
				reply(w, r, result, fail)
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
		reply(w, r, nil, notFound("There is nothing at %s %s.", r.Method, r.URL.EscapedPath()))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.reportPanic(r)
		for name, values := range s.header {
			w.Header()[name] = slices.Clone(values)
		}
		w.Header().Set("request-id", s.newRequestID())
		w.Header().Set("anthropic-organization-id", "org_fake")
		pause(r, s.latency)
		mux.ServeHTTP(w, r)
	})
}

// reportPanic makes the panic of a fault a failure of the test and a lost connection. Without a test it goes on.
func (s *Service) reportPanic(r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p != http.ErrAbortHandler && s.reportTest.errorf("a fault of %s %s panicked: %v\n\n%s", r.Method, r.URL.Path, p, debug.Stack()) {
		p = http.ErrAbortHandler
	}
	panic(p)
}

// pause waits, but not longer than the caller does.
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

func reply(w http.ResponseWriter, r *http.Request, result any, fail *failure) {
	if fail != nil {
		io.Copy(io.Discard, r.Body) // or a caller who still sends would see a lost connection in place of the answer
		w.Header().Set("content-type", "application/json")
		w.WriteHeader(fail.status)
		body, _ := (&gen.BetaErrorResponse{Error: fail.err, RequestID: w.Header().Get("request-id")}).AppendJSON(nil)
		w.Write(body)
		return
	}
	if lines, ok := result.(lines); ok {
		w.Header().Set("content-type", "application/x-jsonl")
		out := bufio.NewWriterSize(w, 64<<10)
		for _, line := range lines {
			if _, err := out.Write(line); err != nil {
				return
			}
		}
		out.Flush()
		return
	}
	w.Header().Set("content-type", "application/json")
	_ = json.NewEncoder(w).Encode(result) // the other side may have gone
}
