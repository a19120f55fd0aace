// Package messagebatches is the root of a Go SDK for the Message Batches API of Anthropic. It holds the contract,
// openapi.yaml, from which the rest is generated or checked.
//
// Programs import [github.com/seed-111a911e/messagebatches/client]; their tests import client/batchtest.
package messagebatches

import _ "embed"

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config gen/types.yaml openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config gen/client.yaml openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config gen/registry.yaml openapi.yaml

//go:embed openapi.yaml
var openAPI string

// OpenAPI returns the contract: the text of openapi.yaml, an OpenAPI 3.1 document.
func OpenAPI() string { return openAPI }
