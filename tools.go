//go:build tools

// This file pins the code generator: go.mod gets its version from here, and go generate runs that version.

package messagebatches

import _ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
