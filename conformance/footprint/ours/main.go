// Ours is a minimal program with this project: it creates a batch and reads results. make footprint builds it.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
)

func main() {
	ctx := context.Background()
	c, err := client.New()
	if err != nil {
		log.Fatal(err)
	}
	if len(os.Args) == 1 {
		batch, err := c.Create(ctx, []client.Request{{
			CustomID: "greeting-1",
			Params: client.Params{
				Model:     gen.ModelClaudeOpus5,
				MaxTokens: 1024,
				Messages:  []client.InputMessage{client.UserText("Hello, world")},
			},
		}})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch.ID)
		return
	}
	for item, err := range c.Results(ctx, os.Args[1]) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.CustomID, item.Text())
	}
}
