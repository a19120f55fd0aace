package batchtest

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// The faults in this file let the service act and change how its answer comes. They hold it in memory as a whole.

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

// Corrupt makes line n of the answer, counted from 0, something that is not JSON.
func Corrupt(n int) Fault {
	return rewriteLine(n, func(line []byte) []byte { return append(line[:len(line)/2:len(line)/2], '\n') })
}

// Duplicate sends line n of the answer, counted from 0, twice.
func Duplicate(n int) Fault {
	return rewriteLine(n, func(line []byte) []byte { return slices.Concat(line, line) })
}

// Lose leaves out line n of the answer, counted from 0.
func Lose(n int) Fault {
	return rewriteLine(n, func([]byte) []byte { return nil })
}

// rewriteLine changes one line of the answer. The line ends with its line break.
func rewriteLine(n int, change func(line []byte) []byte) Fault {
	return Rewrite(func(body []byte) []byte {
		lines := bytes.SplitAfter(body, []byte("\n"))
		if n >= len(lines)-1 {
			panic(fmt.Sprintf("there is no line %d in an answer of %d lines", n, len(lines)-1))
		}
		lines[n] = change(lines[n])
		return bytes.Join(lines, nil)
	}, false)
}

// Rewrite changes the answer's body; if drop, the connection is dropped behind it.
func Rewrite(change func(body []byte) []byte, drop bool) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		w.Write(change(hold(w, r, next)))
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
		body := hold(w, r, next)
		n := min(n, len(body))
		w.Write(body[:n])
		http.NewResponseController(w).Flush()
		pause(r, d)
		w.Write(body[n:])
	}
}

// Slow sends the answer's body n bytes at a time, and waits d before each next time.
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

// hold lets the service act, sends status and headers of its answer, and returns the body.
func hold(w http.ResponseWriter, r *http.Request, next http.Handler) []byte {
	m := &memory{header: w.Header()}
	next.ServeHTTP(m, r)
	m.header.Del("content-length")
	if m.status != 0 {
		w.WriteHeader(m.status)
	}
	return m.body.Bytes()
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
