package messagebatches

import _ "embed"

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config gen/types.yaml openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config gen/client.yaml openapi.yaml

//go:embed openapi.yaml
var openAPI string

// OpenAPI returns the contract: the text of openapi.yaml, an OpenAPI 3.1 document.
func OpenAPI() string { return openAPI }
