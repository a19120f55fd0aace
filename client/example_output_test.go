package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// In a batch a beta raises the limit of max_tokens to 300,000. An answer that still does not fit is truncated, and has
// succeeded: only its stop reason shows it.
func Example_longOutput() {
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Answer("book-1", batchtest.Message(client.Message{
		Content:    []client.ContentBlock{&client.TextBlock{Text: "It was a dark and stormy night"}},
		StopReason: client.StopReasonMaxTokens,
		Usage:      client.Usage{InputTokens: 12, OutputTokens: 300_000},
	}))
	c := service.Client()

	batch, err := c.Create(ctx, []client.Request{
		{CustomID: "book-1", Params: client.Params{
			Model:     client.ModelClaudeOpus5,
			MaxTokens: 300_000,
			Messages:  []client.InputMessage{client.UserText("Write a book.")},
		}},
	}, client.WithBetas(client.BetaOutput300K))
	if err != nil {
		log.Fatal(err)
	}
	for item, err := range c.Results(ctx, batch.ID) {
		if err != nil {
			log.Fatal(err)
		}
		if m := item.Message(); m != nil && m.StopReason == client.StopReasonMaxTokens {
			fmt.Println(item.CustomID, "was truncated after", m.Usage.OutputTokens, "tokens:", item.Text())
		}
	}
	fmt.Println("sent with", service.Calls(batchtest.Create)[0].Betas())
	// Output:
	// book-1 was truncated after 300000 tokens: It was a dark and stormy night
	// sent with [output-300k-2026-03-24]
}
