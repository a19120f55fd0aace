package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs"
)

// A job pauses when its budget does not allow another batch, and continues with a higher budget. Other programs can read its
// costs from its directory.
func ExampleReadCosts() {
	dir, err := os.MkdirTemp("", "job")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	service := batchtest.Start() // a real program calls client.New
	defer service.Close()
	requests := jobs.Requests(func(yield func(client.Request, error) bool) {
		yield(client.Request{CustomID: "ticket 1", Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1000, Messages: []client.InputMessage{client.UserText("Where is my parcel?")},
		}}, nil)
	})
	ctx := context.Background()
	for _, budget := range []float64{0.001, 1} { // in dollars
		job, err := jobs.Open(ctx, filepath.Join(dir, "a.job"), jobs.Options{
			Budget: budget, StrictBudget: true, Labels: map[string]string{"team": "support"},
		})
		if err != nil {
			log.Fatal(err)
		}
		_, err = job.Run(ctx, service.Client(), requests)
		var paused *jobs.PausedError
		if errors.As(err, &paused) {
			fmt.Println(paused.Why)
		} else if err != nil {
			log.Fatal(err)
		}
		if err := job.Close(); err != nil {
			log.Fatal(err)
		}
	}
	costs, err := jobs.ReadCosts(ctx, filepath.Join(dir, "a.job"), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(costs.Labels, costs.Actual > 0, costs.Actual < costs.Estimated.High)
	// Output:
	// batch 1 (1 request) needs 0.0125 USD, but only 0.001 of the budget of 0.001 is left
	// map[team:support] true true
}

// Sum up the costs of teams over several jobs.
func ExampleSumCosts() {
	support := &jobs.Costs{Labels: map[string]string{"team": "support"}, Currency: "USD", Rows: []jobs.Cost{{Day: "2026-11-29", Model: "claude-haiku-4-5", Cost: 250_000_000}}}
	for _, row := range jobs.SumCosts(support, support) { // a real program uses the results of jobs.ReadCosts
		fmt.Println(row.Labels["team"], row.Day, row.Model, row.Cost.Cost, row.Currency, "in", row.Jobs, "jobs")
	}
	// Output: support 2026-11-29 claude-haiku-4-5 0.50 USD in 2 jobs
}
