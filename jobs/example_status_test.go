package jobs_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs"
)

// Other programs can inspect a job through its directory, while it runs and afterwards.
func ExampleFollow() {
	dir, err := os.MkdirTemp("", "job")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	service := batchtest.Start() // a real program calls client.New
	defer service.Close()
	job, err := jobs.Open(ctx, filepath.Join(dir, "greetings.job"), jobs.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer job.Close()
	done := make(chan error)
	go func() {
		_, err := job.Run(ctx, service.Client(), jobs.Requests(func(yield func(client.Request, error) bool) {
			yield(client.Request{CustomID: "greeting", Params: client.Params{
				Model: client.ModelClaudeOpus5, MaxTokens: 100, Messages: []client.InputMessage{client.UserText("Hello")},
			}}, nil)
		}))
		done <- err
	}()
	for event, err := range jobs.Follow(ctx, filepath.Join(dir, "greetings.job"), 0) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Kind, event.Requests)
	}
	if err := <-done; err != nil {
		log.Fatal(err)
	}
	list, err := jobs.List(ctx, dir)
	if err != nil {
		log.Fatal(err)
	}
	for _, job := range list {
		fmt.Println(filepath.Base(job.Dir), job.Status.State, job.Status.Settled, "of", job.Status.Requests)
	}
	// Output:
	// planned 0
	// accepted 1
	// ended 1
	// collected 1
	// done 0
	// greetings.job done 1 of 1
}
