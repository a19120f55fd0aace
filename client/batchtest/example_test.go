package batchtest_test

import (
	"context"
	"fmt"
	"log"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

func Example() {
	ask := func(ctx context.Context, c *client.Client, questions ...string) error {
		var requests []client.Request
		for i, q := range questions {
			requests = append(requests, client.Request{CustomID: fmt.Sprintf("question-%d", i), Params: client.Params{
				Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText(q)},
			}})
		}
		batch, err := c.Create(ctx, requests)
		if err != nil {
			return err
		}
		if batch, err = c.Wait(ctx, batch.ID); err != nil {
			return err
		}
		fmt.Println("took", batch.EndedAt.Sub(batch.CreatedAt))
		for item, err := range c.Results(ctx, batch.ID) {
			switch {
			case err != nil:
				return err
			case item.Err() != nil:
				fmt.Println(item.Err())
			default:
				fmt.Println(item.CustomID+":", item.Text())
			}
		}
		return nil
	}
	service := batchtest.Start(batchtest.WithDuration(0)) // in a test: batchtest.New(t, batchtest.WithDuration(0))
	service.AnswerAll(batchtest.Text("42"))

	if err := ask(context.Background(), service.Client(), "What is six times seven?", "And in words?"); err != nil {
		log.Fatal(err)
	}
	batch := service.Batches()[0]
	for _, r := range service.Requests(batch.ID) {
		fmt.Println(r.CustomID, "asked", r.Params.Model)
	}
	// Unordered output:
	// took 0s
	// question-0: 42
	// question-1: 42
	// question-0 asked claude-opus-5
	// question-1 asked claude-opus-5
}

// One request fails, the others succeed.
func ExampleErrored() {
	ask := func(ctx context.Context, c *client.Client, questions ...string) error {
		var requests []client.Request
		for i, q := range questions {
			requests = append(requests, client.Request{CustomID: fmt.Sprintf("question-%d", i), Params: client.Params{
				Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText(q)},
			}})
		}
		batch, err := c.Create(ctx, requests)
		if err != nil {
			return err
		}
		if batch, err = c.Wait(ctx, batch.ID); err != nil {
			return err
		}
		fmt.Println("took", batch.EndedAt.Sub(batch.CreatedAt))
		for item, err := range c.Results(ctx, batch.ID) {
			switch {
			case err != nil:
				return err
			case item.Err() != nil:
				fmt.Println(item.Err())
			default:
				fmt.Println(item.CustomID+":", item.Text())
			}
		}
		return nil
	}
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Answer("question-1", batchtest.Errored(&client.OverloadedError{Message: "Try again later."}))

	if err := ask(context.Background(), service.Client(), "Are you there?", "Still there?"); err != nil {
		log.Fatal(err)
	}
	// Unordered output:
	// took 0s
	// question-0: You said: Are you there?
	// request "question-1": overloaded_error: Try again later.
}

// The service is over its limits twice, and accepts the batch on the third try.
func ExampleService_Inject() {
	ask := func(ctx context.Context, c *client.Client, questions ...string) error {
		var requests []client.Request
		for i, q := range questions {
			requests = append(requests, client.Request{CustomID: fmt.Sprintf("question-%d", i), Params: client.Params{
				Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText(q)},
			}})
		}
		batch, err := c.Create(ctx, requests)
		if err != nil {
			return err
		}
		if batch, err = c.Wait(ctx, batch.ID); err != nil {
			return err
		}
		fmt.Println("took", batch.EndedAt.Sub(batch.CreatedAt))
		for item, err := range c.Results(ctx, batch.ID) {
			switch {
			case err != nil:
				return err
			case item.Err() != nil:
				fmt.Println(item.Err())
			default:
				fmt.Println(item.CustomID+":", item.Text())
			}
		}
		return nil
	}
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Inject(batchtest.Create, batchtest.Times(2, batchtest.Fail(429, "rate_limit_error", "Slow down.", "retry-after-ms", "1"))...)

	if err := ask(context.Background(), service.Client(), "Are you there?"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(service.Calls(batchtest.Create)), "calls,", len(service.Batches()), "batch")
	// Output:
	// took 0s
	// question-0: You said: Are you there?
	// 3 calls, 1 batch
}

// The connection is lost after one of three results. The client reads them again and yields each of them once.
func ExampleDrop() {
	ask := func(ctx context.Context, c *client.Client, questions ...string) error {
		var requests []client.Request
		for i, q := range questions {
			requests = append(requests, client.Request{CustomID: fmt.Sprintf("question-%d", i), Params: client.Params{
				Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText(q)},
			}})
		}
		batch, err := c.Create(ctx, requests)
		if err != nil {
			return err
		}
		if batch, err = c.Wait(ctx, batch.ID); err != nil {
			return err
		}
		fmt.Println("took", batch.EndedAt.Sub(batch.CreatedAt))
		for item, err := range c.Results(ctx, batch.ID) {
			switch {
			case err != nil:
				return err
			case item.Err() != nil:
				fmt.Println(item.Err())
			default:
				fmt.Println(item.CustomID+":", item.Text())
			}
		}
		return nil
	}
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Inject(batchtest.Results, batchtest.Drop(1))

	if err := ask(context.Background(), service.Client(client.WithRetry(client.Retry{MinDelay: 1})), "One?", "Two?", "Three?"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(service.Calls(batchtest.Results)), "calls")
	// Unordered output:
	// took 0s
	// question-0: You said: One?
	// question-1: You said: Two?
	// question-2: You said: Three?
	// 2 calls
}

// A request succeeds when it is resent in another batch.
func ExampleInTurn() {
	ask := func(ctx context.Context, c *client.Client, questions ...string) error {
		var requests []client.Request
		for i, q := range questions {
			requests = append(requests, client.Request{CustomID: fmt.Sprintf("question-%d", i), Params: client.Params{
				Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText(q)},
			}})
		}
		batch, err := c.Create(ctx, requests)
		if err != nil {
			return err
		}
		if batch, err = c.Wait(ctx, batch.ID); err != nil {
			return err
		}
		fmt.Println("took", batch.EndedAt.Sub(batch.CreatedAt))
		for item, err := range c.Results(ctx, batch.ID) {
			switch {
			case err != nil:
				return err
			case item.Err() != nil:
				fmt.Println(item.Err())
			default:
				fmt.Println(item.CustomID+":", item.Text())
			}
		}
		return nil
	}
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Answer("question-0", batchtest.InTurn(batchtest.Raw(`{"type":"expired"}`), batchtest.Text("Yes.")))

	for range 2 {
		if err := ask(context.Background(), service.Client(), "Are you there?"); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// took 0s
	// request "question-0": request expired unprocessed
	// took 0s
	// question-0: Yes.
}

// Without testing/synctest, a test can move the clock forward. A request that takes longer than a day expires.
func ExampleService_Advance() {
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(time.Hour))
	service.Takes("question-1", 25*time.Hour)
	c := service.Client()
	batch, err := c.Create(ctx, []client.Request{{CustomID: "question-1"}})
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		service.Advance(12 * time.Hour)
		if batch, err = c.Get(ctx, batch.ID); err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch.ProcessingStatus, batch.RequestCounts.Expired)
	}
	// Output:
	// in_progress 0
	// ended 1
}

// TestDayInNoTime is the example of package testing/synctest in the package's documentation. It is a test because
// synctest needs one.
func TestDayInNoTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := batchtest.New(t, batchtest.WithDuration(24*time.Hour))
		batch, err := service.Client().Create(t.Context(), []client.Request{{CustomID: "question-0"}})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := service.Client().Wait(t.Context(), batch.ID); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited < 24*time.Hour {
			t.Errorf("waited for %v", waited)
		}
	})
}
