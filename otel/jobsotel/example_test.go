package jobsotel_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/otel/jobsotel"
)

// Each batch of a job is a span.
func ExampleOnEvent() {
	spans := tracetest.NewInMemoryExporter() // a real program has an exporter of OTLP
	onEvent, err := jobsotel.OnEvent(jobsotel.Options{TracerProvider: trace.NewTracerProvider(trace.WithSyncer(spans))})
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "job")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	input := filepath.Join(dir, "requests.jsonl")
	line := `{"custom_id": "a", "params": {"model": "claude-opus-5", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]}}`
	if err := os.WriteFile(input, []byte(line), 0o600); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	job, err := jobs.Open(ctx, filepath.Join(dir, "job"), jobs.Options{OnEvent: onEvent})
	if err != nil {
		log.Fatal(err)
	}
	defer job.Close()
	service := batchtest.Start(batchtest.WithDuration(0)) // a real program has client.New()
	if _, err := job.Run(ctx, service.Client(), jobs.Lines(input)); err != nil {
		log.Fatal(err)
	}
	for _, s := range spans.GetSpans() {
		fmt.Print(s.Name)
		for _, e := range s.Events {
			fmt.Print(" ", e.Name)
		}
		fmt.Println()
	}
	// Output:
	// job_batch accepted ended collected
}
