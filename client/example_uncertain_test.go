package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// The answer of Create was lost. Sending the batch again might pay for it twice: its candidates come first.
func ExampleUncertainError_Candidates() {
	ctx := context.Background()
	service := batchtest.Start()
	service.Inject(batchtest.Create, batchtest.DropAfter())
	c := fakeClient(service)

	_, err := c.Create(ctx, client.BatchParams{Requests: requests(2)})
	var uncertain *client.UncertainError
	if errors.As(err, &uncertain) {
		candidates, err := uncertain.Candidates(ctx)
		if err != nil {
			log.Fatal(err)
		}
		for _, batch := range candidates.Batches {
			fmt.Println("this may be it:", batch.RequestCounts.Processing, "requests") // its results tell
		}
		if !candidates.Complete {
			fmt.Println("others may come until", candidates.Until.Sub(uncertain.Ended).Round(time.Minute), "after the failure")
		}
	}
	// Output:
	// this may be it: 2 requests
	// others may come until 12m0s after the failure
}

// Where a batch that runs twice is better than one that may not run at all, Create can be told so.
func ExampleWithAtLeastOnceCreate() {
	ctx := context.Background()
	service := batchtest.Start()
	service.Inject(batchtest.Create, batchtest.DropAfter())
	c := fakeClient(service, client.WithRetry(client.Retry{MinDelay: time.Millisecond}))

	if _, err := c.Create(ctx, client.BatchParams{Requests: requests(2)}, client.WithAtLeastOnceCreate()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(service.Batches()), "batches run and are billed")
	// Output:
	// 2 batches run and are billed
}
