// Theirs is a minimal program with the official SDK that does what ours does. make footprint builds it.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/anthropics/anthropic-sdk-go/v2"
)

func main() {
	ctx := context.Background()
	c := anthropic.NewClient()
	if len(os.Args) == 1 {
		batch, err := c.Beta.Messages.Batches.New(ctx, anthropic.BetaMessageBatchNewParams{Requests: []anthropic.BetaMessageBatchNewParamsRequest{{
			CustomID: "greeting-1",
			Params: anthropic.BetaMessageBatchNewParamsRequestParams{
				Model:     anthropic.ModelClaudeOpus5,
				MaxTokens: 1024,
				Messages:  []anthropic.BetaMessageParam{anthropic.NewBetaUserMessage(anthropic.NewBetaTextBlock("Hello, world"))},
			},
		}}})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch.ID)
		return
	}
	results := c.Beta.Messages.Batches.ResultsStreaming(ctx, os.Args[1], anthropic.BetaMessageBatchResultsParams{})
	for results.Next() {
		item := results.Current()
		var text strings.Builder
		for _, block := range item.Result.AsSucceeded().Message.Content {
			text.WriteString(block.Text)
		}
		fmt.Println(item.CustomID, text.String())
	}
	if err := results.Err(); err != nil {
		log.Fatal(err)
	}
}
