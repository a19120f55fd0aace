package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// fakeClient returns a client of a fake service, in which batches end at once.
func fakeClient(service *batchtest.Service) *client.Client {
	c, err := client.New(
		client.WithoutEnvironment(),
		client.WithAPIKey(service.Key()),
		client.WithBaseURL(service.URL()),
		client.WithHTTPClient(service.HTTPClient()),
	)
	if err != nil {
		log.Fatal(err)
	}
	return c
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

func ExampleAPIError() {
	service := batchtest.Start()
	service.Inject(batchtest.Retrieve, batchtest.Fail(429, "rate_limit_error", "Slow down."))
	_, err := fakeClient(service).Get(context.Background(), "msgbatch_1", client.WithRetry(client.Retry{MaxAttempts: 1}))

	var limited *gen.BetaRateLimitError
	if errors.As(err, &limited) { // by variant
		fmt.Println(limited.Message)
	}
	if errors.Is(err, client.ErrRateLimited) { // by kind, also if the answer is not the API's JSON
		fmt.Println("rate limited")
	}
	var apiErr *client.APIError
	if errors.As(err, &apiErr) {
		fmt.Println(apiErr.StatusCode, apiErr.Type, apiErr.RequestID)
	}
	// Output:
	// Slow down.
	// rate limited
	// 429 rate_limit_error req_fault
}

func ExampleUncertainError() {
	service := batchtest.Start()
	service.Inject(batchtest.Create, batchtest.DropAfter()) // the answer is lost
	ctx := context.Background()
	c := fakeClient(service)

	_, err := c.Create(ctx, client.BatchParams{Requests: requests(2)})
	var uncertain *client.UncertainError
	if errors.As(err, &uncertain) {
		candidates, err := uncertain.Candidates(ctx)
		if err != nil {
			log.Fatal(err)
		}
		for _, batch := range candidates.Batches {
			fmt.Println("this may be it:", batch.RequestCounts.Processing, "requests")
		}
		if !candidates.Complete {
			fmt.Println("others may come until", candidates.Until.Sub(uncertain.Ended).Round(time.Minute), "after the failure")
		}
	}
	// Output:
	// this may be it: 2 requests
	// others may come until 12m0s after the failure
}

func ExampleWithBetas() {
	service := batchtest.Start()
	c := fakeClient(service)
	_, err := c.Create(context.Background(), client.BatchParams{Requests: requests(1)},
		client.WithBetas(gen.AnthropicBetaOutput300K20260324))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(service.Calls(batchtest.Create)[0].Header.Get("anthropic-beta"))

	_, err = c.Create(context.Background(), client.BatchParams{Requests: requests(1)}, client.WithBetas("output 300k"))
	fmt.Println(err)
	// Output:
	// output-300k-2026-03-24
	// beta "output 300k" is malformed: betas look like feature-2026-01-31
}
