package batchotel

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
)

// Histogram boundaries are those of the semantic conventions, extended to the range of batch calls.
var (
	requestSeconds = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 120, 300, 600}
	callSeconds    = []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 300, 900, 3600, 14400, 43200, 86400}
	tokenCounts    = []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}
	bodyBytes      = []float64{0, 1 << 10, 16 << 10, 128 << 10, 1 << 20, 8 << 20, 32 << 20, 64 << 20, 128 << 20, 256 << 20, 1 << 30}
)

// instruments are the metrics of this package.
type instruments struct {
	requestDuration, callDuration         metric.Float64Histogram
	requestBody, responseBody, tokenUsage metric.Int64Histogram
	retries, uncertain, incomplete        metric.Int64Counter
	results, tokens                       metric.Int64Counter
	cost                                  metric.Float64Counter
	requestsWaiting, batchesWaiting       metric.Int64ObservableGauge
}

// A maker makes instruments, and collects the errors.
type maker struct {
	metric.Meter
	errs []error
}

func made[T any](m *maker, instrument T, err error) T {
	m.errs = append(m.errs, err)
	return instrument
}

func (m *maker) seconds(name, text string, bounds []float64) metric.Float64Histogram {
	h, err := m.Float64Histogram(name, metric.WithDescription(text), metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(bounds...))
	return made(m, h, err)
}

func (m *maker) histogram(name, text, unit string, bounds []float64) metric.Int64Histogram {
	h, err := m.Int64Histogram(name, metric.WithDescription(text), metric.WithUnit(unit), metric.WithExplicitBucketBoundaries(bounds...))
	return made(m, h, err)
}

func (m *maker) counter(name, text, unit string) metric.Int64Counter {
	c, err := m.Int64Counter(name, metric.WithDescription(text), metric.WithUnit(unit))
	return made(m, c, err)
}

func (m *maker) gauge(name, text, unit string) metric.Int64ObservableGauge {
	g, err := m.Int64ObservableGauge(name, metric.WithDescription(text), metric.WithUnit(unit))
	return made(m, g, err)
}

func newInstruments(meter metric.Meter) (*instruments, error) {
	m := &maker{Meter: meter}
	cost, err := m.Float64Counter("messagebatches.cost", metric.WithDescription("Cost of results."), metric.WithUnit("{USD}"))
	i := &instruments{
		requestDuration: m.seconds("http.client.request.duration", "Duration of HTTP client requests, to the headers of the response.", requestSeconds),
		callDuration:    m.seconds("gen_ai.client.operation.duration", "GenAI operation duration.", callSeconds),
		requestBody:     m.histogram("http.client.request.body.size", "Size of HTTP client request bodies.", "By", bodyBytes),
		responseBody:    m.histogram("http.client.response.body.size", "Size of HTTP client response bodies, after decompression.", "By", bodyBytes),
		tokenUsage:      m.histogram("gen_ai.client.token.usage", "Number of input and output tokens used.", "{token}", tokenCounts),
		retries:         m.counter("messagebatches.retries", "Attempts that were followed by a retry.", "{retry}"),
		uncertain:       m.counter("messagebatches.uncertain", "Creates whose outcome is unknown.", "{call}"),
		incomplete:      m.counter("messagebatches.incomplete", "Reads of results that returned fewer results than the batch counted.", "{call}"),
		results:         m.counter("messagebatches.results", "Results by outcome.", "{result}"),
		tokens:          m.counter("messagebatches.tokens", "Tokens of results, each counted in one kind.", "{token}"),
		cost:            made(m, cost, err),
		requestsWaiting: m.gauge("messagebatches.requests.waiting", "Requests in batches that have not ended.", "{request}"),
		batchesWaiting:  m.gauge("messagebatches.batches.waiting", "Batches that have not ended.", "{batch}"),
	}
	return i, errors.Join(m.errs...)
}
