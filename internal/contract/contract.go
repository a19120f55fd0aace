// Package contract loads openapi.yaml for everything that checks values against it: the contract's own tests, the
// fake service, preflight.
package contract

import (
	"fmt"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-111a911e/messagebatches"
)

// Load returns the contract as it was written. The document is shared: do not change it.
var Load = sync.OnceValue(func() *openapi3.T {
	doc, err := parse([]byte(messagebatches.OpenAPI()))
	if err != nil {
		panic(fmt.Sprintf("openapi.yaml: %v", err)) // it is embedded, and tested
	}
	return doc
})

// LoadForChecks returns the contract prepared for VisitJSON. The document is shared: do not change it.
//
// VisitJSON does not look at const, which therefore becomes an enum of one value; and an open enum, which would
// refuse values that the service takes, loses its values.
var LoadForChecks = sync.OnceValue(func() *openapi3.T {
	doc, err := parse([]byte(messagebatches.OpenAPI()))
	if err != nil {
		panic(fmt.Sprintf("openapi.yaml: %v", err))
	}
	for _, ref := range doc.Components.Schemas {
		prepare(ref)
	}
	return doc
})

func parse(text []byte) (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromData(text)
}

// prepare changes a schema and what stands inline in it. References are left to the component they name.
func prepare(ref *openapi3.SchemaRef) {
	s := ref.Value
	if s.Const != nil {
		s.Enum, s.Const = []any{s.Const}, nil
	}
	if IsOpenEnum(s) {
		s.Enum = nil
	}
	if member := DefaultMember(s); member != "" {
		// VisitJSON refuses a value without the tag; without the discriminator the members' constants decide.
		s.Discriminator = nil
	}
	for _, p := range s.Properties {
		inline(p)
	}
	for _, members := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf, s.AllOf} {
		for _, m := range members {
			inline(m)
		}
	}
	inline(s.Items)
	inline(s.AdditionalProperties.Schema)
}

func inline(ref *openapi3.SchemaRef) {
	if ref != nil && ref.Ref == "" {
		prepare(ref)
	}
}

// IsOpenEnum reports whether values that the enum does not list are valid too.
func IsOpenEnum(s *openapi3.Schema) bool {
	open, _ := s.Extensions["x-open-enum"].(bool)
	return open
}

// DefaultMember returns the name of the union's member that a value without discriminator is, or "".
func DefaultMember(s *openapi3.Schema) string {
	name, _ := s.Extensions["x-default-member"].(string)
	return name
}
