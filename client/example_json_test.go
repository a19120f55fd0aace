package client_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// Requests that are already JSON Lines are sent unchanged. An *os.File works like the strings.Reader here.
func ExampleClient_CreateLines() {
	ctx := context.Background()
	service := batchtest.Start()
	c := service.Client()
	lines := `{"custom_id":"a","params":{"model":"claude-opus-5","max_tokens":1024,"messages":[{"role":"user","content":"Hello"}]}}
{"custom_id":"b","params":{"model":"claude-opus-5","max_tokens":1024,"messages":[{"role":"user","content":"Hi"}]}}
`
	batch, err := c.CreateLines(ctx, strings.NewReader(lines))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(batch.RequestCounts.Processing, "requests,", service.Requests(batch.ID)[1].CustomID, "is the last one")

	_, err = c.CreateLines(ctx, strings.NewReader(lines+lines))
	fmt.Println(err)
	// Output:
	// 2 requests, b is the last one
	// create batch: line 3: custom_id: duplicate of line 1
	// line 4: custom_id: duplicate of line 2
}
