package jobs_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/messages"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/jobs"
)

// A sentiment is the required form of answers.
type sentiment struct {
	Sentiment mood `json:"sentiment"`
}

type mood string

// Enum implements messages.Enum.
func (mood) Enum() []string { return []string{"good", "bad"} }

// Requests whose answers do not match their schemas are resent, with more tokens if the answers were truncated.
func ExampleAcceptAll() {
	dir, err := os.MkdirTemp("", "job")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	service := batchtest.Start() // a real program calls client.New
	defer service.Close()
	asked := 0
	service.AnswerAll(func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
		if asked++; asked == 1 {
			return batchtest.Text("It is good.")(r)
		}
		return batchtest.Text(`{"sentiment":"good"}`)(r)
	})
	ctx := context.Background()
	job, err := jobs.Open(ctx, dir, jobs.Options{
		Accept: jobs.AcceptAll(jobs.AcceptSchema, jobs.AcceptComplete),
		Again:  jobs.MoreTokens(1000),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer job.Close()
	format, err := messages.OutputFormat[sentiment]()
	if err != nil {
		log.Fatal(err)
	}
	report, err := job.Run(ctx, service.Client(), jobs.Requests(func(yield func(client.Request, error) bool) {
		yield(client.Request{CustomID: "review 1", Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 100, Messages: []client.InputMessage{client.UserText("I like it.")},
			OutputConfig: &client.OutputConfig{Format: format},
		}}, nil)
	}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Answered, "answered,", report.Reasked, "resent")
	for item, err := range job.Results(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.CustomID, item.Text())
	}
	// Output:
	// 1 answered, 1 resent
	// review 1 {"sentiment":"good"}
}
