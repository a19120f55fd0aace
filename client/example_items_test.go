package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// Each request of a batch fails on its own, and its error is examined like that of a call.
func ExampleItemError() {
	ask := func(id, text string) client.Request {
		return client.Request{CustomID: id, Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText(text)},
		}}
	}
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Answer("b", batchtest.Errored(&client.OverloadedError{Message: "Try again later."}))
	service.Answer("c", batchtest.Raw(`{"type":"expired"}`))
	service.Answer("d", batchtest.Raw(`{"type":"postponed","until":"tomorrow"}`)) // newer than the contract
	c := service.Client()
	batch, err := c.Create(ctx, []client.Request{ask("a", "1"), ask("b", "2"), ask("c", "3"), ask("d", "4")})
	if err != nil {
		log.Fatal(err)
	}
	for item, err := range c.Results(ctx, batch.ID) {
		if err != nil {
			log.Fatal(err)
		}
		switch err := item.Err(); {
		case err == nil:
			fmt.Println(item.CustomID, item.Message().StopReason)
		case errors.Is(err, client.ErrExpired), errors.Is(err, client.ErrCanceled):
			fmt.Println(item.CustomID, "did not run")
		case errors.As(err, new(*client.APIError)):
			fmt.Println(item.CustomID, "ran, and failed:", err)
		default:
			fmt.Println(item.CustomID, "has an unknown result:", string(item.Raw))
		}
	}
	// Unordered output:
	// a end_turn
	// b ran, and failed: request "b": overloaded_error: Try again later.
	// c did not run
	// d has an unknown result: {"custom_id":"d","result":{"type":"postponed","until":"tomorrow"}}
}

// The last error counts the results that are missing. A damaged line is an item, and the remaining results still follow.
func ExampleIncompleteError() {
	ask := func(id, text string) client.Request {
		return client.Request{CustomID: id, Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText(text)},
		}}
	}
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Inject(batchtest.Results, batchtest.Times(2, batchtest.Lose(1))...) // the same when the client requests them again
	c := service.Client(client.WithRetry(client.Retry{MinDelay: 1}))
	batch, err := c.Create(ctx, []client.Request{ask("a", "1"), ask("b", "2"), ask("c", "3")})
	if err != nil {
		log.Fatal(err)
	}
	items := 0
	for item, err := range c.Results(ctx, batch.ID) {
		var incomplete *client.IncompleteError
		if errors.As(err, &incomplete) {
			fmt.Println(items, "results,", incomplete.Want.Succeeded-incomplete.Got.Succeeded, "is missing")
			break
		} else if err != nil {
			log.Fatal(err)
		}
		if item.Malformed != nil {
			fmt.Println("damaged line:", string(item.Raw))
			continue
		}
		items++
	}
	// Output:
	// 2 results, 1 is missing
}
