package client_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// A network is between the calls of one scenario and the service, and causes faults. The fault of a call depends on the
// seed, on the call's name in the header x-call and on how often it has been made, but not on concurrent calls.
type network struct {
	seed    uint64
	service *batchtest.Service
	foreign time.Duration // offset of the clock of a gateway, which writes some of the Date headers
	otherID string        // of a batch of another program

	mu      sync.Mutex
	trouble float64              // probability that a call meets a fault
	made    map[string]int       // calls by operation and name
	taken   map[string][]string  // ids of the batches that the service has accepted, by the name of the call
	hidden  map[string]time.Time // until when batches are not found, by id
	log     []string
}

func newNetwork(seed uint64, s *batchtest.Service, trouble float64, foreign time.Duration) *network {
	w := &network{
		seed: seed, service: s, trouble: trouble, foreign: foreign,
		made: make(map[string]int), taken: make(map[string][]string), hidden: make(map[string]time.Time),
	}
	for _, op := range []batchtest.Op{batchtest.Create, batchtest.List, batchtest.Get, batchtest.Cancel, batchtest.Delete, batchtest.Results} {
		s.Inject(op, batchtest.Times(8, w.fault(op))...) // as many as there are calls at a time
	}
	return w
}

// clear ends all faults, so that the rest of the scenario succeeds.
func (w *network) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trouble = 0
}

// fault returns a fault for one call, which injects itself again for a later call.
func (w *network) fault(op batchtest.Op) batchtest.Fault {
	return func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
		w.service.Inject(op, w.fault(op))
		name := r.Header.Get("x-call")
		if name == "" { // of another program
			next.ServeHTTP(rw, r)
			return
		}
		switch op {
		case batchtest.Create:
			next = w.recording(name, next)
		case batchtest.List:
			inner := next
			next = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { byCreation(rw, r, inner) })
		}
		rng, trouble := w.draw(op, name)
		skew := time.Duration(rng.IntN(121)-60) * time.Second // the clocks of the service's machines differ
		if rng.IntN(3) > 0 {
			skew += w.foreign
		}
		rw.Header().Set("date", w.service.Now().Add(skew).Format(http.TimeFormat))
		what, f := "fine", batchtest.Fault(nil)
		if rng.Float64() < trouble {
			what, f = w.choose(op, rng, r.PathValue("id"))
		}
		if w.isHidden(op, r.PathValue("id")) {
			what, f, next = "not found for a while", nil, notFound
		}
		w.mu.Lock()
		w.log = append(w.log, fmt.Sprint(time.Now().UnixMilli(), " ", name, " ", op, " ", what))
		w.mu.Unlock()
		if f == nil {
			next.ServeHTTP(rw, r)
			return
		}
		f(rw, r, next)
	}
}

func (w *network) draw(op batchtest.Op, name string) (*rand.Rand, float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := fmt.Sprint(op, " ", name)
	w.made[key]++
	h := fnv.New64a()
	fmt.Fprint(h, key, " ", w.made[key])
	return rand.New(rand.NewPCG(w.seed, h.Sum64())), w.trouble
}

// recording records which batches the service accepts.
func (w *network) recording(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		response := httptest.NewRecorder()
		next.ServeHTTP(response, r)
		var batch struct{ ID, Type string }
		if json.Unmarshal(response.Body.Bytes(), &batch) == nil && batch.Type == "message_batch" {
			w.mu.Lock()
			w.taken[name] = append(w.taken[name], batch.ID)
			w.hidden[batch.ID] = time.Now() // otherwise its lag would become longer
			w.mu.Unlock()
		}
		response.Header().Del("date")
		maps.Copy(rw.Header(), response.Header())
		rw.WriteHeader(response.Code)
		rw.Write(response.Body.Bytes())
	})
}

func (w *network) takenBy(name string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.taken[name])
}

// lose makes a batch not found for d, at most 4 minutes, unless that has happened in the last 30 minutes.
func (w *network) lose(id string, d time.Duration) batchtest.Fault {
	return func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
		w.mu.Lock()
		if time.Since(w.hidden[id]) > 30*time.Minute {
			w.hidden[id] = time.Now().Add(d)
			next = notFound
		}
		w.mu.Unlock()
		next.ServeHTTP(rw, r)
	}
}

var notFound = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
	batchtest.Fail(404, "not_found_error", "Gone.")(rw, r, nil)
})

func (w *network) isHidden(op batchtest.Op, id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return (op == batchtest.Get || op == batchtest.Results) && time.Now().Before(w.hidden[id])
}

type fault struct {
	name string
	f    batchtest.Fault
}

// choose draws one of the ways in which a call for the batch with the given id can fail.
func (w *network) choose(op batchtest.Op, rng *rand.Rand, id string) (string, batchtest.Fault) {
	n := rng.IntN(3000)
	faults := []fault{
		{"dropped before", batchtest.DropBefore()},
		{"dropped after", batchtest.DropAfter()},
		{"dropped at once", func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }},
		{"dropped in the request", inTheBody(n, func(http.ResponseWriter) { panic(http.ErrAbortHandler) })},
		{"early response", inTheBody(n, func(rw http.ResponseWriter) { rw.WriteHeader([]int{400, 413, 429, 500, 502, 529}[n%6]) })},
		{"cut", batchtest.DropBytes(n)},
		{"cut cleanly", batchtest.TruncateBytes(n)},
		{"stalled", batchtest.Stall(n, time.Duration(n)*time.Second)},
		{"slow", late(time.Duration(n)*20*time.Millisecond, false)},
		{"hidden by 502", hidden(502, "<html>Bad gateway</html>")},
		{"hidden by 500", hidden(500, `{"type":"error","error":{"type":"api_error","message":"Oops."}}`)},
		{"hidden by 504", hidden(504, "")},
		{"hidden by 408", hidden(408, `{"type":"error","error":{"type":"timeout_error","message":"Late."}}`)},
		{"hidden by a page", hidden(200, "<html>Log in</html>")},
		{"hidden by {}", hidden(200, "{}")},
		{"hidden by null", hidden(200, "null")},
		{"302 elsewhere", batchtest.Status(302, "", "location", "https://example.com/v1/messages/batches")},
		{"307 elsewhere", batchtest.Status(307, "", "location", "https://example.com/v1/messages/batches")},
		{"308 here", batchtest.Status(308, "", "location", "/v1/messages/batches")},
		{"400", batchtest.Fail(400, "invalid_request_error", "No.")},
		{"403 of the edge", batchtest.EdgeForbidden()},
		{"401", batchtest.Fail(401, "authentication_error", "No.")},
		{"404 as text", batchtest.Status(404, "no such page")},
		{"409", batchtest.Fail(409, "conflict_error", "No.")},
		{"429", batchtest.Fail(429, "rate_limit_error", "Slow.", "retry-after", fmt.Sprint(n%200))},
		{"429 for ever", batchtest.Fail(429, "rate_limit_error", "No.")},
		{"500", batchtest.Fail(500, "api_error", "Oops.")},
		{"503", batchtest.Fail(503, "api_error", "Down.")},
		{"529", batchtest.Fail(529, "overloaded_error", "Busy.", "retry-after-ms", fmt.Sprint(n))},
	}
	switch op {
	case batchtest.Create:
		faults = append(faults,
			fault{"taken late", late(time.Duration(n)*200*time.Millisecond, true)},
			fault{"taken late, dropped", dropBehind(late(time.Duration(n)*200*time.Millisecond, true))},
			fault{"accepted very late, dropped", dropBehind(late(time.Duration(n)*590*time.Millisecond, true))}, // up to half an hour
			fault{"413", batchtest.Status(413, "too large")},
		)
	case batchtest.Results:
		for range 8 {
			faults = append(faults, changedLines(rng))
		}
	}
	if op != batchtest.Results {
		for range 3 {
			faults = append(faults, malformed(op, rng))
		}
	}
	switch op {
	case batchtest.Get, batchtest.Results:
		for range 3 {
			faults = append(faults, fault{"not found for a while", w.lose(id, time.Duration(n)*80*time.Millisecond)})
		}
	}
	switch op {
	case batchtest.Get, batchtest.Cancel, batchtest.Delete: // responses to create, and results, do not show it
		faults = append(faults, fault{"another batch", otherBatch(id, w.otherID)})
	}
	f := faults[rng.IntN(len(faults))]
	return f.name, f.f
}

// changedLines draws changes to the lines of the results, up to three at once.
func changedLines(rng *rand.Rand) fault {
	changes := []struct {
		name   string
		change func(lines [][]byte, i int) [][]byte
	}{
		{"a line twice", func(lines [][]byte, i int) [][]byte { return append(lines, lines[i]) }},
		{"a line broken", func(lines [][]byte, i int) [][]byte {
			lines[i] = append(slices.Clone(lines[i][:len(lines[i])/2]), '\n')
			return lines
		}},
		{"a line missing", func(lines [][]byte, i int) [][]byte { return slices.Delete(lines, i, i+1) }},
		{"another order", func(lines [][]byte, i int) [][]byte {
			lines[0], lines[i] = lines[i], lines[0]
			return lines
		}},
		{"an error as last line", func(lines [][]byte, i int) [][]byte {
			return append(lines[:i], []byte(`{"type":"error","error":{"type":"overloaded_error","message":"Busy."}}`+"\n"))
		}},
		{"a line of a gateway", func(lines [][]byte, i int) [][]byte {
			return append(slices.Clip(lines[:i]), []byte("upstream error\n"))
		}},
		{"an error of a gateway", func(lines [][]byte, i int) [][]byte {
			return append(slices.Clip(lines[:i]), []byte(`{"error":{"type":"bad_gateway","message":"Oops."}}`+"\n"))
		}},
		{"a line of a gateway between", func(lines [][]byte, i int) [][]byte { return slices.Insert(lines, i, []byte("{}\n")) }},
		{"an error in place of a result", func(lines [][]byte, i int) [][]byte {
			lines[i] = bytes.Replace(lines[i], []byte(`"result":`), []byte(`"type":"error","error":{"type":"api_error","message":"?"},"x":`), 1)
			return lines
		}},
		{"a malformed field", func(lines [][]byte, i int) [][]byte {
			lines[i] = bytes.Replace(lines[i], []byte(`"output_tokens":`), []byte(`"output_tokens":"?","x":`), 1)
			return lines
		}},
		{"blank lines", func(lines [][]byte, i int) [][]byte { return slices.Insert(lines, i, []byte("\r\n \n")) }},
	}
	f := fault{name: "lines"}
	var apply []func([][]byte) [][]byte
	for range 1 + rng.IntN(3) {
		c, i := changes[rng.IntN(len(changes))], rng.IntN(100)
		f.name += ", " + c.name
		apply = append(apply, func(lines [][]byte) [][]byte {
			if len(lines) == 0 {
				return lines
			}
			return c.change(lines, i%len(lines))
		})
	}
	f.f = batchtest.Rewrite(func(body []byte) []byte {
		lines := bytes.SplitAfter(body, []byte("\n"))
		lines = lines[:len(lines)-1] // there is nothing after the last line break
		for _, change := range apply {
			lines = change(lines)
		}
		return bytes.Join(lines, nil)
	})
	if rng.IntN(2) == 0 {
		f.f = batchtest.ThenDrop(f.f)
	}
	return f
}

// malformed draws a property of a response and its replacement.
func malformed(op batchtest.Op, rng *rand.Rand) fault {
	type property struct{ name, value string }
	properties := []property{
		{"id", ""}, {"id", "null"}, {"id", "7"}, {"id", `""`}, {"type", "7"}, {"type", `"batch"`}, {"type", ""},
		{"created_at", `"2026-11-20T10:00:00"`}, {"created_at", `"soon"`}, {"created_at", ""}, {"expires_at", "5"},
		{"processing_status", "5"}, {"processing_status", `"new"`}, {"processing_status", ""},
		{"request_counts", ""}, {"request_counts", "null"}, {"request_counts", `{"succeeded":"3"}`}, {"request_counts", "[]"},
		{"Request_Counts", `{"succeeded":1}`}, {"ID", `"msgbatch_none"`}, {"Type", `"batch"`}, {"results_url", "5"}, {"x", "{"},
	}
	if op == batchtest.List {
		properties = []property{{"data", ""}, {"data", "null"}, {"data", "7"}, {"has_more", `"yes"`}, {"last_id", "{"}, {"Data", "[]"}, {"Has_More", "true"}}
	}
	p := properties[rng.IntN(len(properties))]
	return fault{fmt.Sprintf("%s is %s", p.name, p.value), batchtest.Malformed(p.name, p.value)}
}

// otherBatch makes a response, even an error, describe another batch.
func otherBatch(id, other string) batchtest.Fault {
	return func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method == http.MethodGet {
			r = r.Clone(r.Context())
			r.SetPathValue("id", other)
			next.ServeHTTP(rw, r)
			return
		}
		batchtest.Rewrite(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(id), []byte(other)) })(rw, r, next)
	}
}

// inTheBody acts when a part of the request has arrived: at most n bytes, and never all of it.
func inTheBody(n int, then func(http.ResponseWriter)) batchtest.Fault {
	return func(rw http.ResponseWriter, r *http.Request, _ http.Handler) {
		io.CopyN(io.Discard, r.Body, min(int64(n), r.ContentLength-1))
		then(rw)
	}
}

// late acts after a while, even if the caller is gone; if read is set, it reads the request first.
func late(d time.Duration, read bool) batchtest.Fault {
	return func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
		if read {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		pass(d)
		next.ServeHTTP(rw, r)
	}
}

// hidden lets the service act, and sends another response.
func hidden(status int, body string) batchtest.Fault {
	return func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(httptest.NewRecorder(), r)
		batchtest.Status(status, body)(rw, r, next)
	}
}

// dropBehind drops the connection while the service acts.
func dropBehind(f batchtest.Fault) batchtest.Fault {
	return func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		away := r.Clone(r.Context())
		away.Body = io.NopCloser(bytes.NewReader(body))
		go f(httptest.NewRecorder(), away, next)
		panic(http.ErrAbortHandler)
	}
}
