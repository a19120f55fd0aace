// Package migrating has the code in MIGRATING.md: both sides of each call, and the bridge between the types of both.
// The tests of conformance run it, and compare it with the document.
package migrating

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"

	"github.com/seed-111a911e/messagebatches/client"
)

// CreateTheirs creates a batch with the official SDK.
func CreateTheirs(ctx context.Context, sdk anthropic.Client) (string, error) {
	batch, err := sdk.Beta.Messages.Batches.New(ctx, anthropic.BetaMessageBatchNewParams{
		Requests: []anthropic.BetaMessageBatchNewParamsRequest{{
			CustomID: "greeting-1",
			Params: anthropic.BetaMessageBatchNewParamsRequestParams{
				Model: anthropic.ModelClaudeOpus5, MaxTokens: 1024,
				Messages: []anthropic.BetaMessageParam{anthropic.NewBetaUserMessage(anthropic.NewBetaTextBlock("Hello"))},
			},
		}},
		Betas: []anthropic.AnthropicBeta{anthropic.AnthropicBetaOutput300k2026_03_24},
	})
	if err != nil {
		return "", err // the batch may have been created
	}
	return batch.ID, nil
}

// CreateOurs creates a batch with this SDK.
func CreateOurs(ctx context.Context, c *client.Client) (string, error) {
	batch, err := c.Create(ctx, []client.Request{{
		CustomID: "greeting-1",
		Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024,
			Messages: []client.InputMessage{client.UserText("Hello")},
		},
	}}, client.WithBetas(client.BetaOutput300K))
	if err != nil {
		return "", err // there is no batch, or err is a *client.UncertainError
	}
	return batch.ID, nil
}

// WaitTheirs waits for a batch with the official SDK.
func WaitTheirs(ctx context.Context, sdk anthropic.Client, id string) error {
	for {
		batch, err := sdk.Beta.Messages.Batches.Get(ctx, id, anthropic.BetaMessageBatchGetParams{})
		if err != nil {
			return err // one failure that outlasts the retries ends the wait
		}
		if batch.ProcessingStatus == anthropic.BetaMessageBatchProcessingStatusEnded {
			return nil
		}
		time.Sleep(time.Minute)
	}
}

// WaitOurs waits for a batch with this SDK.
func WaitOurs(ctx context.Context, c *client.Client, id string) error {
	_, err := c.Wait(ctx, id) // or once: c.Get(ctx, id)
	return err
}

// ListTheirs prints the IDs of all batches with the official SDK.
func ListTheirs(ctx context.Context, sdk anthropic.Client) error {
	pages := sdk.Beta.Messages.Batches.ListAutoPaging(ctx, anthropic.BetaMessageBatchListParams{})
	for pages.Next() {
		fmt.Println(pages.Current().ID)
	}
	return pages.Err()
}

// ListOurs prints the IDs of all batches with this SDK.
func ListOurs(ctx context.Context, c *client.Client) error {
	for batch, err := range c.List(ctx) {
		if err != nil {
			return err
		}
		fmt.Println(batch.ID)
	}
	return nil
}

// ResultsTheirs prints the results of a batch with the official SDK.
func ResultsTheirs(ctx context.Context, sdk anthropic.Client, id string) error {
	stream := sdk.Beta.Messages.Batches.ResultsStreaming(ctx, id, anthropic.BetaMessageBatchResultsParams{})
	defer stream.Close()
	for stream.Next() {
		item := stream.Current()
		switch result := item.Result.AsAny().(type) {
		case anthropic.BetaMessageBatchSucceededResult:
			for _, block := range result.Message.Content {
				fmt.Println(item.CustomID, block.Text)
			}
		case anthropic.BetaMessageBatchErroredResult:
			fmt.Println(item.CustomID, result.Error.Error.Message)
		}
	}
	return stream.Err() // nil does not say that all results came: compare with the counts of the batch
}

// ResultsOurs prints the results of a batch with this SDK.
func ResultsOurs(ctx context.Context, c *client.Client, id string) error {
	for item, err := range c.Results(ctx, id) {
		if err != nil {
			return err // results are missing, and err says how many
		}
		if err := item.Err(); err != nil {
			fmt.Println(item.CustomID, err)
			continue
		}
		fmt.Println(item.CustomID, item.Text())
	}
	return nil
}

// CancelTheirs cancels a batch with the official SDK.
func CancelTheirs(ctx context.Context, sdk anthropic.Client, id string) error {
	_, err := sdk.Beta.Messages.Batches.Cancel(ctx, id, anthropic.BetaMessageBatchCancelParams{})
	return err // also if the batch has ended meanwhile
}

// CancelOurs cancels a batch with this SDK.
func CancelOurs(ctx context.Context, c *client.Client, id string) error {
	_, err := c.Cancel(ctx, id) // a batch that has ended meanwhile is returned
	return err
}

// DeleteTheirs deletes a batch with the official SDK.
func DeleteTheirs(ctx context.Context, sdk anthropic.Client, id string) error {
	_, err := sdk.Beta.Messages.Batches.Delete(ctx, id, anthropic.BetaMessageBatchDeleteParams{})
	return err
}

// DeleteOurs deletes a batch with this SDK.
func DeleteOurs(ctx context.Context, c *client.Client, id string) error {
	return c.Delete(ctx, id)
}

// ErrorTheirs prints the ID of a rate-limited call with the official SDK.
func ErrorTheirs(err error) error {
	var apiErr *anthropic.Error
	if errors.As(err, &apiErr) && apiErr.Type() == anthropic.ErrorTypeRateLimitError {
		fmt.Println(apiErr.RequestID)
	}
	return err
}

// ErrorOurs prints the ID of a rate-limited call with this SDK.
func ErrorOurs(err error) error {
	var apiErr *client.APIError
	if errors.As(err, &apiErr) && errors.Is(err, client.ErrRateLimited) {
		fmt.Println(apiErr.RequestID)
	}
	return err
}

// BridgeRequests creates a batch from the official SDK's requests with our client.
func BridgeRequests(ctx context.Context, c *client.Client, params anthropic.BetaMessageBatchNewParams) (*client.Batch, error) {
	var lines bytes.Buffer // for a large batch a file, which CreateLines reads twice
	for _, request := range params.Requests {
		line, err := json.Marshal(request)
		if err != nil {
			return nil, err
		}
		lines.Write(append(line, '\n'))
	}
	var betas []client.Beta
	for _, beta := range params.Betas {
		betas = append(betas, client.Beta(beta))
	}
	return c.CreateLines(ctx, bytes.NewReader(lines.Bytes()), client.WithBetas(betas...))
}

// BridgeItem returns an item in the types of the official SDK.
func BridgeItem(item *client.Item) (*anthropic.BetaMessageBatchIndividualResponse, error) {
	if item.Malformed != nil {
		return nil, item.Malformed
	}
	var theirs anthropic.BetaMessageBatchIndividualResponse
	return &theirs, json.Unmarshal(item.Raw, &theirs)
}
