package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// The newest batches come first. Pages are requested as they are needed: three batches took two pages. An option begins a
// list right after or before a batch.
func ExampleWithAfter() {
	ctx := context.Background()
	c := batchtest.Start().Client()
	var ids []string
	for n := 1; n <= 4; n++ {
		var requests []client.Request
		for i := range n {
			requests = append(requests, client.Request{CustomID: fmt.Sprintf("r%d", i), Params: client.Params{
				Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
			}})
		}
		batch, err := c.Create(ctx, requests)
		if err != nil {
			log.Fatal(err)
		}
		ids = append(ids, batch.ID)
	}
	for _, cursor := range []client.CallOption{client.WithAfter(ids[2]), client.WithBefore(ids[2])} {
		for batch, err := range c.List(ctx, cursor) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(batch.RequestCounts.Processing, "requests")
		}
		fmt.Println("end")
	}
	// Output:
	// 2 requests
	// 1 requests
	// end
	// 4 requests
	// end
}

func ExampleClient_List() {
	ctx := context.Background()
	service := batchtest.Start()
	c := service.Client()
	for n := 1; n <= 5; n++ {
		var requests []client.Request
		for i := range n {
			requests = append(requests, client.Request{CustomID: fmt.Sprintf("r%d", i), Params: client.Params{
				Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
			}})
		}
		if _, err := c.Create(ctx, requests); err != nil {
			log.Fatal(err)
		}
	}
	for batch, err := range c.List(ctx, client.WithPageSize(2)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch.RequestCounts.Processing, "requests,", batch.ProcessingStatus)
		if batch.RequestCounts.Processing == 3 {
			break
		}
	}
	fmt.Println(len(service.Calls(batchtest.List)), "calls")
	// Output:
	// 5 requests, in_progress
	// 4 requests, in_progress
	// 3 requests, in_progress
	// 2 calls
}
