package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// Betas of the client and of the call go out together. They hold for all requests of the batch.
func ExampleWithBetas() {
	ctx := context.Background()
	service := batchtest.Start()
	c := fakeClient(service, client.WithBetas(gen.AnthropicBetaContextManagement20250627))

	_, err := c.Create(ctx, client.BatchParams{Requests: []client.Request{ask("a", "Hello")}},
		client.WithBetas(gen.AnthropicBetaOutput300K20260324))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(service.Calls(batchtest.Create)[0].Header.Get("anthropic-beta"))

	_, err = c.Create(ctx, client.BatchParams{Requests: []client.Request{ask("a", "Hello")}}, client.WithBetas("output 300k"))
	fmt.Println(err)
	// Output:
	// context-management-2025-06-27,output-300k-2026-03-24
	// beta "output 300k" is malformed: betas look like feature-2026-01-31
}
