package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// Betas of the client and of the call are sent together. They apply to all requests of the batch.
func ExampleWithBetas() {
	ask := func(id, text string) client.Request {
		return client.Request{CustomID: id, Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText(text)},
		}}
	}
	ctx := context.Background()
	service := batchtest.Start()
	c := service.Client(client.WithBetas(client.BetaContextManagement))

	_, err := c.Create(ctx, []client.Request{ask("a", "Hello")},
		client.WithBetas(client.BetaOutput300K))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(service.Calls(batchtest.Create)[0].Header.Get("anthropic-beta"))

	_, err = c.Create(ctx, []client.Request{ask("a", "Hello")}, client.WithBetas("output 300k"))
	fmt.Println(err)
	// Output:
	// context-management-2025-06-27,output-300k-2026-03-24
	// create batch: beta "output 300k" is malformed: betas look like feature-2026-01-31
}
