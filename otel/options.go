package batchotel

import (
	"context"
	"errors"
	"maps"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
)

// An Option configures [Hooks].
type Option func(*config) error

type config struct {
	tracers    trace.TracerProvider
	meters     metric.MeterProvider
	propagator propagation.TextMapPropagator
	prices     *bulk.Prices
	labels     func(context.Context, *client.Item) []attribute.KeyValue
}

func newConfig(opts []Option) (*config, error) {
	c := &config{
		tracers:    otel.GetTracerProvider(),
		meters:     otel.GetMeterProvider(),
		propagator: propagation.TraceContext{},
		labels:     func(context.Context, *client.Item) []attribute.KeyValue { return nil },
	}
	var errs []error
	for _, o := range opts {
		errs = append(errs, o(c))
	}
	return c, errors.Join(errs...)
}

// WithTracerProvider sets where spans go. Defaults to the global tracer provider.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *config) error {
		if p == nil {
			return errors.New("tracer provider is nil")
		}
		c.tracers = p
		return nil
	}
}

// WithMeterProvider sets where metrics go. Defaults to the global meter provider.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *config) error {
		if p == nil {
			return errors.New("meter provider is nil")
		}
		c.meters = p
		return nil
	}
}

// WithPropagator sets which headers about a trace are sent to the service. Defaults to propagation.TraceContext, which
// sends traceparent and tracestate: the IDs of the trace and the span. propagation.Baggage would also send your baggage
// to the service. Nil sends nothing.
func WithPropagator(p propagation.TextMapPropagator) Option {
	return func(c *config) error {
		if p == nil {
			p = propagation.NewCompositeTextMapPropagator()
		}
		c.propagator = p
		return nil
	}
}

// WithPrices turns on messagebatches.cost, in US dollars, at the given prices. Tokens without a price count as free.
func WithPrices(prices bulk.Prices) Option {
	prices.Models, prices.ServerTools = maps.Clone(prices.Models), maps.Clone(prices.ServerTools)
	return func(c *config) error { c.prices = &prices; return nil }
}

// WithLabels adds attributes to the metrics about results, for example the team that a custom ID names. Label is called
// for each result, with the context of the Results call. It must be safe for concurrent use, and should return few
// distinct values, because each combination is a separate time series.
func WithLabels(label func(context.Context, *client.Item) []attribute.KeyValue) Option {
	return func(c *config) error {
		if label == nil {
			return errors.New("label function is nil")
		}
		c.labels = label
		return nil
	}
}
