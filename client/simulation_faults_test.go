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

// weather is what stands between the calls of one life and the service. What a call meets depends on the seed, on the
// call's name in the header x-call and on how often it has been made, but not on what goes on beside it.
type weather struct {
	seed    uint64
	service *batchtest.Service

	mu      sync.Mutex
	trouble float64             // how likely a call meets a fault
	made    map[string]int      // calls by operation and name
	taken   map[string][]string // ids of the batches that the service has taken, by the name of the call
	log     []string
}

func newWeather(seed uint64, s *batchtest.Service, trouble float64) *weather {
	w := &weather{seed: seed, service: s, trouble: trouble, made: make(map[string]int), taken: make(map[string][]string)}
	for _, op := range []batchtest.Op{batchtest.Create, batchtest.List, batchtest.Retrieve, batchtest.Cancel, batchtest.Delete, batchtest.Results} {
		s.Inject(op, batchtest.Times(8, w.fault(op))...) // as many as calls meet at a time
	}
	return w
}

// clear lets the sun come out for good: whatever a life still has to do then comes to its end.
func (w *weather) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trouble = 0
}

// fault meets a call, and sees to it that a later one meets it too.
func (w *weather) fault(op batchtest.Op) batchtest.Fault {
	return func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
		w.service.Inject(op, w.fault(op))
		name := r.Header.Get("x-call")
		if name == "" { // of another program
			next.ServeHTTP(rw, r)
			return
		}
		if op == batchtest.Create {
			next = w.recording(name, next)
		}
		rng, trouble := w.draw(op, name)
		skew := time.Duration(rng.IntN(121)-60) * time.Second // the service's machines do not agree on the time
		rw.Header().Set("date", w.service.Now().Add(skew).Format(http.TimeFormat))
		what, f := "fine", batchtest.Fault(nil)
		if rng.Float64() < trouble {
			what, f = choose(op, rng)
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

func (w *weather) draw(op batchtest.Op, name string) (*rand.Rand, float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := fmt.Sprint(op, " ", name)
	w.made[key]++
	h := fnv.New64a()
	fmt.Fprint(h, key, " ", w.made[key])
	return rand.New(rand.NewPCG(w.seed, h.Sum64())), w.trouble
}

// recording notes which batches the service takes.
func (w *weather) recording(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		var batch struct{ ID, Type string }
		if json.Unmarshal(answer.Body.Bytes(), &batch) == nil && batch.Type == "message_batch" {
			w.mu.Lock()
			w.taken[name] = append(w.taken[name], batch.ID)
			w.mu.Unlock()
		}
		answer.Header().Del("date")
		maps.Copy(rw.Header(), answer.Header())
		rw.WriteHeader(answer.Code)
		rw.Write(answer.Body.Bytes())
	})
}

func (w *weather) takenBy(name string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.taken[name])
}

type fault struct {
	name string
	f    batchtest.Fault
}

// choose draws one of the ways in which a call can fail.
func choose(op batchtest.Op, rng *rand.Rand) (string, batchtest.Fault) {
	n := rng.IntN(3000)
	faults := []fault{
		{"dropped before", batchtest.DropBefore()},
		{"dropped after", batchtest.DropAfter()},
		{"dropped at once", func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }},
		{"dropped in the request", inTheBody(n, func(http.ResponseWriter) { panic(http.ErrAbortHandler) })},
		{"answered early", inTheBody(n, func(rw http.ResponseWriter) { rw.WriteHeader([]int{400, 413, 429, 500, 502, 529}[n%6]) })},
		{"cut", batchtest.Cut(n, false)},
		{"cut cleanly", batchtest.Cut(n, true)},
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
		{"308 here", batchtest.Status(308, "", "location", "/v1/messages/batches/other")},
		{"400", batchtest.Fail(400, "invalid_request_error", "No.")},
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
			fault{"taken late, dropped", dropBehind(late(time.Duration(n)*200*time.Millisecond, true))},
			fault{"413", batchtest.Status(413, "too large")},
		)
	case batchtest.Results:
		for range 8 {
			faults = append(faults, changedLines(rng))
		}
	}
	f := faults[rng.IntN(len(faults))]
	return f.name, f.f
}

// changedLines draws what becomes of the lines of the results, up to three things at once.
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
	drop := rng.IntN(2) == 0
	f.f = batchtest.Rewrite(func(body []byte) []byte {
		lines := bytes.SplitAfter(body, []byte("\n"))
		lines = lines[:len(lines)-1] // behind the last line break is nothing
		for _, change := range apply {
			lines = change(lines)
		}
		return bytes.Join(lines, nil)
	}, drop)
	return f
}

// inTheBody acts when a part of the request has come: at most n bytes, and never all.
func inTheBody(n int, then func(http.ResponseWriter)) batchtest.Fault {
	return func(rw http.ResponseWriter, r *http.Request, _ http.Handler) {
		io.CopyN(io.Discard, r.Body, min(int64(n), r.ContentLength-1))
		then(rw)
	}
}

// late acts after a while, whether the caller is still there or not; if read, it has the request before.
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

// hidden lets the service act, and answers something else.
func hidden(status int, body string) batchtest.Fault {
	return func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(httptest.NewRecorder(), r)
		batchtest.Status(status, body)(rw, r, next)
	}
}

// dropBehind lets the caller go while the service acts.
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
