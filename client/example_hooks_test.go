package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// Hooks report what a client does: here, that the outcome of a create is unknown, and how much was sent for it.
func ExampleWithHooks() {
	hooks := client.Hooks{
		EndAttempt: func(_ context.Context, e client.AttemptEnd) {
			fmt.Printf("%s, attempt %d: status %d, %d bytes sent\n", e.Op, e.Attempt, e.Status, e.Sent)
		},
		EndCall: func(_ context.Context, e client.CallEnd) {
			if errors.As(e.Err, new(*client.UncertainError)) {
				fmt.Println("look for the batch before you resend it")
			}
		},
	}
	service := batchtest.Start()
	service.Inject(batchtest.Create, batchtest.DropAfter()) // the response is lost
	c := service.Client(client.WithHooks(hooks))
	_, err := c.Create(context.Background(), []client.Request{{
		CustomID: "greeting-1",
		Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024,
			Messages: []client.InputMessage{client.UserText("Hello, world")},
		},
	}})
	if err == nil {
		log.Fatal("the response was not lost")
	}
	// Output:
	// create batch, attempt 1: status 0, 148 bytes sent
	// look for the batch before you resend it
}
