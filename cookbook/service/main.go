// Service offers batches to other programs over HTTP. One client makes all calls, with traces and metrics.
//
//	go run ./service    # with a fake service; -live uses the real one, and costs money
//
//	curl -d '{"custom_id":"a","params":{"model":"claude-opus-5","max_tokens":100,"messages":[{"role":"user","content":"Hello"}]}}' localhost:8080/batches
//	curl localhost:8080/batches/msgbatch_.../results
//
// Traces and metrics are written to standard error as JSON. For a collector, use the OTLP exporters instead.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"time"

	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/cookbook/internal/connect"
	batchotel "github.com/seed-111a911e/messagebatches/otel"
)

func main() {
	live := flag.Bool("live", false, "use the real service, with ANTHROPIC_API_KEY: it costs money")
	address := flag.String("addr", "localhost:8080", "address to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := serve(ctx, *live, *address, os.Stderr); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, live bool, address string, telemetry io.Writer) error {
	spans, err1 := stdouttrace.New(stdouttrace.WithWriter(telemetry))
	measures, err2 := stdoutmetric.New(stdoutmetric.WithWriter(telemetry))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	tracers := trace.NewTracerProvider(trace.WithBatcher(spans))
	meters := metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(measures)))
	hooks, err := batchotel.Hooks(batchotel.WithTracerProvider(tracers), batchotel.WithMeterProvider(meters))
	if err != nil {
		return err
	}
	c, err := connect.New(live, func(*batchtest.Service) {}, nil, client.WithHooks(hooks))
	if err != nil {
		return err
	}
	server := &http.Server{Addr: address, Handler: handler(c), ReadHeaderTimeout: 10 * time.Second}
	last := context.WithoutCancel(ctx)
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		patient, cancel := context.WithTimeout(last, 10*time.Second)
		defer cancel()
		ended <- server.Shutdown(patient)
	})
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return errors.Join(<-ended, tracers.Shutdown(last), meters.Shutdown(last)) // writes what is buffered
}

func handler(c *client.Client) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /batches", func(w http.ResponseWriter, r *http.Request) {
		lines, err := os.CreateTemp("", "batch") // a create reads its lines twice
		if err != nil {
			fail(w, err)
			return
		}
		defer os.Remove(lines.Name())
		defer lines.Close()
		if _, err := io.Copy(lines, http.MaxBytesReader(w, r.Body, client.MaxBytes)); err != nil {
			fail(w, err)
			return
		}
		_, _ = lines.Seek(0, io.SeekStart)                                     // CreateLines would report a failure
		batch, err := c.CreateLines(context.WithoutCancel(r.Context()), lines) // continue if the caller disconnects: the outcome would be unknown
		reply(w, batch, err)
	})
	mux.HandleFunc("GET /batches/{id}", func(w http.ResponseWriter, r *http.Request) {
		batch, err := c.Get(r.Context(), r.PathValue("id"))
		reply(w, batch, err)
	})
	mux.HandleFunc("GET /batches/{id}/results", func(w http.ResponseWriter, r *http.Request) {
		n := 0
		for item, err := range c.Results(r.Context(), r.PathValue("id")) {
			if err != nil && n > 0 {
				panic(http.ErrAbortHandler) // so that the caller notices that results are missing
			}
			if err != nil {
				fail(w, err)
				return
			}
			n++
			fmt.Fprintf(w, "%s\n", item.Raw)
		}
	})
	return mux
}
