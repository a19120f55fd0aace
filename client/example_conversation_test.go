package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A request may go on with a conversation, here one that shows what answers should look like.
func ExampleAssistantText() {
	ctx := context.Background()
	service := batchtest.Start()
	batch, err := fakeClient(service).Create(ctx, client.BatchParams{Requests: []client.Request{
		{CustomID: "word-1", Params: client.Params{
			Model:     gen.ModelClaudeOpus5,
			MaxTokens: 16,
			System:    gen.BetaTextContent("Translate into French."),
			Messages: []client.InputMessage{
				client.UserText("cheese"),
				client.AssistantText("le fromage"),
				client.UserText("bread"),
			},
		}},
	}})
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
