package jobs_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/jobs"
)

// Send a file of requests and get a result for each, in the order of the file. The same call continues a job that was
// interrupted.
func Example() {
	dir, err := os.MkdirTemp("", "job")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	input := filepath.Join(dir, "requests.jsonl")
	lines := `{"custom_id": "first ticket", "params": {"model": "claude-opus-5", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]}}
{"custom_id": "second ticket", "params": {"model": "claude-opus-5", "max_tokens": 100, "messages": [{"role": "user", "content": "Goodbye"}]}}
`
	if err := os.WriteFile(input, []byte(lines), 0o600); err != nil {
		log.Fatal(err)
	}
	service := batchtest.Start() // a real program calls client.New
	defer service.Close()
	service.AnswerAll(batchtest.Text("a response"))
	if err := run(context.Background(), service.Client(), dir, input); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2 of 2 answered
	// first ticket: a response
	// second ticket: a response
}

func run(ctx context.Context, c *client.Client, dir, input string) error {
	job, err := jobs.Open(ctx, filepath.Join(dir, "tickets.job"), jobs.Options{})
	if err != nil {
		return err
	}
	defer job.Close()
	report, err := job.Run(ctx, c, jobs.Lines(input))
	if err != nil {
		return err
	}
	fmt.Println(report.Answered, "of", report.Requests, "answered")
	for item, err := range job.Results(ctx) {
		if err != nil {
			return err
		}
		fmt.Printf("%s: %s\n", item.CustomID, item.Text())
	}
	return nil
}

// Requests may be Go values. They are first written to the directory of the job.
func ExampleRequests() {
	dir, err := os.MkdirTemp("", "job")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	service := batchtest.Start() // a real program calls client.New
	defer service.Close()
	ctx := context.Background()
	job, err := jobs.Open(ctx, dir, jobs.Options{FollowUp: bulk.Policy{MaxAttempts: 5}})
	if err != nil {
		log.Fatal(err)
	}
	defer job.Close()
	requests := []client.Request{{
		CustomID: "greeting",
		Params:   client.Params{Model: client.ModelClaudeOpus5, MaxTokens: 100, Messages: []client.InputMessage{client.UserText("Hello")}},
	}}
	report, err := job.Run(ctx, service.Client(), jobs.Requests(func(yield func(client.Request, error) bool) {
		for r := range slices.Values(requests) {
			if !yield(r, nil) {
				return
			}
		}
	}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Answered, "answered")
	// Output: 1 answered
}
