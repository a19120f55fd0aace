package batchtest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// Whether the error of Create is uncertain for each failure, and whether the batch exists.
func Example_createFaults() {
	for name, fault := range map[string]batchtest.Fault{
		"lost before":  batchtest.DropBefore(),
		"lost after":   batchtest.DropAfter(),
		"refused":      batchtest.Fail(403, "permission_error", "Not you."),
		"proxy":        batchtest.Status(502, "<h1>Bad gateway</h1>", "request-id", ""),
		"moved":        batchtest.Redirect(307, "https://elsewhere.example.com/v1/messages/batches"),
		"cut response": batchtest.DropBytes(10),
		"half of it":   batchtest.TruncateBytes(10),
	} {
		service := batchtest.Start()
		service.Inject(batchtest.Create, fault)
		_, err := service.Client(client.WithRetry(client.Retry{MinDelay: 1})).Create(context.Background(), []client.Request{{CustomID: "a"}})
		fmt.Printf("%s: %d batches, uncertain: %t\n", name, len(service.Batches()), errors.As(err, new(*client.UncertainError)))
	}
	// Unordered output:
	// lost before: 0 batches, uncertain: true
	// lost after: 1 batches, uncertain: true
	// refused: 0 batches, uncertain: false
	// proxy: 0 batches, uncertain: true
	// moved: 0 batches, uncertain: false
	// cut response: 1 batches, uncertain: true
	// half of it: 1 batches, uncertain: true
}

// How Results reads three results whose stream is damaged each time.
func Example_resultFaults() {
	emptyFirst := func(body []byte) []byte { return append([]byte("\n{}\n"), body...) }
	for name, fault := range map[string]batchtest.Fault{
		"corrupt":   batchtest.Corrupt(1),
		"duplicate": batchtest.Duplicate(1),
		"lost":      batchtest.Lose(1),
		"more":      batchtest.Rewrite(emptyFirst),
		"truncated": batchtest.Truncate(2),
		"both":      batchtest.ThenDrop(batchtest.Duplicate(1)),
	} {
		ctx := context.Background()
		service := batchtest.Start(batchtest.WithDuration(0))
		service.Inject(batchtest.Results, batchtest.Times(2, fault)...)
		c := service.Client(client.WithRetry(client.Retry{MinDelay: 1}))
		batch, err := c.Create(ctx, []client.Request{{CustomID: "a"}, {CustomID: "b"}, {CustomID: "c"}})
		if err != nil {
			log.Fatal(err)
		}
		results, damaged, incomplete := 0, 0, false
		for item, err := range c.Results(ctx, batch.ID) {
			if err != nil {
				incomplete = errors.As(err, new(*client.IncompleteError))
				break
			}
			if item.Malformed != nil {
				damaged++
			} else {
				results++
			}
		}
		fmt.Printf("%s: %d results, %d damaged lines, incomplete: %t\n", name, results, damaged, incomplete)
	}
	// Unordered output:
	// corrupt: 2 results, 1 damaged lines, incomplete: true
	// duplicate: 3 results, 1 damaged lines, incomplete: false
	// lost: 2 results, 0 damaged lines, incomplete: true
	// more: 3 results, 1 damaged lines, incomplete: false
	// truncated: 2 results, 0 damaged lines, incomplete: true
	// both: 3 results, 1 damaged lines, incomplete: false
}

// A call that is too slow. In a testing/synctest bubble the client's own time-outs can be tested in the same way.
func ExampleDelayBefore() {
	service := batchtest.Start()
	service.Inject(batchtest.List,
		batchtest.DelayBefore(time.Hour), // before the service sees the call
		batchtest.Stall(10, time.Hour),   // in the middle of its response
		batchtest.Slow(1, time.Hour),     // one byte per hour
	)
	c := service.Client(client.WithRetry(client.Retry{MinDelay: 1}))
	for range 3 {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		for _, err := range c.List(ctx) {
			fmt.Println("too slow:", errors.Is(err, context.DeadlineExceeded))
		}
		cancel()
	}
	// Output:
	// too slow: true
	// too slow: true
	// too slow: true
}

// A custom fault wraps the service.
func ExampleFault() {
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
	service.Inject(batchtest.Create, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		fmt.Println(r.Method, r.URL.Path, r.Header.Get("content-type"))
		next.ServeHTTP(w, r)
	})
	if err := ask(context.Background(), service.Client(), "Are you there?"); err != nil {
		log.Fatal(err)
	}
	// Output:
	// POST /v1/messages/batches application/json
	// took 0s
	// question-0: You said: Are you there?
}
