package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// A Batch is a snapshot. It can be stored as JSON and read back.
func ExampleClient_Get() {
	ctx := context.Background()
	c := batchtest.Start(batchtest.WithDuration(0)).Client()
	var requests []client.Request
	for i := range 2 {
		requests = append(requests, client.Request{CustomID: fmt.Sprintf("r%d", i), Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
		}})
	}
	created, err := c.Create(ctx, requests)
	if err != nil {
		log.Fatal(err)
	}
	batch, err := c.Get(ctx, created.ID)
	if err != nil {
		log.Fatal(err)
	}
	var stored client.Batch
	if err := json.Unmarshal(batch.Raw, &stored); err != nil { // Raw has everything, including what is newer than the contract
		log.Fatal(err)
	}
	fmt.Println(created.Ended(), batch.Ended(), stored.Ended(), stored.RequestCounts.Succeeded)
	// Output:
	// false true true 2
}
