package batchotel

import (
	"context"
	"errors"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed-111a911e/messagebatches/client"
)

// scope is the name of the tracer and the meter.
const scope = "github.com/seed-111a911e/messagebatches/otel"

// Hooks returns hooks for [client.WithHooks] that make spans and metrics. Several clients can share them; their waiting
// batches are then counted together. The error joins those of all options and instruments.
func Hooks(opts ...Option) (client.Hooks, error) {
	c, err := newConfig(opts)
	if err != nil {
		return client.Hooks{}, err
	}
	meter := c.meters.Meter(scope, metric.WithInstrumentationVersion(client.Version), metric.WithSchemaURL(semconv.SchemaURL))
	i, err := newInstruments(meter)
	if err != nil {
		return client.Hooks{}, err
	}
	o := &observer{
		config: c, instruments: i, waiting: &waiting{batches: make(map[string]waitingBatch)},
		tracer: c.tracers.Tracer(scope, trace.WithInstrumentationVersion(client.Version), trace.WithSchemaURL(semconv.SchemaURL)),
	}
	if err := o.waiting.observe(meter, i); err != nil {
		return client.Hooks{}, err
	}
	return client.Hooks{
		StartCall: o.startCall, EndCall: o.endCall, StartAttempt: o.startAttempt, EndAttempt: o.endAttempt,
		Retry: o.retry, Poll: o.poll, EndStream: o.endStream, Result: o.result,
	}, nil
}

type observer struct {
	*config
	*instruments
	tracer  trace.Tracer
	waiting *waiting
}

var (
	provider = semconv.GenAIProviderNameAnthropic

	batchID = attribute.Key("messagebatches.batch.id")
	status  = attribute.Key("messagebatches.batch.status")
)

// operation returns the attribute for an operation, such as create_batch.
func operation(op string) attribute.KeyValue {
	return semconv.GenAIOperationNameKey.String(strings.ReplaceAll(op, " ", "_"))
}

func (o *observer) startCall(ctx context.Context, e client.CallStart) context.Context {
	op := operation(e.Op)
	attributes := []attribute.KeyValue{op, provider}
	if e.BatchID != "" {
		attributes = append(attributes, batchID.String(e.BatchID))
	}
	ctx, _ = o.tracer.Start(ctx, op.Value.AsString(), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributes...))
	return withTally(ctx)
}

func (o *observer) endCall(ctx context.Context, e client.CallEnd) {
	span := trace.SpanFromContext(ctx)
	if e.BatchID != "" {
		span.SetAttributes(batchID.String(e.BatchID))
	}
	if e.Batch != nil {
		o.waiting.see(e.Batch)
		span.SetAttributes(status.String(bounded(string(e.Batch.ProcessingStatus))))
	}
	if e.Requests > 0 {
		span.SetAttributes(attribute.Int("messagebatches.requests", e.Requests))
	}
	if t := tallyOf(ctx); t != nil {
		span.SetAttributes(t.attributes()...)
	}
	measured := []attribute.KeyValue{operation(e.Op), provider}
	if e.Left {
		span.AddEvent("iteration left early")
	}
	if e.Err != nil {
		kind := errorType(e.Err)
		measured = append(measured, kind)
		span.SetAttributes(kind)
		span.SetStatus(codes.Error, e.Err.Error())
	}
	switch {
	case errors.As(e.Err, new(*client.UncertainError)):
		o.uncertain.Add(ctx, 1)
	case errors.As(e.Err, new(*client.IncompleteError)):
		o.incomplete.Add(ctx, 1)
	}
	o.callDuration.Record(ctx, e.Took.Seconds(), metric.WithAttributes(measured...))
	span.End()
}

func (o *observer) startAttempt(ctx context.Context, e client.AttemptStart) context.Context {
	server := serverOf(e.URL)
	trace.SpanFromContext(ctx).SetAttributes(server...) // the span of the call
	template := templateOf(e.URL)
	attributes := append(server, semconv.HTTPRequestMethodKey.String(e.Method), semconv.URLFull(e.URL.String()), semconv.URLTemplate(template))
	if e.Attempt > 1 {
		attributes = append(attributes, semconv.HTTPRequestResendCount(e.Attempt-1))
	}
	ctx, _ = o.tracer.Start(ctx, e.Method+" "+template, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributes...))
	o.propagator.Inject(ctx, propagation.HeaderCarrier(e.Header))
	return ctx
}

func (o *observer) endAttempt(ctx context.Context, e client.AttemptEnd) {
	span := trace.SpanFromContext(ctx)
	measured := append(serverOf(e.URL), semconv.HTTPRequestMethodKey.String(e.Method), semconv.URLTemplate(templateOf(e.URL)))
	latency := e.Took
	if e.Status != 0 {
		latency = e.TimeToHeaders
		response := []attribute.KeyValue{semconv.HTTPResponseStatusCode(e.Status)}
		if _, version, ok := strings.Cut(e.Proto, "/"); ok {
			response = append(response, semconv.NetworkProtocolVersion(strings.TrimSuffix(version, ".0")))
		}
		span.SetAttributes(response...)
		measured = append(measured, response...)
		if e.RequestID != "" {
			span.SetAttributes(semconv.HTTPResponseHeader("request-id", e.RequestID))
		}
	}
	span.SetAttributes(semconv.HTTPRequestBodySize(int(e.Sent)), semconv.HTTPResponseBodySize(int(e.Received)))
	if failed, text := failureOf(e); failed.Valid() {
		measured = append(measured, failed)
		span.SetAttributes(failed)
		span.SetStatus(codes.Error, text)
	}
	set := metric.WithAttributeSet(attribute.NewSet(measured...))
	o.requestDuration.Record(ctx, latency.Seconds(), set)
	o.requestBody.Record(ctx, e.Sent, set)
	o.responseBody.Record(ctx, e.Received, set)
	span.End()
}

func (o *observer) retry(ctx context.Context, e client.RetryEvent) {
	kind := errorType(e.Err)
	o.retries.Add(ctx, 1, metric.WithAttributes(operation(e.Op), kind))
	trace.SpanFromContext(ctx).AddEvent("retry", trace.WithAttributes(kind,
		attribute.Int("messagebatches.attempt", e.Attempt), attribute.Float64("messagebatches.wait", e.Wait.Seconds())))
}

func (o *observer) poll(ctx context.Context, e client.PollEvent) {
	if e.Err != nil {
		trace.SpanFromContext(ctx).AddEvent("poll failed", trace.WithAttributes(errorType(e.Err), attribute.Int("messagebatches.poll", e.Poll)))
		return
	}
	o.waiting.see(e.Batch)
}

func (o *observer) endStream(ctx context.Context, e client.StreamEnd) {
	o.waiting.ended(e.BatchID)
	attributes := []attribute.KeyValue{
		attribute.Int("messagebatches.stream", e.Stream), attribute.Bool("messagebatches.resumed", e.Resumed),
		attribute.Int("messagebatches.lines", e.Lines), attribute.Int("messagebatches.results", e.Results),
		attribute.Int("messagebatches.damaged", e.Damaged), attribute.Int64("messagebatches.bytes", e.Bytes),
	}
	if e.Err != nil {
		attributes = append(attributes, errorType(e.Err))
	}
	trace.SpanFromContext(ctx).AddEvent("stream ended", trace.WithAttributes(attributes...))
}
