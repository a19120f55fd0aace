package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// A batch is stored as the JSON that it was decoded from, including properties that this version does not know.
func ExampleBatch() {
	ctx := context.Background()
	service := batchtest.Start()
	service.Inject(batchtest.Create, batchtest.Malformed("priority", `"high"`)) // a property that is newer than this version
	requests := []client.Request{{CustomID: "r0", Params: client.Params{
		Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
	}}}
	batch, err := service.Client().Create(ctx, requests)
	if err != nil {
		log.Fatal(err)
	}
	stored, err := json.Marshal(batch)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(bytes.Contains(stored, []byte(`"priority":"high"`)))

	line, err := batch.AppendJSON(nil) // the same, for JSON Lines files
	fmt.Println(len(line) == len(stored), err)
	// Output:
	// true
	// true <nil>
}

// ParseItem decodes one stored line of results; ReadItems of package bulk reads a whole file.
func ExampleParseItem() {
	for i, line := range []string{`{"custom_id":"a","result":{"type":"expired"}}`, `{"custom_id":"b"}`, `upstream error`} {
		item := client.ParseItem([]byte(line), i+1)
		fmt.Println(item.Err())
	}
	// Output:
	// request "a": request expired unprocessed
	// results, line 2 (request "b"): decode JSON at /result: missing
	// results, line 3: not JSON, at byte 0: invalid character 'u' at start of value
}
