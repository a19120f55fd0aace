// Package jobsotel makes OpenTelemetry traces and metrics from the events of durable jobs.
//
//	package main
//
//	import (
//		"context"
//		"log"
//
//		"github.com/seed-111a911e/messagebatches/jobs"
//		"github.com/seed-111a911e/messagebatches/otel/jobsotel"
//	)
//
//	func main() {
//		if err := run(context.Background()); err != nil {
//			log.Fatal(err)
//		}
//	}
//
//	func run(ctx context.Context) error {
//		onEvent, err := jobsotel.OnEvent(jobsotel.Options{}) // the global tracer and meter providers
//		if err != nil {
//			return err
//		}
//		job, err := jobs.Open(ctx, "nightly", jobs.Options{OnEvent: onEvent})
//		if err != nil {
//			return err
//		}
//		return job.Close()
//	}
//
// Each batch of the job is a span, "job_batch". It begins with the first event about the batch that this program sees,
// and ends when the batch's results are stored or gone. The other events of the batch are events of the span. Spans
// begin and end at the times of events, which may be before this program started.
//
// The metrics are:
//
//   - messagebatches.job.events: events by messagebatches.job.event, their kind, such as "doubt" or "outage"
//   - messagebatches.job.batch.duration: seconds from "accepted" to "ended", for batches for which this program has
//     seen both
//
// The calls of a job are traced and measured by the hooks of its client, see package batchotel.
package jobsotel

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs"
)

const scope = "github.com/seed-111a911e/messagebatches/otel/jobsotel"

// Options configure [OnEvent]. The zero value is valid.
type Options struct {
	// TracerProvider is where spans go. Defaults to the global tracer provider.
	TracerProvider trace.TracerProvider

	// MeterProvider is where metrics go. Defaults to the global meter provider.
	MeterProvider metric.MeterProvider

	// Next is called with each event too, if it is not nil.
	Next func(jobs.Event)
}

// OnEvent returns a function for OnEvent of [jobs.Options]. Each job needs its own. It is safe for concurrent use. The
// error joins those of the instruments.
func OnEvent(o Options) (func(jobs.Event), error) {
	if o.TracerProvider == nil {
		o.TracerProvider = otel.GetTracerProvider()
	}
	if o.MeterProvider == nil {
		o.MeterProvider = otel.GetMeterProvider()
	}
	meter := o.MeterProvider.Meter(scope, metric.WithInstrumentationVersion(client.Version))
	events, err := meter.Int64Counter("messagebatches.job.events", metric.WithUnit("{event}"), metric.WithDescription("Events of jobs."))
	duration, err2 := meter.Float64Histogram("messagebatches.job.batch.duration", metric.WithUnit("s"),
		metric.WithDescription("How long batches of jobs ran."),
		metric.WithExplicitBucketBoundaries(60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400))
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	w := &watcher{
		Options: o, events: events, duration: duration, batches: make(map[int64]*batch),
		tracer: o.TracerProvider.Tracer(scope, trace.WithInstrumentationVersion(client.Version)),
	}
	return w.see, nil
}

// A watcher follows the batches of one job.
type watcher struct {
	Options
	tracer   trace.Tracer
	events   metric.Int64Counter
	duration metric.Float64Histogram

	mu      sync.Mutex
	batches map[int64]*batch // by their number in the job
}

type batch struct {
	span     trace.Span
	accepted time.Time
}

func (w *watcher) see(e jobs.Event) {
	w.follow(e)
	if w.Next != nil {
		w.Next(e)
	}
}

func (w *watcher) follow(e jobs.Event) {
	kind := string(e.Kind)
	w.events.Add(context.Background(), 1, metric.WithAttributes(attribute.String("messagebatches.job.event", kind)))
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Seq == 0 {
		switch kind {
		case "done", "canceled", "paused":
			for seq := range w.batches {
				w.end(seq, e.At)
			}
		}
		return
	}
	b := w.batches[e.Seq]
	if b == nil {
		_, span := w.tracer.Start(context.Background(), "job_batch", trace.WithNewRoot(), trace.WithTimestamp(e.At),
			trace.WithAttributes(attribute.Int64("messagebatches.job.batch", e.Seq)))
		b = &batch{span: span}
		w.batches[e.Seq] = b
	}
	b.span.AddEvent(kind, trace.WithTimestamp(e.At), trace.WithAttributes(attribute.String("messagebatches.job.text", e.Text)))
	if e.BatchID != "" {
		b.span.SetAttributes(attribute.String("messagebatches.batch.id", e.BatchID))
	}
	switch kind {
	case "accepted":
		b.accepted = e.At
	case "ended":
		if !b.accepted.IsZero() {
			w.duration.Record(context.Background(), e.At.Sub(b.accepted).Seconds())
		}
	case "gone":
		b.span.SetStatus(codes.Error, e.Text)
		w.end(e.Seq, e.At)
	case "collected":
		w.end(e.Seq, e.At)
	}
}

// end ends the span of a batch.
func (w *watcher) end(seq int64, at time.Time) {
	w.batches[seq].span.End(trace.WithTimestamp(at))
	delete(w.batches, seq)
}
