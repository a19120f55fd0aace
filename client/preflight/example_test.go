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
	"github.com/seed-111a911e/messagebatches/gen"
)

func ExampleCheck() {
	service := batchtest.Start() // the real service, without the options that lead to the fake
	c, err := client.New(
		client.WithoutEnvironment(), client.WithAPIKey(service.Key()), client.WithBaseURL(service.URL()), client.WithHTTPClient(service.HTTPClient()),
		client.WithPreflight(func(_ context.Context, requests []client.Request, info client.CallInfo) error {
			return preflight.Check(requests, preflight.Options{Version: info.Version, Betas: info.Betas}).Err()
		}),
	)
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.Create(context.Background(), client.BatchParams{Requests: []client.Request{
		{CustomID: "greeting-1", Params: client.Params{
			Model:    gen.ModelClaudeOpus5,
			Messages: []client.InputMessage{client.UserText("Hello, world")}, // and no MaxTokens
		}},
		{CustomID: "greeting-2", Params: client.Params{
			Model:     gen.ModelClaudeOpus5,
			MaxTokens: 1024,
			Messages:  []client.InputMessage{client.UserText("Hello again")},
			Thinking:  &gen.BetaThinkingConfigEnabled{BudgetTokens: 100},
		}},
	}})
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

func ExampleCheckLines() {
	file := strings.NewReader(`{"custom_id": "a", "params": {"model": "claude-opus-5", "max_tokens": 64, "messages": [{"role": "user", "content": "Hi"}]}}
{"custom_id": "b", "params": {"model": "claude-opus-5", "max_token": 64, "messages": [{"role": "user", "content": "Hi"}]}}
{"custom_id": "a", "params": {"model": "claude-opus-7", "max_tokens": 64, "messages": [{"role": "user", "content": [{"type": "txt"}]}]}}
`)
	report, err := preflight.CheckLines(file, preflight.Options{Version: gen.AnthropicVersionV20261021})
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
	// line 3: error: request 2 (a) /params/messages/0/content/0/type: is none of 24 known values: did you mean "text"? [variant]
	// line 3: error: request 2 (a) /custom_id: line 1 has the same custom id [duplicate-id]
	// 3 requests, 4 errors
}
