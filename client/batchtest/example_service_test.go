package batchtest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// A printedTest is a test that prints its errors, in place of a *testing.T.
type printedTest struct{ cleanup []func() }

func (t *printedTest) Helper()                           {}
func (t *printedTest) Cleanup(f func())                  { t.cleanup = append(t.cleanup, f) }
func (t *printedTest) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

// A test fails if the code does not come to what the test is about.
func ExampleNew() {
	t := new(printedTest)
	service := batchtest.New(t, batchtest.WithDuration(0))
	service.Inject(batchtest.Create, batchtest.Fail(529, "overloaded_error", "Busy."))
	// The code under test does not create a batch.

	for _, f := range t.cleanup { // the test ends
		f()
	}
	// Output:
	// batchtest: a fault was injected into create, but the call that should meet it never came
}

// A service for a program that runs for long: it takes whatever key and beta comes, is as slow as a network, and keeps
// no calls.
func ExampleStart() {
	service := batchtest.Start(
		batchtest.WithAnyKey(),
		batchtest.AllowBetas("next-2027-01-31"),
		batchtest.WithLatency(time.Millisecond),
		batchtest.WithoutHistory(),
	)
	c, err := client.New(
		client.WithoutEnvironment(),
		client.WithAPIKey("whatever"),
		client.WithHTTPClient(service.HTTPClient()),
		client.WithBetas("next-2027-01-31"),
	)
	if err != nil {
		log.Fatal(err)
	}
	began := time.Now()
	if _, err := c.Create(context.Background(), client.BatchParams{Requests: []client.Request{{CustomID: "a"}}}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(service.Batches()), "batch,", len(service.Calls("")), "calls, fast:", time.Since(began) < time.Millisecond)

	_, err = c.Create(context.Background(), client.BatchParams{Requests: []client.Request{{CustomID: "a"}}}, client.WithBetas("other-2027-01-31"))
	fmt.Println(errors.Is(err, client.ErrInvalidRequest))
	// Output:
	// 1 batch, 0 calls, fast: false
	// true
}

// Over a socket the service is there for other processes.
func ExampleService_Listen() {
	service := batchtest.Start()
	if _, err := service.Listen("127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	defer service.Close()
	c, err := client.New(client.WithoutEnvironment(), client.WithAPIKey(service.Key()), client.WithBaseURL(service.URL()))
	if err != nil {
		log.Fatal(err)
	}
	batch, err := c.Create(context.Background(), client.BatchParams{Requests: []client.Request{{CustomID: "a"}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(batch.ID == service.Batches()[0].ID)
	// Output:
	// true
}
