// Package messagebatches is the root of a Go SDK for Anthropic's Message Batches API. It holds the contract,
// openapi.yaml, from which the other packages are generated or against which they are checked:
//
//	package main
//
//	import (
//		"fmt"
//
//		"github.com/seed-111a911e/messagebatches"
//	)
//
//	func main() {
//		fmt.Print(messagebatches.OpenAPI())
//	}
//
// Programs import [github.com/seed-111a911e/messagebatches/client]; their tests import client/batchtest.
//
// # Versions
//
// The module follows semantic versioning. Before 1.0 a minor version may break programs; CHANGELOG.md explains how. The
// head of the contract has the same version.
package messagebatches

import _ "embed"

//go:generate go tool oapi-codegen -config gen/types.yaml openapi.yaml
//go:generate go tool oapi-codegen -config gen/client.yaml openapi.yaml
//go:generate go tool oapi-codegen -config gen/registry.yaml openapi.yaml
//go:generate go tool oapi-codegen -config gen/names.yaml openapi.yaml
//go:generate go run ./internal/contract/cmd/schemas

//go:embed openapi.yaml
var openAPI string

// OpenAPI returns the contract: the text of openapi.yaml, an OpenAPI 3.1 document.
func OpenAPI() string { return openAPI }
