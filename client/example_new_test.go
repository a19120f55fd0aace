package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// New reports all faults of the options at once. A printed client shows no credential.
func ExampleNew() {
	_, err := client.New(
		client.WithoutEnvironment(),
		client.WithAPIKey("sk-ant-with\nline break"),
		client.WithBaseURL("http://gateway.example.com"),
	)
	fmt.Println(err)

	c, err := client.New(
		client.WithoutEnvironment(),
		client.WithAuthToken("token"),
		client.WithBaseURL("http://gateway.example.com"),
		client.WithInsecureHTTP(), // on a private network
		client.WithMaxLineBytes(16<<20),
	)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c)
	// Output:
	// new client: API key holds a control character
	// base URL http://gateway.example.com is not encrypted, so the credential and the prompts could be read on the way: use https, or WithInsecureHTTP to allow this
	// messagebatches client of http://gateway.example.com/ with auth token
}

// After a token has expired, the client requests a new one.
func ExampleWithTokenSource() {
	service := batchtest.Start(batchtest.WithKey("token-2"))
	tokens := 0
	c := service.Client(client.WithTokenSource(func(context.Context) (string, error) {
		tokens++
		return fmt.Sprintf("token-%d", tokens), nil
	}))
	requests := []client.Request{{CustomID: "r0", Params: client.Params{
		Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
	}}}
	if _, err := c.Create(context.Background(), requests); err != nil {
		log.Fatal(err)
	}
	fmt.Println(tokens, "tokens,", len(service.Batches()), "batch")
	// Output:
	// 2 tokens, 1 batch
}

// Options of calls can also be passed to New, and then apply to all calls.
func ExampleCallOption() {
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithKey("key", "wrkspc_1", "wrkspc_2"))
	c := service.Client(client.WithUserAgent("nightly-report/2.1"), client.WithWorkspace("wrkspc_1"))

	requests := []client.Request{{CustomID: "r0", Params: client.Params{
		Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
	}}}
	batch, err := c.Create(ctx, requests,
		client.WithVersion(client.Version20261021),
		client.WithWorkspace("wrkspc_2"),
		client.WithUserProfile("uprof_1"),
		client.WithHeader("x-gateway-team", "reports"),
	)
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"user-agent", "anthropic-version", "anthropic-workspace-id", "anthropic-user-profile-id", "x-gateway-team"} {
		fmt.Println(service.Calls(batchtest.Create)[0].Header.Get(name))
	}
	_, err = c.Get(ctx, batch.ID) // in the client's workspace, where it is not
	fmt.Println(errors.Is(err, client.ErrNotFound))
	// Output:
	// nightly-report/2.1 messagebatches-go/0.2.0
	// 2026-10-21
	// wrkspc_2
	// uprof_1
	// reports
	// true
}
