package batchotel_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	batchotel "github.com/seed-111a911e/messagebatches/otel"
)

// A telemetry keeps spans and metrics in memory.
type telemetry struct {
	spans  *tracetest.SpanRecorder
	reader *metric.ManualReader
	hooks  client.Option
}

func newTelemetry(t testing.TB, opts ...batchotel.Option) *telemetry {
	t.Helper()
	x := &telemetry{spans: tracetest.NewSpanRecorder(), reader: metric.NewManualReader()}
	hooks, err := batchotel.Hooks(append([]batchotel.Option{
		batchotel.WithTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(x.spans))),
		batchotel.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(x.reader))),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	x.hooks = client.WithHooks(hooks)
	return x
}

// tree returns the ended spans as an indented list in order of their start, with the attributes in want, their events,
// and "error" with the description of the status.
func (x *telemetry) tree(want ...attribute.Key) string {
	spans := x.spans.Ended()
	if n := len(x.spans.Started()) - len(spans); n != 0 {
		return fmt.Sprintf("%d spans have not ended", n)
	}
	var text strings.Builder
	var write func(indent string, parent trace.ReadOnlySpan)
	write = func(indent string, parent trace.ReadOnlySpan) {
		var children []trace.ReadOnlySpan
		for _, s := range x.spans.Started() {
			if parent == nil && !s.Parent().IsValid() || parent != nil && s.Parent().SpanID() == parent.SpanContext().SpanID() {
				children = append(children, s)
			}
		}
		for _, s := range children {
			text.WriteString(indent + s.Name() + attributes(s.Attributes(), want))
			if s.Status().Description != "" {
				text.WriteString(" error")
			}
			text.WriteString("\n")
			for _, e := range s.Events() {
				text.WriteString(indent + "  * " + e.Name + attributes(e.Attributes, want) + "\n")
			}
			write(indent+"  ", s)
		}
	}
	write("", nil)
	return text.String()
}

func attributes(all []attribute.KeyValue, want []attribute.Key) string {
	var text strings.Builder
	for _, key := range want {
		for _, a := range all {
			if a.Key == key {
				name := string(key)
				fmt.Fprintf(&text, " %s=%s", name[strings.LastIndex(name, ".")+1:], a.Value.String())
			}
		}
	}
	return text.String()
}

// metrics returns the metrics, sorted, one line per series: sums and gauges with their value, histograms with their
// count, and with their sum if it does not depend on time.
func (x *telemetry) metrics(t testing.TB) []string {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := x.reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			add := func(set attribute.Set, format string, args ...any) {
				var labels []string
				for _, a := range set.ToSlice() {
					switch a.Key {
					case "server.address", "server.port", "gen_ai.provider.name", "network.protocol.version":
						continue
					}
					labels = append(labels, string(a.Key)+"="+a.Value.String())
				}
				lines = append(lines, fmt.Sprintf("%s{%s} %s", m.Name, strings.Join(labels, ","), fmt.Sprintf(format, args...)))
			}
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, "%d", p.Value)
				}
			case metricdata.Sum[float64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, "%.6g", p.Value)
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, "%d", p.Value)
				}
			case metricdata.Histogram[int64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, "n=%d sum=%d", p.Count, p.Sum)
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, "n=%d", p.Count)
				}
			default:
				t.Errorf("%s is a %T", m.Name, data)
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// begin returns the lines of the metrics with one of the names.
func begin(lines []string, names ...string) []string {
	var found []string
	for _, line := range lines {
		if slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(line, name+"{") }) {
			found = append(found, line)
		}
	}
	return found
}

func requests(ids ...string) []client.Request {
	var all []client.Request
	for _, id := range ids {
		all = append(all, client.Request{CustomID: id, Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 100, Messages: []client.InputMessage{client.UserText("Hello " + id)},
		}})
	}
	return all
}

// ended creates a batch with a client without hooks, and waits for its end.
func ended(t testing.TB, s *batchtest.Service, ids ...string) string {
	t.Helper()
	c := s.Client()
	batch, err := c.Create(t.Context(), requests(ids...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(t.Context(), batch.ID, client.WithPollInterval(time.Second, time.Second)); err != nil {
		t.Fatal(err)
	}
	return batch.ID
}

func read(t testing.TB, c *client.Client, id string) (n int, last error) {
	t.Helper()
	for _, err := range c.Results(t.Context(), id) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
