// Command schemas writes package schema's copy of the contract. go generate runs it in the repository's root.
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/seed-111a911e/messagebatches"
	"github.com/seed-111a911e/messagebatches/internal/contract"
)

func main() {
	log.SetFlags(0)
	text, err := contract.Schemas(messagebatches.OpenAPI())
	if err != nil {
		log.Fatalf("openapi.yaml: %v", err)
	}
	if err := os.WriteFile(filepath.FromSlash("internal/contract/schema/schemas.gen.json"), text, 0o644); err != nil {
		log.Fatal(err)
	}
}
