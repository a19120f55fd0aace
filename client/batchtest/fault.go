package batchtest

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
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

// Times returns n times the same fault, for Inject.
func Times(n int, f Fault) []Fault {
	faults := make([]Fault, n)
	for i := range faults {
		faults[i] = f
	}
	return faults
}

// Status answers with any status and body, after reading the request, and without the service acting. Headers
// are pairs of name and value.
func Status(code int, body string, headers ...string) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		io.Copy(io.Discard, r.Body)
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		if w.Header().Get("content-type") == "" {
			w.Header().Set("content-type", http.DetectContentType([]byte(body)))
		}
		w.WriteHeader(code)
		io.WriteString(w, body)
	}
}

// Fail answers with an error of the API, without the service acting.
func Fail(code int, errorType, message string, headers ...string) Fault {
	body := `{"type":"error","error":{"type":` + strconv.Quote(errorType) + `,"message":` + strconv.Quote(message) + `},"request_id":"req_fault"}`
	return Status(code, body, append([]string{"content-type", "application/json", "request-id", "req_fault"}, headers...)...)
}

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

// Cut drops the connection after n bytes of the answer's body; if clean, the body ends there as if it were whole.
func Cut(n int, clean bool) Fault {
	return Rewrite(func(body []byte) []byte { return body[:min(n, len(body))] }, !clean)
}

// CutLines is Cut after n lines.
func CutLines(n int, clean bool) Fault {
	return Rewrite(func(body []byte) []byte {
		lines := bytes.SplitAfter(body, []byte("\n"))
		return bytes.Join(lines[:min(n, len(lines))], nil)
	}, !clean)
}

// Rewrite changes the answer's body; if drop, the connection is dropped behind it.
func Rewrite(change func(body []byte) []byte, drop bool) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		m := &memory{header: w.Header()}
		next.ServeHTTP(m, r)
		m.header.Del("content-length")
		if m.status != 0 {
			w.WriteHeader(m.status)
		}
		w.Write(change(m.body.Bytes()))
		if drop {
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	}
}

// Stall sends n bytes of the answer's body and then nothing, until the caller gives up or d is over, and then the
// rest.
func Stall(n int, d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		m := &memory{header: w.Header()}
		next.ServeHTTP(m, r)
		m.header.Del("content-length")
		if m.status != 0 {
			w.WriteHeader(m.status)
		}
		body := m.body.Bytes()
		n = min(n, len(body))
		w.Write(body[:n])
		http.NewResponseController(w).Flush()
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			w.Write(body[n:])
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
}

// A memory keeps an answer.
type memory struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (m *memory) Header() http.Header         { return m.header }
func (m *memory) WriteHeader(code int)        { m.status = code }
func (m *memory) Write(p []byte) (int, error) { return m.body.Write(p) }
