package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"maps"
	"slices"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// Requests that failed or expired are sent in another batch, unless they would fail again. So are those without a result.
func Example_resubmitting() {
	ask := func(id, text string) client.Request {
		return client.Request{CustomID: id, Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText(text)},
		}}
	}
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Answer("b", batchtest.InTurn(batchtest.Raw(`{"type":"expired"}`), batchtest.Text("Yes.")))
	service.Answer("c", batchtest.InTurn(batchtest.Errored(&client.InternalServerError{Message: "Sorry."}), batchtest.Text("No.")))
	service.Answer("d", batchtest.Errored(&client.InvalidRequestError{Message: "What?"}))
	c := service.Client()

	todo := map[string]client.Request{"a": ask("a", "Hi"), "b": ask("b", "Ready?"), "c": ask("c", "Tired?"), "d": ask("d", "?")}
	for round := 1; len(todo) > 0 && round <= 3; round++ {
		batch, err := c.Create(ctx, slices.Collect(maps.Values(todo)))
		if err != nil {
			log.Fatal(err)
		}
		if _, err := c.Wait(ctx, batch.ID); err != nil {
			log.Fatal(err)
		}
		for item, err := range c.Results(ctx, batch.ID) {
			if err != nil {
				log.Print(err)
			}
			if item == nil {
				continue
			}
			switch err := item.Err(); {
			case errors.Is(err, client.ErrExpired), errors.Is(err, client.ErrAPI), errors.Is(err, client.ErrOverloaded):
				continue // and stay in todo
			case err != nil:
				fmt.Println("round", round, err)
			default:
				fmt.Println("round", round, item.CustomID, item.Text())
			}
			delete(todo, item.CustomID)
		}
	}
	fmt.Println(len(service.Batches()), "batches,", len(todo), "left to do")
	// Unordered output:
	// round 1 a You said: Hi
	// round 1 request "d": invalid_request_error: What?
	// round 2 b Yes.
	// round 2 c No.
	// 2 batches, 0 left to do
}
