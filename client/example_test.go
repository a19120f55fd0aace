package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

func Example() {
	ctx := context.Background()
	c := batchtest.Start(batchtest.WithDuration(0)).Client() // client.New() for the real service

	batch, err := c.Create(ctx, []client.Request{
		{CustomID: "greeting-1", Params: client.Params{
			Model:     client.ModelClaudeOpus5,
			MaxTokens: 1024,
			Messages:  []client.InputMessage{client.UserText("Hello, world")},
		}},
		{CustomID: "greeting-2", Params: client.Params{
			Model:     client.ModelClaudeOpus5,
			MaxTokens: 0, // a mistake, which comes back as the request's result
			Messages:  []client.InputMessage{client.UserText("Hello again")},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Wait(ctx, batch.ID); err != nil {
		log.Fatal(err)
	}
	for item, err := range c.Results(ctx, batch.ID) {
		if err != nil {
			log.Print(err) // the last error: results may be missing
		}
		switch {
		case item == nil:
		case item.Err() != nil:
			fmt.Println(item.Err())
		default:
			fmt.Printf("%s: %s\n", item.CustomID, item.Text())
		}
	}
	// Unordered output:
	// greeting-1: You said: Hello, world
	// request "greeting-2": invalid_request_error: params.max_tokens: must be at least 1
}
