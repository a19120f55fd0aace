package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A request of a batch fails by itself, and its error is taken apart like that of a call.
func ExampleItemError() {
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Answer("b", batchtest.Errored(&gen.BetaOverloadedError{Message: "Try again later."}))
	service.Answer("c", batchtest.Raw(`{"type":"expired"}`))
	service.Answer("d", batchtest.Raw(`{"type":"postponed","until":"tomorrow"}`)) // newer than the contract
	c := fakeClient(service)
	batch, err := c.Create(ctx, client.BatchParams{Requests: []client.Request{ask("a", "1"), ask("b", "2"), ask("c", "3"), ask("d", "4")}})
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

// Results that do not come are counted. Lines that cannot be read are errors of their own, and the next line follows.
func ExampleIncompleteError() {
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Inject(batchtest.Results, batchtest.Times(2, batchtest.Lose(1))...) // the same when the client asks again
	c := fakeClient(service, client.WithRetry(client.Retry{MinDelay: 1}))
	batch, err := c.Create(ctx, client.BatchParams{Requests: []client.Request{ask("a", "1"), ask("b", "2"), ask("c", "3")}})
	if err != nil {
		log.Fatal(err)
	}
	items := 0
	for item, err := range c.Results(ctx, batch.ID) {
		var incomplete *client.IncompleteError
		var line *client.LineError
		switch {
		case errors.As(err, &incomplete):
			fmt.Println(items, "items came,", incomplete.Want.Succeeded-incomplete.Got.Succeeded, "is missing")
		case errors.As(err, &line):
			fmt.Println("line", line.Line, "cannot be read:", string(line.Raw))
		case err != nil:
			log.Fatal(err)
		}
		if item != nil {
			items++
		}
	}
	// Output:
	// 2 items came, 1 is missing
}
