//go:build tools

// The tools of this repository are pinned by the tool directives of go.mod and run with "go tool", as generate.go does. They
// are not imported here: go mod tidy follows imports whatever their build tags, so that every importer of this package would
// require the generator's modules.

package messagebatches
