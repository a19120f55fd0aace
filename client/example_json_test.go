package client_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// Requests that are JSON lines already are sent as they are. A *os.File will do as well as the strings.Reader here.
func ExampleClient_CreateJSON() {
	ctx := context.Background()
	service := batchtest.Start()
	c, err := client.New(client.WithAPIKey(service.Key()), client.WithBaseURL(service.URL()), client.WithHTTPClient(service.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	lines := `{"custom_id":"a","params":{"model":"claude-opus-5","max_tokens":1024,"messages":[{"role":"user","content":"Hello"}]}}
{"custom_id":"b","params":{"model":"claude-opus-5","max_tokens":1024,"messages":[{"role":"user","content":"Hi"}]}}
`
	batch, err := c.CreateJSON(ctx, strings.NewReader(lines))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(batch.RequestCounts.Processing, "requests,", service.Requests(batch.ID)[1].CustomID, "is the last one")

	_, err = c.CreateJSON(ctx, strings.NewReader(lines+lines))
	fmt.Println(err)
	// Output:
	// 2 requests, b is the last one
	// create batch: line 3: custom_id: it is that of line 1 too, and each must be unique
	// line 4: custom_id: it is that of line 2 too, and each must be unique
}
