package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// A request may continue a conversation, here one that shows what answers should look like.
func ExampleAssistantText() {
	ctx := context.Background()
	service := batchtest.Start()
	batch, err := service.Client().Create(ctx, []client.Request{
		{CustomID: "word-1", Params: client.Params{
			Model:     client.ModelClaudeOpus5,
			MaxTokens: 16,
			System:    client.TextContent("Translate into French."),
			Messages: []client.InputMessage{
				client.UserText("cheese"),
				client.AssistantText("le fromage"),
				client.UserText("bread"),
			},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range service.Requests(batch.ID)[0].Params.Messages {
		fmt.Println(m.Discriminator())
	}
	// Output:
	// user
	// assistant
	// user
}
