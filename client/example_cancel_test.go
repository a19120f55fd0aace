package client_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// Requests that finish before a batch is canceled keep their results, and are billed.
func ExampleClient_Cancel() {
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(time.Hour))
	c := service.Client()
	var requests []client.Request
	for i := range 4 {
		requests = append(requests, client.Request{CustomID: fmt.Sprintf("r%d", i), Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
		}})
	}
	batch, err := c.Create(ctx, requests)
	if err != nil {
		log.Fatal(err)
	}
	service.Advance(30 * time.Minute)
	if batch, err = c.Cancel(ctx, batch.ID); err != nil {
		log.Fatal(err)
	}
	fmt.Println(batch.ProcessingStatus)
	service.Advance(time.Minute)
	if batch, err = c.Wait(ctx, batch.ID); err != nil { // it takes a while to end
		log.Fatal(err)
	}
	fmt.Println(batch.ProcessingStatus, batch.RequestCounts.Succeeded, "succeeded,", batch.RequestCounts.Canceled, "canceled")
	// Output:
	// canceling
	// ended 2 succeeded, 2 canceled
}

// A running batch must be canceled, and must have ended, before it can be deleted.
func ExampleClient_Delete() {
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(time.Hour))
	c := service.Client()
	requests := []client.Request{{CustomID: "r0", Params: client.Params{
		Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
	}}}
	batch, err := c.Create(ctx, requests)
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Delete(ctx, batch.ID); err != nil {
		fmt.Println("it still runs")
	}
	service.Advance(2 * time.Hour)
	if err := c.Delete(ctx, batch.ID); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(service.Batches()), "batches")
	// Output:
	// it still runs
	// 0 batches
}
