package batchtest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// TestNamedFaults checks the effect of each fault of the list on each operation, injected by name and by an option.
func TestNamedFaults(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{ // for all operations, or for the named one
		"dropped":     "error, not acted",
		"lost":        "error",
		"held":        "later",
		"late":        "later",
		"late-lost":   "error, acts later",
		"hidden-502":  "502",
		"hidden-504":  "504 timeout_error",
		"page":        "200 page, not acted",
		"redirect":    "307, not acted",
		"edge-403":    "403 forbidden, not acted",
		"edge-413":    "413 page, not acted",
		"400":         "400 invalid_request_error, not acted",
		"401":         "401 authentication_error, not acted",
		"409":         "409 conflict_error, not acted",
		"429":         "429 rate_limit_error, not acted, retry-after",
		"429-cap":     "429 rate_limit_error, not acted",
		"500":         "500 api_error, not acted",
		"503":         "503 api_error, not acted",
		"529":         "529 overloaded_error, not acted",
		"not-found":   "404 not_found_error, not acted",
		"omitted":     "one batch less",
		"other-batch": "another batch",
		"malformed":   "malformed",
		"other-clock": "clock",
		"cut":         "short",
		"broken":      "broken",
		"stalled":     "later",
		"slow":        "later",
		"cut-lines":   "lines less",
		"garbled":     "a line is not JSON",
		"duplicate":   "one line more",
		"missing":     "one line less",
		"gateway":     "a foreign line at the end",
		"inserted":    "a foreign line",
	} {
		f := find(t, name)
		for _, op := range f.Ops {
			duration := batchtest.WithDuration(0)
			if op == batchtest.Cancel {
				duration = batchtest.WithDuration(20 * time.Hour)
			}
			for how, meet := range map[string]func(*testing.T) *batchtest.Service{
				"by name": func(t *testing.T) *batchtest.Service {
					s := batchtest.New(t, duration)
					s.Inject(op, batchtest.Named(name))
					return s
				},
				"by option": func(t *testing.T) *batchtest.Service {
					o, err := batchtest.ParseFault(fmt.Sprintf("%s:%s=#1", op, name))
					if err != nil {
						t.Fatal(err)
					}
					return batchtest.New(t, o, duration)
				},
			} {
				t.Run(strings.Join([]string{name, string(op), how}, "/"), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { checkNamedFault(t, meet(t), op, want) })
				})
			}
		}
	}
}

func find(t *testing.T, name string) batchtest.NamedFault {
	t.Helper()
	all := batchtest.Faults()
	i := slices.IndexFunc(all, func(f batchtest.NamedFault) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("there is no fault %s", name)
	}
	if all[i].About == "" || len(all[i].Ops) == 0 {
		t.Errorf("%s is not described", name)
	}
	return all[i]
}

// TestNamedFaultsAreTested checks that the table above has all faults.
func TestNamedFaultsAreTested(t *testing.T) {
	t.Parallel()
	if n := len(batchtest.Faults()); n != 34 {
		t.Errorf("%d faults, and the table of TestNamedFaults has 34", n)
	}
}

// A meeting is the outcome of one call that met a fault.
type meeting struct {
	status  int
	kind    string // of the error
	header  http.Header
	body    string
	err     error
	elapsed time.Duration
}

// checkNamedFault makes a call that meets a fault and compares it with one that does not.
func checkNamedFault(t *testing.T, s *batchtest.Service, op batchtest.Op, want string) {
	ids := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	target := s.Seed(len(ids), time.Time{}).ID
	s.Seed(1, time.Time{})
	call := func() (m meeting) {
		method, path := "GET", "/"+target
		var in io.Reader
		switch op {
		case batchtest.Create:
			method, path, in = "POST", "", body(ids...)
		case batchtest.List:
			path = ""
		case batchtest.Cancel:
			method, path = "POST", path+"/cancel"
		case batchtest.Delete:
			method = "DELETE"
		case batchtest.Results:
			path += "/results"
		}
		began := time.Now()
		c := s.HTTPClient()
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		resp, err := reached{s, c}.try(t, method, path, in)
		if err == nil {
			m.status, m.header = resp.StatusCode, resp.Header
			var text []byte
			var e struct{ Error struct{ Type string } }
			text, err = io.ReadAll(resp.Body)
			resp.Body.Close()
			m.body = string(text)
			_ = json.Unmarshal(text, &e) // a body that is not JSON has no type
			m.kind = e.Error.Type
		}
		m.err, m.elapsed = err, time.Since(began)
		return m
	}
	acted := func() bool { return actedOn(s, op, target) }
	got := call()
	first := acted()
	if want == "error, acts later" {
		if got.err == nil || first {
			t.Errorf("got %+v, acted %v", got, first)
		}
		<-time.After(5 * time.Minute)
		if !acted() {
			t.Error("the service has not acted")
		}
		return
	}
	if acts := slices.Contains([]batchtest.Op{batchtest.Create, batchtest.Cancel, batchtest.Delete}, op); acts && first == strings.Contains(want, "not acted") {
		t.Errorf("acted: %v", first)
	}
	<-time.After(5 * time.Minute) // hidden batches are found again
	plain := meeting{status: 200}
	if op == batchtest.List || op == batchtest.Get || op == batchtest.Results {
		plain = call()
	}
	checkMeeting(t, want, got, plain, target)
}

func checkMeeting(t *testing.T, want string, got, plain meeting, target string) {
	lines, plainLines := strings.SplitAfter(got.body, "\n"), strings.SplitAfter(plain.body, "\n")
	ok := false
	switch what, _, _ := strings.Cut(want, ","); what {
	case "error":
		ok = got.err != nil
	case "later":
		ok = got.err == nil && got.status == 200 && got.elapsed > 0 && got.elapsed <= 20*4*time.Minute && (plain.body == "" || got.body == plain.body)
	case "one batch less":
		ok = strings.Count(got.body, `"id":`) == 1 && strings.Count(plain.body, `"id":`) == 2
	case "another batch":
		ok = !strings.Contains(got.body, target) && strings.Contains(got.body, "msgbatch_")
	case "malformed":
		ok = got.status == 200 && got.err == nil && got.body != plain.body && strings.Contains(got.body, `"id":"msgbatch_`)
	case "clock":
		date, err := http.ParseTime(got.header.Get("date"))
		ok = err == nil && time.Since(date).Abs() > time.Minute && time.Since(date).Abs() <= 6*time.Hour
	case "short":
		ok = got.err == nil && (plain.body == "" || len(got.body) < len(plain.body) && strings.HasPrefix(plain.body, got.body))
	case "broken":
		ok = got.err != nil && (plain.body == "" || len(got.body) < len(plain.body))
	case "lines less":
		ok = len(lines) < len(plainLines) && strings.HasPrefix(plain.body, got.body)
	case "a line is not JSON":
		ok = len(lines) == len(plainLines) && len(got.body) < len(plain.body)
	case "one line more":
		ok = len(lines) == len(plainLines)+1
	case "one line less":
		ok = len(lines) == len(plainLines)-1
	case "a foreign line at the end":
		ok = len(lines) <= len(plainLines) && !strings.Contains(lines[len(lines)-2], `"result"`)
	case "a foreign line":
		ok = len(lines) == len(plainLines)+1 && slices.ContainsFunc(lines[:len(lines)-1], func(l string) bool { return !strings.Contains(l, `"result"`) })
	default: // a status and a type
		status, kind, _ := strings.Cut(what, " ")
		ok = got.err == nil && fmt.Sprint(got.status) == status && (kind == got.kind || kind == "page" && got.kind == "")
		ok = ok && (got.header.Get("retry-after") != "") == strings.Contains(want, "retry-after")
	}
	if !ok {
		t.Errorf("got %+v instead of %s; without the fault it is %+v", got, want, plain)
	}
}

// actedOn reports whether the service has done what a call requested.
func actedOn(s *batchtest.Service, op batchtest.Op, target string) bool {
	batches := s.Batches()
	i := slices.IndexFunc(batches, func(b gen.BetaMessageBatch) bool { return b.ID == target })
	switch op {
	case batchtest.Create:
		return len(batches) == 3
	case batchtest.Cancel:
		return i >= 0 && !batches[i].CancelInitiatedAt.IsZero()
	case batchtest.Delete:
		return i < 0
	}
	return false
}

func TestFaultsByRate(t *testing.T) {
	t.Parallel()
	statuses := func(seed uint64, opts ...batchtest.Option) (all []int) {
		s := batchtest.New(t, append(opts, batchtest.WithSeed(seed))...)
		for range 1000 {
			all = append(all, status(t, s, "GET", ""))
		}
		return all
	}
	busy := batchtest.WithFaultRate(batchtest.List, 0.1, batchtest.Named("529"))
	first, again, other := statuses(1, busy), statuses(1, busy), statuses(2, busy)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the same seed produces another day: %s", diff)
	}
	if cmp.Equal(first, other) {
		t.Error("another seed produces the same day")
	}
	for name, all := range map[string][]int{
		"one operation":        first,
		"all operations":       statuses(1, batchtest.WithFaultRate("", 0.1, batchtest.Named("529"))),
		"behind another one":   statuses(1, batchtest.WithFaultRate(batchtest.Get, 1, batchtest.DropBefore()), busy),
		"one name":             statuses(1, batchtest.WithRandomFaults(0.1, "529")),
		"a flag":               statuses(1, parseFault(t, "529=10%")),
		"a flag, an operation": statuses(1, parseFault(t, "list:529=0.1")),
	} {
		if n := len(slices.DeleteFunc(slices.Clone(all), func(status int) bool { return status != 529 })); n < 60 || n > 140 {
			t.Errorf("%s: %d of 1000 calls meet the fault", name, n)
		}
	}
	if all := statuses(1, parseFault(t, "list:529=#3"), parseFault(t, "list:503=#5"), parseFault(t, "get:500=#1")); !slices.Equal(all[:6], []int{200, 200, 529, 200, 503, 200}) || slices.Max(all[6:]) != 200 {
		t.Errorf("got %v", all[:10])
	}
}

// TestInjectedFaultsComeFirst checks the order of queue and rate, and that both can be stopped.
func TestInjectedFaultsComeFirst(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithFaultRate(batchtest.List, 1, batchtest.Named("529")))
	s.Inject(batchtest.List, nil, batchtest.Named("503"))
	for i, want := range []int{200, 503, 529, 529} {
		if got := status(t, s, "GET", ""); got != want {
			t.Errorf("call %d: got %d, want %d", i, got, want)
		}
	}
	s.Inject(batchtest.List, batchtest.Named("503"))
	s.StopFaults()
	if got := status(t, s, "GET", ""); got != 200 {
		t.Errorf("stopped, but got %d", got)
	}
}

func TestParseFaultRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"lost":            `fault "lost": give a rate, such as lost=2%`,
		"lots=1%":         `there is no fault named "lots"`,
		"crate:lost=1%":   `there is no operation "crate"`,
		"list:edge-413=1": "edge-413 does not apply to list",
		"lost=200%":       `"200%" is not a rate`,
		"lost=-1":         `"-1" is not a rate`,
		"lost=NaN":        `"NaN" is not a rate`,
		"lost=":           `"" is not a rate`,
		"lost=#1":         "name the operation",
		"create:lost=#0":  "calls from 1",
	} {
		if o, err := batchtest.ParseFault(text); err == nil || !strings.Contains(err.Error(), want) || o != nil {
			t.Errorf("%s: got %v", text, err)
		}
	}
	for _, text := range []string{"any=1%", "create:any=#2", "results:garbled=0.5", "late=0"} {
		if _, err := batchtest.ParseFault(text); err != nil {
			t.Error(err)
		}
	}
}

func parseFault(t *testing.T, text string) batchtest.Option {
	t.Helper()
	o, err := batchtest.ParseFault(text)
	if err != nil {
		t.Fatal(err)
	}
	return o
}
