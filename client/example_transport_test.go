package client_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// A tracer sees each attempt of each call.
type tracer struct{ next http.RoundTripper }

func (t tracer) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		fmt.Println(r.Method, r.URL.Path, "failed")
		return nil, err
	}
	fmt.Println(r.Method, r.URL.Path, resp.StatusCode)
	return resp, nil
}

// A custom transport can trace or count calls, or reach the service through a proxy. For OpenTelemetry use that of
// otelhttp:
//
//	client.WithHTTPClient(&http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport)})
func ExampleWithHTTPClient() {
	service := batchtest.Start()
	service.Inject(batchtest.List, batchtest.DropBefore(), batchtest.Fail(529, "overloaded_error", "Busy."))
	c := service.Client(
		client.WithHTTPClient(&http.Client{Transport: tracer{service.HTTPClient().Transport}}), // http.DefaultTransport
		client.WithRetry(client.Retry{MinDelay: time.Millisecond}),
	)
	for _, err := range c.List(context.Background()) {
		log.Fatal(err) // there are no batches
	}
	// Output:
	// GET /v1/messages/batches failed
	// GET /v1/messages/batches 529
	// GET /v1/messages/batches 200
}
