package batchtest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// A service for a long-running program: it accepts any key and a newer beta, has the latency of a network, and does not
// record calls.
func ExampleStart() {
	service := batchtest.Start(
		batchtest.WithAnyKey(),
		batchtest.AllowBetas("next-2027-01-31"),
		batchtest.WithLatency(time.Millisecond),
		batchtest.WithoutHistory(),
	)
	c := service.Client(client.WithAPIKey("whatever"), client.WithBetas("next-2027-01-31"))
	began := time.Now()
	if _, err := c.Create(context.Background(), []client.Request{{CustomID: "a"}}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(service.Batches()), "batch,", len(service.Calls("")), "calls, fast:", time.Since(began) < time.Millisecond)

	_, err := c.Create(context.Background(), []client.Request{{CustomID: "a"}}, client.WithBetas("other-2027-01-31"))
	fmt.Println(errors.Is(err, client.ErrInvalidRequest))
	// Output:
	// 1 batch, 0 calls, fast: false
	// true
}

// Over a socket, other processes can use the service. This one logs its calls.
func ExampleService_Listen() {
	service := batchtest.Start(batchtest.WithMiddleware(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Println(r.Method, r.URL.Path)
			next.ServeHTTP(w, r)
		})
	}))
	if _, err := service.Listen("127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	defer service.Close()
	// In the other process:
	c, err := client.New(client.WithoutEnvironment(), client.WithAPIKey(service.Key()), client.WithBaseURL(service.URL()))
	if err != nil {
		log.Fatal(err)
	}
	batch, err := c.Create(context.Background(), []client.Request{{CustomID: "a"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(batch.ID == service.Batches()[0].ID)

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(service.Shutdown(ctx)) // lets running calls finish
	// Output:
	// POST /v1/messages/batches
	// true
	// <nil>
}
