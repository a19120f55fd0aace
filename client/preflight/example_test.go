package preflight_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/preflight"
)

func ExampleChecker() {
	service := batchtest.Start()
	c := service.Client(client.WithPreflight(preflight.Checker{})) // client.New(...) for the real service
	_, err := c.Create(context.Background(), []client.Request{
		{CustomID: "greeting-1", Params: client.Params{
			Model:    client.ModelClaudeOpus5,
			Messages: []client.InputMessage{client.UserText("Hello, world")}, // and no MaxTokens
		}},
		{CustomID: "greeting-2", Params: client.Params{
			Model:     client.ModelClaudeHaiku45,
			MaxTokens: 1024,
			Messages:  []client.InputMessage{client.UserText("Hello again")},
			Thinking:  &client.ThinkingEnabled{BudgetTokens: 100},
		}},
	})
	fmt.Println(err)

	var issues *preflight.IssuesError
	if errors.As(err, &issues) {
		for _, i := range issues.Issues {
			fmt.Println(i.CustomID, i.Pointer, i.Rule)
		}
	}
	fmt.Println(len(service.Batches()), "batches")
	// Output:
	// preflight: 2 errors
	// request 0 (greeting-1) /params/max_tokens: must be at least 1 [limit]
	// request 1 (greeting-2) /params/thinking/budget_tokens: must be at least 1024 [limit]
	// greeting-1 /params/max_tokens limit
	// greeting-2 /params/thinking/budget_tokens limit
	// 0 batches
}

// A file that does not have one request per line has one issue.
func ExampleCheckLines_notRequests() {
	for _, file := range []string{
		"custom_id,prompt\na,Hello\n",
		`{"requests": [{"custom_id": "a", "params": {}}]}`,
		"\x1f\x8b\x08...",
	} {
		report, err := preflight.CheckLines(strings.NewReader(file), preflight.Options{})
		if err != nil {
			log.Fatal(err)
		}
		for _, issue := range report.Issues {
			fmt.Println(issue.Message)
		}
	}
	// Output:
	// the file is CSV, not one JSON object per line: messagebatches convert makes requests from its rows and a template
	// the file is the body of a create call, not one request per line: convert it with messagebatches convert FILE, or jq -c '.requests[]' FILE
	// the file is a gzip file: decompress it with gunzip
}

func ExampleCheck() {
	report := preflight.Check([]client.Request{{CustomID: "a b", Params: client.Params{
		Model: client.ModelClaudeOpus5, MaxTokens: 64, Messages: []client.InputMessage{client.UserText("Hi")},
	}}}, preflight.Options{})
	fmt.Println(report.Err())
	// Output:
	// preflight: 1 error
	// request 0 /custom_id: must match ^[a-zA-Z0-9_-]{1,64}$ [pattern]
}

func ExampleCheckLines() {
	file := strings.NewReader(`{"custom_id": "a", "params": {"model": "claude-opus-5", "max_tokens": 64, "messages": [{"role": "user", "content": "Hi"}]}}
{"custom_id": "b", "params": {"model": "claude-opus-5", "max_token": 64, "messages": [{"role": "user", "content": "Hi"}]}}
{"custom_id": "a", "params": {"model": "claude-opus-7", "max_tokens": 64, "messages": [{"role": "user", "content": [{"type": "txt"}]}]}}
`)
	report, err := preflight.CheckLines(file, preflight.Options{Version: client.Version20261021})
	if err != nil {
		log.Fatal(err)
	}
	for _, i := range report.Issues {
		fmt.Printf("line %d: %v: %v\n", i.Line, i.Severity, i)
	}
	fmt.Println(report.Requests, "requests,", report.Count(preflight.Error), "errors")
	// Output:
	// line 2: error: request 1 (b) /params/max_tokens: "max_tokens" is missing [required]
	// line 2: error: request 1 (b) /params/max_token: there is no such property: did you mean "max_tokens"? [unknown-property]
	// line 3: warning: request 2 (a) /params/model: the contract does not know this model: did you mean "claude-opus-5"? [unknown-model]
	// line 3: error: request 2 (a) /params/messages/0/content/0/type: is not one of the 24 known values: did you mean "text"? [variant]
	// line 3: error: request 2 (a) /custom_id: line 1 has the same custom id [duplicate-id]
	// 3 requests, 4 errors
}
