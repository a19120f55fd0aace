package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// The generated client returns the plain response of one attempt.
func ExampleClient_Raw() {
	service := batchtest.Start()
	service.Inject(batchtest.List, batchtest.Fail(529, "overloaded_error", "Busy."))
	raw := service.Client().Raw()
	for range 2 {
		resp, err := raw.ListMessageBatches(context.Background(), &gen.ListMessageBatchesParams{AnthropicVersion: gen.AnthropicVersionV20230601})
		if err != nil {
			log.Fatal(err)
		}
		resp.Body.Close()
		fmt.Println(resp.StatusCode, resp.Header.Get("content-type"))
	}
	// Output:
	// 529 application/json
	// 200 application/json
}
