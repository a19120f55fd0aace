package messagebatches_test

import (
	"fmt"
	"log"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-111a911e/messagebatches"
)

// The contract can be read with any OpenAPI library.
func ExampleOpenAPI() {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(messagebatches.OpenAPI()))
	if err != nil {
		log.Fatal(err)
	}
	for _, path := range doc.Paths.InMatchingOrder() {
		fmt.Println(path, len(doc.Paths.Find(path).Operations()))
	}
	// Unordered output:
	// /v1/messages/batches 2
	// /v1/messages/batches/{message_batch_id} 2
	// /v1/messages/batches/{message_batch_id}/cancel 1
	// /v1/messages/batches/{message_batch_id}/results 1
}
