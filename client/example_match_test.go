package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// Results come in any order: the custom ID links each of them to its input.
func Example_matching() {
	ask := func(id, text string) client.Request {
		return client.Request{CustomID: id, Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText(text)},
		}}
	}
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Answer("review-17", batchtest.Text("bad"))
	service.Answer("review-18", batchtest.Text("good"))
	c := service.Client()

	reviews := map[string]string{ // by custom id: 1 to 64 letters, digits, - and _
		"review-17": "The soup was cold.",
		"review-18": "I will come again!",
	}
	var requests []client.Request
	for id, review := range reviews {
		requests = append(requests, ask(id, "Is this review good or bad? "+review))
	}
	batch, err := c.Create(ctx, requests)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Wait(ctx, batch.ID); err != nil {
		log.Fatal(err)
	}
	for item, err := range c.Results(ctx, batch.ID) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(reviews[item.CustomID], item.Text())
		delete(reviews, item.CustomID)
	}
	fmt.Println(len(reviews), "without a result")
	// Unordered output:
	// The soup was cold. bad
	// I will come again! good
	// 0 without a result
}
