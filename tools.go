//go:build tools

// The tool directives in go.mod pin the tools of this repository, which run with "go tool", as in generate.go. They are
// not imported here, because go mod tidy follows imports whatever their build tags, and every importer of this package
// would then require the generator's modules.

package messagebatches
