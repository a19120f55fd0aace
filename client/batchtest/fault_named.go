package batchtest

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// A NamedFault is a fault with a name, see [Faults].
type NamedFault struct {
	Name  string // for [Named], [WithRandomFaults] and [ParseFault]
	Ops   []Op   // the operations that can meet it
	About string // what it does

	draw func(e *encounter) Fault
}

var (
	everyOp   = []Op{Create, Get, List, Cancel, Delete, Results}
	actingOps = []Op{Create, Cancel, Delete}
	objectOps = []Op{Create, Get, Cancel} // their response is a batch
)

// Faults returns the list of named faults. Their details are drawn at random for each call that meets one: the place in
// the response, and a duration of up to 4 minutes, or up to that of [WithFaultTime].
func Faults() []NamedFault { return slices.Clone(namedFaults) }

var namedFaults = []NamedFault{
	{"dropped", everyOp, "the connection is lost before the service acts", func(*encounter) Fault { return DropBefore() }},
	{"lost", everyOp, "the service acts, and the connection is lost before its response", func(*encounter) Fault { return DropAfter() }},
	{"held", everyOp, "the service acts, and its response comes late", func(e *encounter) Fault { return DelayAfter(e.time()) }},
	{"late", actingOps, "the service acts late, even if the caller has gone", func(e *encounter) Fault { return ActLate(e.time()) }},
	{"late-lost", actingOps, "the connection is lost, and the service acts later", func(e *encounter) Fault { return DropThenAct(e.time()) }},
	{"hidden-502", everyOp, "the service acts, and a gateway responds with 502 and HTML", func(*encounter) Fault { return ActThen(Status(502, "<html>Bad gateway</html>")) }},
	{"hidden-504", everyOp, "the service acts, and the response is 504 and timeout_error", func(*encounter) Fault { return ActThen(Fail(504, "timeout_error", "Request timed out")) }},
	{"page", everyOp, "a gateway responds with 200 and HTML; the service does not act", func(*encounter) Fault { return Status(200, "<html>Log in</html>") }},
	{"redirect", everyOp, "a redirect to another host", func(*encounter) Fault { return Redirect(307, "https://example.com/v1/messages/batches") }},
	{"edge-403", everyOp, "403 of the service's edge, not in the form of API errors", func(*encounter) Fault { return EdgeForbidden() }},
	{"edge-413", []Op{Create}, "413 of the service's edge, in plain text", func(*encounter) Fault { return EdgeTooLarge() }},
	{"400", everyOp, "invalid_request_error: the body took too long", func(*encounter) Fault { return Fail(400, "invalid_request_error", "request_body_timeout") }},
	{"401", everyOp, "authentication_error", func(*encounter) Fault { return Fail(401, "authentication_error", "invalid x-api-key") }},
	{"409", everyOp, "conflict_error", func(*encounter) Fault { return Fail(409, "conflict_error", "Conflict") }},
	{"429", everyOp, "rate_limit_error with a retry-after", func(e *encounter) Fault {
		return Fail(429, "rate_limit_error", "Too many requests", "retry-after", strconv.Itoa(1+int(e.time()/time.Second)))
	}},
	{"429-cap", everyOp, "rate_limit_error without a retry-after: a spend limit", func(*encounter) Fault {
		return Status(429, `{"type":"error","error":{"type":"rate_limit_error","message":"Spend limit reached","details":{"error_code":"enforced_spend_limit_reached"}},"request_id":"req_fault"}`,
			"content-type", "application/json", "request-id", "req_fault")
	}},
	{"500", everyOp, "api_error", func(*encounter) Fault { return Fail(500, "api_error", "Internal server error") }},
	{"503", everyOp, "api_error: the service is unavailable", func(*encounter) Fault { return Fail(503, "api_error", "Unavailable") }},
	{"529", everyOp, "overloaded_error", func(*encounter) Fault { return Fail(529, "overloaded_error", "Overloaded") }},
	{"not-found", []Op{Get, Results}, "the batch is not found for a while, unless that happened in the last 30 minutes", func(e *encounter) Fault { return e.loseBatch() }},
	{"omitted", []Op{List}, "list omits one of the newest batches for a while, each batch once", func(e *encounter) Fault { return e.omitBatch() }},
	{"other-batch", []Op{Get, Cancel, Delete}, "the response is about another batch", func(e *encounter) Fault { return e.otherBatch() }},
	{"malformed", objectOps, "a property of the batch has a value of another type", func(e *encounter) Fault { return e.malformed() }},
	{"other-clock", everyOp, "the Date header is off by up to 5 hours, as from a gateway with another clock", func(e *encounter) Fault {
		return OtherClock(time.Duration(e.rand.IntN(601)-300) * time.Minute)
	}},
	{"cut", everyOp, "the response ends early, as if it were complete", func(e *encounter) Fault { return e.cutBytes() }},
	{"broken", everyOp, "the connection is lost in the middle of the response", func(e *encounter) Fault { return ThenDrop(e.cutBytes()) }},
	{"stalled", everyOp, "the response stalls for a while", func(e *encounter) Fault { return e.stall() }},
	{"slow", everyOp, "the response comes in pieces", func(e *encounter) Fault { return e.slow() }},
	{"cut-lines", []Op{Results}, "the results end early between two lines", func(e *encounter) Fault {
		return e.anyLine(func(lines [][]byte, n int) [][]byte { return lines[:n] })
	}},
	{"garbled", []Op{Results}, "the second half of a line is missing", func(e *encounter) Fault {
		return e.anyLine(func(lines [][]byte, n int) [][]byte {
			lines[n] = append(slices.Clone(lines[n][:len(lines[n])/2]), '\n')
			return lines
		})
	}},
	{"duplicate", []Op{Results}, "a line comes twice", func(e *encounter) Fault {
		return e.anyLine(func(lines [][]byte, n int) [][]byte { return slices.Insert(lines, n, lines[n]) })
	}},
	{"missing", []Op{Results}, "a line is missing", func(e *encounter) Fault {
		return e.anyLine(func(lines [][]byte, n int) [][]byte { return slices.Delete(lines, n, n+1) })
	}},
	{"gateway", []Op{Results}, "a line of a gateway ends the results early", func(e *encounter) Fault {
		return e.anyLine(func(lines [][]byte, n int) [][]byte { return append(slices.Clip(lines[:n]), e.foreignLine()) })
	}},
	{"inserted", []Op{Results}, "a line of a gateway comes between the others", func(e *encounter) Fault {
		return e.anyLine(func(lines [][]byte, n int) [][]byte { return slices.Insert(lines, n, e.foreignLine()) })
	}},
}

// Named returns the fault with this name. It panics if there is none.
func Named(name string) Fault {
	f, ok := namedFault(name)
	if !ok {
		panic(fmt.Sprintf("batchtest: there is no fault named %q", name))
	}
	return f.meet
}

func namedFault(name string) (NamedFault, bool) {
	i := slices.IndexFunc(namedFaults, func(f NamedFault) bool { return f.Name == name })
	if i < 0 {
		return NamedFault{}, false
	}
	return namedFaults[i], true
}

// meet draws the details of the fault for this call, and runs it.
func (f NamedFault) meet(w http.ResponseWriter, r *http.Request, next http.Handler) {
	e := encounterOf(r)
	e.mu.Lock()
	e.stats.Faults[f.Name]++
	e.mu.Unlock()
	f.draw(e)(w, r, next)
}

// loseBatch makes a batch not found for a while. Programs may rely on finding a batch that they have seen, except for
// some minutes.
func (e *encounter) loseBatch() Fault {
	d := e.time()
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		e.hide(r.PathValue("id"), func(b *batch, now time.Time) {
			if now.Sub(b.HiddenUntil) > 30*time.Minute {
				b.HiddenUntil = now.Add(d)
			}
		})
		next.ServeHTTP(w, r)
	}
}

// omitBatch makes list omit one of the ten newest batches, once in a batch's life.
func (e *encounter) omitBatch() Fault {
	n, d := e.rand.IntN(10), e.time()
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		e.hide(e.newest(n), func(b *batch, now time.Time) {
			if b.OmittedUntil.IsZero() {
				b.OmittedUntil = now.Add(d)
			}
		})
		next.ServeHTTP(w, r)
	}
}

// otherBatch puts the id of one of the newest batches, or of one that does not exist, into the response.
func (e *encounter) otherBatch() Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		id := e.newest(e.rand.IntN(10))
		if id == "" || id == r.PathValue("id") {
			id = "msgbatch_01other"
		}
		whole(Rewrite(func(body []byte) []byte {
			return bytes.ReplaceAll(body, []byte(r.PathValue("id")), []byte(id))
		}))(w, r, next)
	}
}

// malformed damages a drawn property of the batch, but never removes its id.
func (e *encounter) malformed() Fault {
	properties := [][2]string{
		{"created_at", `"2026-11-20T10:00:00"`}, {"created_at", `"soon"`}, {"expires_at", "5"}, {"expires_at", ""},
		{"processing_status", `"new"`}, {"processing_status", "5"}, {"request_counts", `{"succeeded":"3"}`}, {"request_counts", "null"},
		{"Request_Counts", `{"succeeded":1}`}, {"results_url", "5"}, {"type", `"batch"`}, {"ended_at", "{}"},
	}
	p := properties[e.rand.IntN(len(properties))]
	return whole(Malformed(p[0], p[1]))
}

// whole restricts a fault to responses that are not errors.
func whole(f Fault) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		m := &heldResponse{header: w.Header()}
		next.ServeHTTP(m, r)
		if m.status >= 300 {
			m.send(w)
			return
		}
		f(w, r, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { m.send(w) }))
	}
}

func (e *encounter) cutBytes() Fault {
	part := e.rand.Float64()
	return Rewrite(func(body []byte) []byte { return body[:int(part*float64(len(body)))] })
}

func (e *encounter) stall() Fault {
	part, d := e.rand.Float64(), e.time()
	return held(func(body []byte) Fault { return Stall(int(part*float64(len(body))), d) })
}

// slow sends a response in up to 20 pieces.
func (e *encounter) slow() Fault {
	pieces, d := 2+e.rand.IntN(19), e.time()
	return held(func(body []byte) Fault { return Slow(len(body)/pieces+1, d/time.Duration(pieces)) })
}

// held returns a fault that depends on the body of the response.
func held(f func(body []byte) Fault) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		m := &heldResponse{header: w.Header()}
		next.ServeHTTP(m, r)
		f(m.body.Bytes())(w, r, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { m.send(w) }))
	}
}

// anyLine changes the lines of results at a drawn line; a response without lines stays unchanged.
func (e *encounter) anyLine(change func(lines [][]byte, n int) [][]byte) Fault {
	part := e.rand.Float64()
	return whole(rewriteLines(func(lines [][]byte) [][]byte {
		if len(lines) == 0 {
			return lines
		}
		return change(lines, int(part*float64(len(lines))))
	}))
}

// foreignLine draws a line that a gateway might send.
func (e *encounter) foreignLine() []byte {
	all := []string{
		"upstream error", "{}", " ", `{"error":{"type":"bad_gateway","message":"Bad gateway"}}`,
		`{"type":"error","error":{"type":"api_error","message":"Internal server error"}}`,
	}
	return []byte(all[e.rand.IntN(len(all))] + "\n")
}
