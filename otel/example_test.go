package batchotel_test

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	batchotel "github.com/seed-111a911e/messagebatches/otel"
)

// A client's first create meets an overloaded service, and its results are truncated once. The example prints the trace
// and some metrics. Real programs use exporters instead of keeping everything in memory.
func Example() {
	spans, reader := tracetest.NewInMemoryExporter(), metric.NewManualReader()
	hooks, err := batchotel.Hooks(
		batchotel.WithTracerProvider(trace.NewTracerProvider(trace.WithSyncer(spans))),
		batchotel.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(reader))),
		batchotel.WithPrices(bulk.Prices{Models: map[client.Model]bulk.Price{client.ModelClaudeOpus5: {Input: 5, Output: 25}}}),
		batchotel.WithLabels(func(_ context.Context, item *client.Item) []attribute.KeyValue {
			team, _, _ := strings.Cut(item.CustomID, "-")
			return []attribute.KeyValue{attribute.String("team", team)}
		}),
	)
	if err != nil {
		log.Fatal(err)
	}
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Inject(batchtest.Create, batchtest.Fail(529, "overloaded_error", "Busy."))
	service.Inject(batchtest.Results, batchtest.Truncate(1))

	ctx := context.Background()
	c := service.Client(client.WithHooks(hooks), client.WithRetry(client.Retry{MinDelay: 1}))
	var requests []client.Request
	for _, id := range []string{"red-1", "blue-1"} {
		requests = append(requests, client.Request{CustomID: id, Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello, world")},
		}})
	}
	batch, err := c.Create(ctx, requests)
	if err != nil {
		log.Fatal(err)
	}
	for _, err := range c.Results(ctx, batch.ID) {
		if err != nil {
			log.Fatal(err)
		}
	}

	// The trace: each call, followed by its HTTP requests.
	ended := spans.GetSpans()
	slices.SortFunc(ended, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	for _, s := range ended {
		if s.Parent.IsValid() {
			fmt.Print("  ")
		}
		fmt.Print(s.Name)
		for _, a := range s.Attributes {
			if a.Key == "http.response.status_code" || a.Key == "error.type" || strings.HasPrefix(string(a.Key), "messagebatches.results") {
				fmt.Printf(" %s=%s", a.Key, a.Value.String())
			}
		}
		fmt.Println()
	}

	// Some of the metrics.
	var measured metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &measured); err != nil {
		log.Fatal(err)
	}
	for _, m := range measured.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			printSums(m.Name, data.DataPoints)
		case metricdata.Sum[float64]:
			printSums(m.Name, data.DataPoints)
		}
	}
	// Output:
	// create_batch
	//   POST /v1/messages/batches http.response.status_code=529 error.type=529
	//   POST /v1/messages/batches http.response.status_code=200
	// get_results messagebatches.results.succeeded=2
	//   GET /v1/messages/batches/{message_batch_id} http.response.status_code=200
	//   GET /v1/messages/batches/{message_batch_id}/results http.response.status_code=200
	//   GET /v1/messages/batches/{message_batch_id}/results http.response.status_code=200
	// messagebatches.cost gen_ai.response.model=claude-opus-5,team=blue 0.0001
	// messagebatches.cost gen_ai.response.model=claude-opus-5,team=red 0.0001
	// messagebatches.retries error.type=connection,gen_ai.operation.name=get_results 1
	// messagebatches.retries error.type=overloaded_error,gen_ai.operation.name=create_batch 1
	// messagebatches.results gen_ai.response.model=claude-opus-5,messagebatches.outcome=succeeded,messagebatches.stop_reason=end_turn,team=blue 1
	// messagebatches.results gen_ai.response.model=claude-opus-5,messagebatches.outcome=succeeded,messagebatches.stop_reason=end_turn,team=red 1
	// messagebatches.tokens gen_ai.provider.name=anthropic,gen_ai.response.model=claude-opus-5,messagebatches.token.kind=input,team=blue 10
	// messagebatches.tokens gen_ai.provider.name=anthropic,gen_ai.response.model=claude-opus-5,messagebatches.token.kind=input,team=red 10
	// messagebatches.tokens gen_ai.provider.name=anthropic,gen_ai.response.model=claude-opus-5,messagebatches.token.kind=output,team=blue 6
	// messagebatches.tokens gen_ai.provider.name=anthropic,gen_ai.response.model=claude-opus-5,messagebatches.token.kind=output,team=red 6
}

func printSums[N int64 | float64](name string, points []metricdata.DataPoint[N]) {
	encoder := attribute.DefaultEncoder()
	slices.SortFunc(points, func(a, b metricdata.DataPoint[N]) int {
		return cmp.Compare(a.Attributes.Encoded(encoder), b.Attributes.Encoded(encoder))
	})
	for _, p := range points {
		fmt.Println(name, p.Attributes.Encoded(encoder), p.Value)
	}
}
