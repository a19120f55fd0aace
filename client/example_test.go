package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// fakeClient returns a client of a fake service.
func fakeClient(service *batchtest.Service, opts ...client.Option) *client.Client {
	c, err := client.New(append([]client.Option{
		client.WithoutEnvironment(),
		client.WithAPIKey(service.Key()),
		client.WithBaseURL(service.URL()),
		client.WithHTTPClient(service.HTTPClient()),
	}, opts...)...)
	if err != nil {
		log.Fatal(err)
	}
	return c
}

// ask returns a request with one message.
func ask(customID, text string) client.Request {
	return client.Request{CustomID: customID, Params: client.Params{
		Model:     gen.ModelClaudeOpus5,
		MaxTokens: 1024,
		Messages:  []client.InputMessage{client.UserText(text)},
	}}
}

func Example() {
	ctx := context.Background()
	c := fakeClient(batchtest.Start(batchtest.WithDuration(0))) // client.New() for the real service

	batch, err := c.Create(ctx, client.BatchParams{Requests: []client.Request{
		{CustomID: "greeting-1", Params: client.Params{
			Model:     gen.ModelClaudeOpus5,
			MaxTokens: 1024,
			Messages:  []client.InputMessage{client.UserText("Hello, world")},
		}},
		{CustomID: "greeting-2", Params: client.Params{
			Model:     gen.ModelClaudeOpus5,
			MaxTokens: 0, // a mistake, which comes back as the request's result
			Messages:  []client.InputMessage{client.UserText("Hello again")},
		}},
	}})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Wait(ctx, batch.ID, client.WaitOptions{}); err != nil {
		log.Fatal(err)
	}
	for item, err := range c.Results(ctx, batch.ID) {
		if err != nil {
			log.Print(err) // a line that is odd; or the end, with results missing
		}
		switch {
		case item == nil:
		case item.Err() != nil:
			fmt.Println(item.Err())
		default:
			fmt.Printf("%s: %s\n", item.CustomID, item.Text())
		}
	}
	// Unordered output:
	// greeting-1: You said: Hello, world
	// request "greeting-2": invalid_request_error: params.max_tokens: must be at least 1
}
