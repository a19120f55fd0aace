// Package contract loads the whole of openapi.yaml with kin-openapi, for tests, and makes the copy that package schema
// reads in programs.
package contract

import (
	"fmt"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-111a911e/messagebatches"
)

// Load returns the contract with its open forms folded, see fold.go. The document is shared: do not change it.
var Load = sync.OnceValue(func() *openapi3.T { return must(ParseFolded(messagebatches.OpenAPI())) })

// LoadForChecks returns the contract prepared for VisitJSON. The document is shared: do not change it.
var LoadForChecks = sync.OnceValue(func() *openapi3.T { return must(ParseForChecks(messagebatches.OpenAPI())) })

func must(doc *openapi3.T, err error) *openapi3.T {
	if err != nil {
		panic(fmt.Sprintf("openapi.yaml: %v", err)) // it is embedded and tested
	}
	return doc
}

// Parse reads the text of a contract without changing its schemas.
func Parse(text string) (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromData([]byte(text))
}

// ParseFolded reads the text of a contract and folds its open forms.
func ParseFolded(text string) (*openapi3.T, error) {
	f, err := fold(text)
	if err != nil {
		return nil, err
	}
	document, err := f.json()
	if err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(document)
}

// ParseForChecks reads the text of a contract, folds its open forms and prepares it for VisitJSON. In the prepared
// document, unknown members of open unions are invalid.
//
// VisitJSON ignores const, which therefore becomes an enum of one value, and contentEncoding, which becomes the format
// byte. It accepts any value except null for an empty schema, so null is added. An open enum loses its values, because
// it would refuse values that the service accepts.
func ParseForChecks(text string) (*openapi3.T, error) {
	doc, err := ParseFolded(text)
	if err != nil {
		return nil, err
	}
	done := make(map[*openapi3.Schema]bool)
	for _, ref := range doc.Components.Schemas {
		prepare(ref, done)
	}
	return doc, nil
}

// prepare changes a schema and all schemas reachable from it. It follows references too, because a reference with its
// own description holds a copy of the schema that it names.
func prepare(ref *openapi3.SchemaRef, done map[*openapi3.Schema]bool) {
	if ref == nil || done[ref.Value] {
		return
	}
	s := ref.Value
	done[s] = true
	if s.Const != nil {
		s.Enum, s.Const = []any{s.Const}, nil
	}
	if s.ContentEncoding == "base64" {
		s.Format, s.ContentEncoding = "byte", ""
	}
	if s.IsEmpty() {
		s.Nullable = true
	}
	if IsOpenEnum(s) {
		s.Enum = nil
	}
	if DefaultMember(s) != "" {
		// With a discriminator VisitJSON refuses a value without the tag; without one the members' constants decide.
		s.Discriminator = nil
	}
	for _, p := range s.Properties {
		prepare(p, done)
	}
	for _, members := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf, s.AllOf} {
		for _, m := range members {
			prepare(m, done)
		}
	}
	prepare(s.Items, done)
	prepare(s.AdditionalProperties.Schema, done)
}

// IsOpenEnum reports whether values that the enum does not list are valid too.
func IsOpenEnum(s *openapi3.Schema) bool {
	open, _ := s.Extensions["x-open-enum"].(bool)
	return open
}

// DefaultMember returns the name of the union's member for values without a discriminator, or "".
func DefaultMember(s *openapi3.Schema) string {
	name, _ := s.Extensions["x-default-member"].(string)
	return name
}
