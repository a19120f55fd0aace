package jobsotel_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/otel/jobsotel"
)

// A telemetry keeps spans and metrics in memory.
type telemetry struct {
	spans  *tracetest.SpanRecorder
	reader *metric.ManualReader
	see    func(jobs.Event)
}

func newTelemetry(t *testing.T, next func(jobs.Event)) *telemetry {
	t.Helper()
	x := &telemetry{spans: tracetest.NewSpanRecorder(), reader: metric.NewManualReader()}
	var err error
	x.see, err = jobsotel.OnEvent(jobsotel.Options{
		TracerProvider: trace.NewTracerProvider(trace.WithSpanProcessor(x.spans)),
		MeterProvider:  metric.NewMeterProvider(metric.WithReader(x.reader)),
		Next:           next,
	})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// describe returns the ended spans, one line each, with duration, events and status.
func (x *telemetry) describe() []string {
	var lines []string
	for _, s := range x.spans.Ended() {
		line := fmt.Sprintf("%s %v", s.Name(), s.EndTime().Sub(s.StartTime()))
		for _, e := range s.Events() {
			line += " " + e.Name
		}
		for _, a := range s.Attributes() {
			line += fmt.Sprintf(" %s=%s", a.Key, a.Value.String())
		}
		if s.Status().Description != "" {
			line += " error: " + s.Status().Description
		}
		lines = append(lines, line)
	}
	return lines
}

func (x *telemetry) metrics(t *testing.T) []string {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := x.reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, m := range all.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, p := range data.DataPoints {
				kind, _ := p.Attributes.Value("messagebatches.job.event")
				lines = append(lines, fmt.Sprintf("%s %s %d", m.Name, kind.AsString(), p.Value))
			}
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				lines = append(lines, fmt.Sprintf("%s n=%d sum=%g", m.Name, p.Count, p.Sum))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

func TestEvents(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 29, 1, 0, 0, 0, time.UTC)
	var passed int
	x := newTelemetry(t, func(jobs.Event) { passed++ })
	for _, e := range []struct {
		minute int
		kind   string
		seq    int64
		id     string
	}{
		{0, "planned", 0, ""},
		{1, "accepted", 1, "msgbatch_1"},
		{2, "doubt", 2, ""},
		{3, "outage", 0, ""},
		{40, "accepted", 2, "msgbatch_2"},
		{61, "ended", 1, "msgbatch_1"},
		{62, "collected", 1, "msgbatch_1"},
		{70, "gone", 2, "msgbatch_2"},
		{71, "accepted", 3, "msgbatch_3"},
		{72, "paused", 0, ""},
		{90, "ended", 3, "msgbatch_3"}, // after the pause: another span
		{91, "collected", 3, "msgbatch_3"},
		{92, "done", 0, ""},
	} {
		var event jobs.Event
		event.At, event.Seq, event.BatchID, event.Text = began.Add(time.Duration(e.minute)*time.Minute), e.seq, e.id, "text of "+e.kind
		setKind(&event.Kind, e.kind)
		x.see(event)
	}
	want := []string{
		"job_batch 1h1m0s accepted ended collected messagebatches.job.batch=1 messagebatches.batch.id=msgbatch_1",
		"job_batch 1h8m0s doubt accepted gone messagebatches.job.batch=2 messagebatches.batch.id=msgbatch_2 error: text of gone",
		"job_batch 1m0s accepted messagebatches.job.batch=3 messagebatches.batch.id=msgbatch_3",
		"job_batch 1m0s ended collected messagebatches.job.batch=3 messagebatches.batch.id=msgbatch_3",
	}
	if diff := cmp.Diff(want, x.describe()); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	if open := len(x.spans.Started()) - len(x.spans.Ended()); open != 0 || passed != 13 {
		t.Errorf("%d spans are open, and %d events were passed on", open, passed)
	}
	wantMetrics := []string{
		"messagebatches.job.batch.duration n=1 sum=3600",
		"messagebatches.job.events accepted 3", "messagebatches.job.events collected 2", "messagebatches.job.events done 1",
		"messagebatches.job.events doubt 1", "messagebatches.job.events ended 2", "messagebatches.job.events gone 1",
		"messagebatches.job.events outage 1", "messagebatches.job.events paused 1", "messagebatches.job.events planned 1",
	}
	if diff := cmp.Diff(wantMetrics, x.metrics(t)); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// setKind sets a kind, whatever its string type is.
func setKind[K ~string](to *K, kind string) { *to = K(kind) }

// TestJob runs a job of two batches.
func TestJob(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	input := filepath.Join(dir, "requests.jsonl")
	var lines strings.Builder
	for i := range 4 {
		fmt.Fprintf(&lines, `{"custom_id": "r%d", "params": {"model": "claude-opus-5", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]}}`+"\n", i)
	}
	if err := os.WriteFile(input, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	x := newTelemetry(t, nil)
	job, err := jobs.Open(t.Context(), filepath.Join(dir, "job"), jobs.Options{MaxRequests: 2, OnEvent: x.see})
	if err != nil {
		t.Fatal(err)
	}
	defer job.Close()
	report, err := job.Run(t.Context(), batchtest.New(t, batchtest.WithDuration(0)).Client(), jobs.Lines(input))
	if err != nil || report.Answered != 4 {
		t.Fatalf("%+v, %v", report, err)
	}
	if got := x.describe(); len(got) != 2 || !strings.Contains(got[0], " accepted ended collected ") || !strings.Contains(got[1], " accepted ended collected ") {
		t.Errorf("spans: %s", strings.Join(got, "\n"))
	}
	if got := strings.Join(x.metrics(t), "\n"); !strings.Contains(got, "messagebatches.job.batch.duration n=2") || !strings.Contains(got, "messagebatches.job.events collected 2") {
		t.Errorf("metrics: %s", got)
	}
}
