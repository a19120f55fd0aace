package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

func ExampleWithResponse() {
	service := batchtest.Start(
		batchtest.WithHeader("anthropic-ratelimit-requests-limit", "1000"),
		batchtest.WithHeader("anthropic-ratelimit-requests-remaining", "3"),
		batchtest.WithHeader("anthropic-ratelimit-requests-reset", "2026-10-21T12:00:00Z"),
	)
	var response client.Response
	requests := []client.Request{{CustomID: "r0", Params: client.Params{
		Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
	}}}
	_, err := service.Client().Create(context.Background(), requests, client.WithResponse(&response))
	if err != nil {
		log.Fatal(err)
	}
	calls := response.Limits["requests"]
	fmt.Printf("status %d, %d of %d calls left until %s\n", response.StatusCode, calls.Remaining, calls.Limit, calls.Reset.Format("15:04"))
	fmt.Println("the id to include when you contact support:", response.RequestID == service.Calls(batchtest.Create)[0].RequestID)
	// Output:
	// status 200, 3 of 1000 calls left until 12:00
	// the id to include when you contact support: true
}
