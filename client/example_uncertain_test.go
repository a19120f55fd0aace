package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// The response to Create was lost. A resent batch might be paid for twice, so look at the candidates first.
func ExampleUncertainError_Candidates() {
	ctx := context.Background()
	service := batchtest.Start()
	service.Inject(batchtest.Create, batchtest.DropAfter())
	c := service.Client()

	var requests []client.Request
	for i := range 2 {
		requests = append(requests, client.Request{CustomID: fmt.Sprintf("r%d", i), Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
		}})
	}
	_, err := c.Create(ctx, requests)
	var uncertain *client.UncertainError
	if errors.As(err, &uncertain) {
		candidates, err := uncertain.Candidates(ctx)
		if err != nil {
			log.Fatal(err)
		}
		for _, batch := range candidates.Batches {
			fmt.Println("this may be it:", batch.RequestCounts.Processing, "requests") // its results show whether it is
		}
		if !candidates.Complete {
			fmt.Println("others may come until", candidates.Until.Sub(uncertain.Attempt.Ended).Round(time.Minute), "after the failure")
		}
	}
	// Output:
	// this may be it: 2 requests
	// others may come until 40m0s after the failure
}

// With a watermark the candidates depend on what List shows, and not on clocks. The Attempt can be stored, and another
// process can find its candidates.
func ExampleClient_Candidates() {
	ctx := context.Background()
	service := batchtest.Start()
	service.Inject(batchtest.Create, batchtest.DropAfter())
	c := service.Client()

	watermark, err := c.Watermark(ctx)
	if err != nil {
		log.Fatal(err)
	}
	var stored []byte
	var requests []client.Request
	for i := range 2 {
		requests = append(requests, client.Request{CustomID: fmt.Sprintf("r%d", i), Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
		}})
	}
	_, err = c.Create(ctx, requests, client.WithWatermark(watermark))
	var uncertain *client.UncertainError
	if errors.As(err, &uncertain) {
		if stored, err = json.Marshal(uncertain.Attempt); err != nil {
			log.Fatal(err)
		}
	}

	var attempt client.Attempt
	if err := json.Unmarshal(stored, &attempt); err != nil {
		log.Fatal(err)
	}
	candidates, err := service.Client().Candidates(ctx, attempt)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(candidates.Batches), "candidate; everything above the watermark was read:", candidates.ReachedWatermark)
	// Output:
	// 1 candidate; everything above the watermark was read: true
}

// A fence is called before a body is finished, so that no batch is created after a lease is lost.
func ExampleWithFence() {
	ctx := context.Background()
	service := batchtest.Start()
	lease := errors.New("the lease is lost")

	var requests []client.Request
	for i := range 2 {
		requests = append(requests, client.Request{CustomID: fmt.Sprintf("r%d", i), Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
		}})
	}
	_, err := service.Client().Create(ctx, requests, client.WithFence(func() error { return lease }))
	fmt.Println(errors.Is(err, lease), len(service.Batches()), "batches")
	// Output:
	// true 0 batches
}

// WithAtLeastOnceCreate is for programs that prefer a batch that runs twice to one that may not run at all.
func ExampleWithAtLeastOnceCreate() {
	ctx := context.Background()
	service := batchtest.Start()
	service.Inject(batchtest.Create, batchtest.DropAfter())
	c := service.Client(client.WithRetry(client.Retry{MinDelay: time.Millisecond}))

	var requests []client.Request
	for i := range 2 {
		requests = append(requests, client.Request{CustomID: fmt.Sprintf("r%d", i), Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
		}})
	}
	if _, err := c.Create(ctx, requests, client.WithAtLeastOnceCreate()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(service.Batches()), "batches run and are billed")
	// Output:
	// 2 batches run and are billed
}
