package client_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// Until a batch has ended, its counts do not show progress: all requests are processing. Only its age changes, and it
// expires after a day.
func ExampleClient_Wait() {
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(time.Hour))
	c := service.Client()
	var requests []client.Request
	for i := range 3 {
		requests = append(requests, client.Request{CustomID: fmt.Sprintf("r%d", i), Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
		}})
	}
	batch, err := c.Create(ctx, requests)
	if err != nil {
		log.Fatal(err)
	}
	report := func(b *client.Batch) {
		now := service.Now() // time.Now()
		fmt.Printf("%s for %v, at most %v to go, %d of 3 processing\n", b.ProcessingStatus,
			now.Sub(b.CreatedAt).Round(time.Minute), b.ExpiresAt.Sub(now).Round(time.Minute), b.RequestCounts.Processing)
		service.Advance(40 * time.Minute) // the fake's clock
	}
	often := client.WithPollInterval(time.Millisecond, 0) // omit this: the default suits batches that run for hours
	batch, err = c.Wait(ctx, batch.ID, often, client.OnPoll(report))
	if err != nil {
		log.Fatal(err) // a *WaitError: the batch keeps running, and can be waited for again
	}
	fmt.Println(batch.RequestCounts.Succeeded, "succeeded in", batch.EndedAt.Sub(batch.CreatedAt))
	// Output:
	// in_progress for 0s, at most 24h0m0s to go, 3 of 3 processing
	// in_progress for 40m0s, at most 23h20m0s to go, 3 of 3 processing
	// ended for 1h20m0s, at most 22h40m0s to go, 0 of 3 processing
	// 3 succeeded in 1h0m0s
}
