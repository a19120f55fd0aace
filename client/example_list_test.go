package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// Newest batches come first. Pages are asked for as they are needed: after three batches there were two.
func ExampleClient_List() {
	ctx := context.Background()
	service := batchtest.Start()
	c := fakeClient(service)
	for n := 1; n <= 5; n++ {
		if _, err := c.Create(ctx, client.BatchParams{Requests: requests(n)}); err != nil {
			log.Fatal(err)
		}
	}
	for batch, err := range c.List(ctx, client.ListOptions{PageSize: 2}) {
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
