package river_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/river"
)

// A program that adds a job and waits for its report. Workers, which call Work, serve it.
func ExampleOpen() {
	ctx := context.Background()
	c, err := client.New()
	if err != nil {
		log.Fatal(err)
	}
	blobs, err := jobs.Directory("/mnt/shared/messagebatches")
	if err != nil {
		log.Fatal(err)
	}
	shared, err := river.Open(ctx, os.Getenv("DATABASE_URL"), blobs, river.Options{Client: c, MaxWaiting: 100_000})
	if err != nil {
		log.Fatal(err)
	}
	defer shared.Close()
	id, err := shared.Add(ctx, jobs.Lines("requests.jsonl"), jobs.Options{})
	if err != nil {
		log.Fatal(err)
	}
	report, err := shared.Wait(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Answered, "of", report.Requests, "answered")
}
