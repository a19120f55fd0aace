package messages_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/messages"
)

// A complete program for structured output. The fake service needs no scripted answers here, because its default answers
// match the schema.
func Example_structuredOutput() {
	answers := func(ctx context.Context, c *client.Client, asked map[string]client.Params) []*client.Item {
		var requests []client.Request
		for id, p := range asked {
			requests = append(requests, client.Request{CustomID: id, Params: p})
		}
		batch, err := c.Create(ctx, requests)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := c.Wait(ctx, batch.ID); err != nil {
			log.Fatal(err)
		}
		var items []*client.Item
		for item, err := range c.Results(ctx, batch.ID) {
			if err != nil {
				log.Fatal(err)
			}
			items = append(items, item)
		}
		return items
	}
	type Review struct {
		Product  string   `json:"product"`
		Stars    int      `json:"stars" jsonschema:"from 1 to 5"`
		Points   []string `json:"points"`
		Reviewer *string  `json:"reviewer"`
	}
	format, err := messages.OutputFormat[Review]()
	if err != nil {
		log.Fatal(err)
	}
	asked := make(map[string]client.Params)
	for id, text := range map[string]string{"review-1": "Quiet, but small.", "review-2": "It broke after a week!"} {
		asked[id] = client.Params{
			Model:        client.ModelClaudeOpus5,
			MaxTokens:    1024,
			Messages:     []client.InputMessage{client.UserText("What does this review say? " + text)},
			OutputConfig: &client.OutputConfig{Format: format},
		}
	}
	c := batchtest.Start(batchtest.WithDuration(0)).Client() // or client.New()
	for _, item := range answers(context.Background(), c, asked) {
		review, err := messages.DecodeText[Review](item.Message())
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.CustomID, review.Product != "", len(review.Points) > 0)
	}
	// Unordered output:
	// review-1 true true
	// review-2 true true
}
