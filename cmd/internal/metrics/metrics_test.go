package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs"
)

// scrape reads metrics as Prometheus does.
func scrape(t *testing.T, m *Metrics) map[string]*dto.MetricFamily {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	m.handler(false).ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// value returns the sum of the series of a metric with the given labels, and whether there are any.
func value(all map[string]*dto.MetricFamily, name string, labels ...string) (v float64, ok bool) {
	for _, m := range all[name].GetMetric() {
		has := 0
		for _, l := range m.GetLabel() {
			if slices.Contains(labels, l.GetValue()) {
				has++
			}
		}
		if has == len(labels) {
			ok = true
			v += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return v, ok
}

// A day is a job that runs while it is scraped.
type day struct {
	names    map[string]bool // of all scrapes
	running, // the first scrape with requests in progress
	last map[string]*dto.MetricFamily
	report *jobs.Report
	poll   float64 // calls received by the service
}

// runDay runs a job with failures of results and of calls.
func runDay(t *testing.T) *day {
	t.Helper()
	d := &day{names: make(map[string]bool)}
	m := New(nil)
	look := func() map[string]*dto.MetricFamily {
		all := scrape(t, m)
		for name := range all {
			d.names[name] = true
		}
		return all
	}
	service := batchtest.New(t, batchtest.WithDuration(30*time.Minute), batchtest.WithErrored(0.2), batchtest.WithExpired(0.1), batchtest.WithSeed(2))
	service.Inject(batchtest.Get, batchtest.Fail(http.StatusInternalServerError, "api_error", "broken"))
	service.Inject(batchtest.Create, batchtest.DropAfter())
	input := filepath.Join(t.TempDir(), "requests.jsonl")
	var lines strings.Builder
	for i := range 60 {
		fmt.Fprintf(&lines, `{"custom_id":"row-%d","params":{"model":"claude-opus-5","max_tokens":50,"messages":[{"role":"user","content":"hello %d"}]}}`+"\n", i, i)
	}
	if err := os.WriteFile(input, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	o := jobs.Options{MaxRequests: 20, MaxWaiting: 1000, OnEvent: func(e jobs.Event) {
		m.Event(e)
		all := look()
		if n, _ := value(all, "messagebatches_requests", "waiting"); n > 0 && d.running == nil {
			d.running = all
		}
	}}
	j, err := jobs.Open(t.Context(), filepath.Join(t.TempDir(), "a.job"), o)
	if err != nil {
		t.Fatal(err)
	}
	end := m.Watch(func(ctx context.Context) ([]Snapshot, error) {
		st, err1 := j.Status(ctx)
		batches, err2 := j.Batches(ctx)
		costs, err3 := j.Costs(ctx)
		return []Snapshot{{st, batches, costs}}, errors.Join(err1, err2, err3)
	})
	d.report, err = j.Run(t.Context(), service.Client(client.WithHooks(m.Hooks())), jobs.Lines(input))
	if err != nil {
		t.Fatal(err)
	}
	d.last = look()
	end()
	if _, ok := scrape(t, m)["messagebatches_jobs"]; ok {
		t.Error("gauges of a job that is not watched")
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	for _, op := range []batchtest.Op{batchtest.Get, batchtest.List} {
		d.poll += float64(len(service.Calls(op)))
	}
	return d
}

// TestScrape compares a scrape with the outcome of the job.
func TestScrape(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := runDay(t)
		want := func(in map[string]*dto.MetricFamily, v float64, name string, labels ...string) {
			t.Helper()
			if got, ok := value(in, name, labels...); !ok || got != v {
				t.Errorf("%s %v is %v, want %v", name, labels, got, v)
			}
		}
		r := d.report
		want(d.last, float64(r.Requests+r.Reasked+r.Retried), "messagebatches_results_total")
		want(d.last, float64(r.Answered), "messagebatches_results_total", "succeeded")
		want(d.last, float64(r.Costs.Rows[0].Tokens.Output), "messagebatches_tokens_total", "claude-opus-5", "output")
		if got, _ := value(d.last, "messagebatches_cost_total", "USD"); got < r.Costs.Actual.Float64()-1e-6 || got > r.Costs.Actual.Float64()+1e-6 || got == 0 {
			t.Errorf("the cost is %v, want %v", got, r.Costs.Actual)
		}
		want(d.last, 1, "messagebatches_uncertain_creates_total")
		want(d.last, 1, "messagebatches_events_total", "doubt")
		want(d.last, 1, "messagebatches_jobs", "done")
		want(d.last, 0, "messagebatches_batches")
		want(d.last, 1, "messagebatches_up")
		if got, _ := value(d.last, "messagebatches_call_retries_total"); got < 1 {
			t.Errorf("%v retries", got)
		}
		if got, _ := value(d.last, "messagebatches_polls_total"); got < 2 || got > d.poll {
			t.Errorf("%v polls, but the service has received %v calls", got, d.poll)
		}
		want(d.running, 60, "messagebatches_job_requests")
		want(d.running, 1000, "messagebatches_waiting_limit")
		for name, least := range map[string]float64{"messagebatches_batches": 3, "messagebatches_requests": 60} {
			if got, _ := value(d.running, name); got < least {
				t.Errorf("%s is %v, want %v at least", name, got, least)
			}
		}
		age, ok := value(d.running, "messagebatches_oldest_batch_age_seconds")
		if left, _ := value(d.running, "messagebatches_oldest_batch_expiry_seconds"); !ok || age+left < 86399 || age+left > 86401 {
			t.Errorf("the oldest batch is %v old and expires in %v", age, left)
		}
		if _, ok := value(d.last, "messagebatches_oldest_batch_age_seconds"); ok {
			t.Error("a batch is running although the job is done")
		}
	})
}

// described returns the names of metrics in a text.
func described(text string) []string {
	names := make(map[string]bool)
	for _, name := range regexp.MustCompile(`messagebatches_[a-z0-9_]+`).FindAllString(text, -1) {
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// TestNames compares the names in the documentation, the Grafana dashboard and a scrape.
func TestNames(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := runDay(t)
		doc := string(must(os.ReadFile("doc.go")))
		for _, text := range []string{doc, string(must(os.ReadFile("../../grafana.json")))} {
			names := described(text)
			if len(names) < 15 {
				t.Errorf("only %v", names)
			}
			for _, name := range names {
				if !d.names[name] {
					t.Errorf("no scrape has %s", name)
				}
			}
		}
		for name := range d.names {
			if strings.HasPrefix(name, "messagebatches_") && !slices.Contains(described(doc), name) {
				t.Errorf("%s is not documented", name)
			}
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestLint checks names and help against the conventions of Prometheus.
func TestLint(t *testing.T) {
	t.Parallel()
	m := New(nil)
	defer m.Watch(func(context.Context) ([]Snapshot, error) {
		return []Snapshot{{Status: &jobs.Status{State: "running"}, Costs: &jobs.Costs{Currency: "USD"}}}, nil
	})()
	families := slices.Collect(maps.Values(scrape(t, m)))
	if len(families) < 40 {
		t.Errorf("%d metrics", len(families))
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestLabelsAreBounded uses a service that invents names, with characters that must not be in labels.
func TestLabelsAreBounded(t *testing.T) {
	t.Parallel()
	m := New(nil)
	h := m.Hooks()
	ctx := h.StartCall(t.Context(), client.CallStart{Op: "get results"})
	for i := range 1000 {
		raw := fmt.Sprintf(`{"custom_id":"secret-id","result":{"type":"succeeded","message":{"type":"message","role":"assistant","id":"m","model":"model\n\u202e%d%s","content":[],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}}}`, i, strings.Repeat("x", 300))
		item := client.ParseItem([]byte(raw), 0)
		h.Result(ctx, &item)
		raw = fmt.Sprintf(`{"custom_id":"secret-id","result":{"type":"errored","error":{"type":"error","error":{"type":"type_%d","message":"secret message"}}}}`, i)
		item = client.ParseItem([]byte(raw), 0)
		h.Result(ctx, &item)
	}
	h.EndCall(ctx, client.CallEnd{Op: "get results"})
	all := scrape(t, m)
	if n := len(all["messagebatches_tokens_total"].GetMetric()); n != 4*(mostNames+1) {
		t.Errorf("%d series of tokens", n)
	}
	if n := len(all["messagebatches_results_total"].GetMetric()); n != mostNames+2 {
		t.Errorf("%d series of results", n)
	}
	if v, _ := value(all, "messagebatches_tokens_total", "other", "input"); v != 1000-mostNames {
		t.Errorf("%v tokens of other models", v)
	}
	for _, f := range all {
		for _, x := range f.GetMetric() {
			for _, l := range x.GetLabel() {
				if strings.Contains(l.GetValue(), "secret") || strings.ContainsAny(l.GetValue(), "\n\u202e") || len(l.GetValue()) > 150 {
					t.Errorf("%s has a label %q", f.GetName(), l.GetValue())
				}
			}
		}
	}
}

// TestNoState checks that a scrape reports unreadable jobs, and still has the counters.
func TestNoState(t *testing.T) {
	t.Parallel()
	m := New(nil)
	defer m.Watch(func(context.Context) ([]Snapshot, error) { return nil, errors.New("no database") })()
	all := scrape(t, m)
	if v, ok := value(all, "messagebatches_up"); !ok || v != 0 || all["messagebatches_jobs"] != nil || all["messagebatches_polls_total"] == nil {
		t.Errorf("got %v", all)
	}
}

// TestSum adds up jobs of two organizations.
func TestSum(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	job := func(state, organization string, created time.Time) Snapshot {
		return Snapshot{Status: &jobs.Status{
			State: state, Requests: 10, Settled: 4, Oldest: &jobs.BatchStatus{Created: created},
			Queue:  jobs.QueueStatus{Organization: organization, Waiting: 6, Limit: 100},
			Rounds: []jobs.RoundStatus{{Requests: 10, Waiting: 6, Collected: 4}, {Round: 1, Requests: 3, Planned: 3}},
		}}
	}
	s := sum([]Snapshot{job("running", "a", began), job("running", "a", began.Add(-time.Hour)), job("paused", "b", began), job("done", "c", began.Add(-48*time.Hour))})
	if s.jobs["running"] != 2 || s.jobs["done"] != 1 || len(s.queues) != 2 || s.inputs != 30 || s.settled != 12 || s.resent != 9 || s.requests["waiting"] != 18 || !s.oldest.Created.Equal(began.Add(-time.Hour)) {
		t.Errorf("got %+v", s)
	}
}

// TestServe checks that only this machine is served, unless configured otherwise, and no page under another host name.
func TestServe(t *testing.T) {
	t.Parallel()
	m := New(nil)
	url, end, err := m.Serve(t.Context(), ":0")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Errorf("it serves at %s", url)
	}
	get := func(method, url, host string) (int, string) {
		t.Helper()
		r := must(http.NewRequestWithContext(t.Context(), method, url, nil))
		r.Host = host
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode, string(must(io.ReadAll(resp.Body)))
	}
	for _, tt := range []struct {
		method, path, host string
		want               int
	}{
		{"GET", "", "", http.StatusOK},
		{"GET", "", "localhost:1", http.StatusOK},
		{"GET", "", "[::1]:1", http.StatusOK},
		{"GET", "", "attacker.example", http.StatusForbidden},
		{"GET", "", "127.0.0.1.attacker.example:80", http.StatusForbidden},
		{"POST", "", "", http.StatusMethodNotAllowed},
		{"GET", "/x", "", http.StatusNotFound},
	} {
		if code, text := get(tt.method, url+tt.path, tt.host); code != tt.want || code == http.StatusOK && !strings.Contains(text, "messagebatches_polls_total 0") {
			t.Errorf("%+v: %d, %.200s", tt, code, text)
		}
	}
	w := httptest.NewRecorder()
	m.handler(false).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://worker-1:9464/metrics", nil))
	if w.Code != http.StatusOK {
		t.Errorf("other machines are allowed, but get %d", w.Code)
	}
	end()
	if _, _, err := m.Serve(t.Context(), "nonsense"); err == nil {
		t.Error("nonsense is accepted as an address")
	}
}
