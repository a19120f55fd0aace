// Package contract loads openapi.yaml with kin-openapi.
package contract

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-111a911e/messagebatches"
)

// Load returns the contract as Parse does. The document is shared: do not change it.
var Load = sync.OnceValue(func() *openapi3.T {
	doc, err := Parse(messagebatches.OpenAPI())
	if err != nil {
		panic(fmt.Sprintf("openapi.yaml: %v", err)) // it is embedded and tested
	}
	return doc
})

// Parse reads the text of a contract and closes its open schemas: an open enum becomes a string with its known values,
// and a union a oneOf of all its known members.
func Parse(text string) (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err != nil {
		return nil, err
	}
	done := make(map[*openapi3.Schema]bool)
	for _, ref := range doc.Components.Schemas {
		fold(ref, done)
	}
	for _, ref := range doc.Components.Parameters {
		fold(ref.Value.Schema, done)
	}
	return doc, nil
}

// fold changes a schema and all schemas reachable from it. It follows references too, because a reference with its own
// description holds a copy of the schema that it names.
func fold(ref *openapi3.SchemaRef, done map[*openapi3.Schema]bool) {
	if ref == nil || done[ref.Value] {
		return
	}
	s := ref.Value
	done[s] = true
	switch isInline := func(m *openapi3.SchemaRef) bool { return m.Ref == "" }; {
	case len(s.AnyOf) == 2 && isInline(s.AnyOf[0]) && s.AnyOf[0].Value.Enum != nil:
		s.Type, s.Enum, s.AnyOf = s.AnyOf[0].Value.Type, s.AnyOf[0].Value.Enum, nil
	case s.AnyOf != nil && !slices.ContainsFunc(s.AnyOf, isInline):
		for _, m := range s.AnyOf {
			switch inner := m.Value; {
			case inner.Extensions["x-unknown-member"] == true:
			case inner.OneOf != nil:
				s.OneOf, s.Discriminator = append(s.OneOf, inner.OneOf...), inner.Discriminator
			default:
				s.OneOf = append(s.OneOf, m)
			}
		}
		s.AnyOf = nil
	}
	for _, p := range s.Properties {
		fold(p, done)
	}
	for _, m := range slices.Concat(s.OneOf, s.AnyOf) {
		fold(m, done)
	}
	fold(s.Items, done)
	fold(s.AdditionalProperties.Schema, done)
}

// ExampleOf returns an example of a component, or nil. For a body it is a named example.
func ExampleOf(component string) any {
	doc := Load()
	if s := doc.Components.Schemas[component]; s != nil && len(s.Value.Examples) > 0 {
		return s.Value.Examples[0]
	}
	var bodies []openapi3.Content
	for _, path := range doc.Paths.InMatchingOrder() {
		for _, op := range doc.Paths.Value(path).Operations() {
			if op.RequestBody != nil {
				bodies = append(bodies, op.RequestBody.Value.Content)
			}
			for _, r := range op.Responses.Map() {
				bodies = append(bodies, r.Value.Content)
			}
		}
	}
	names := make(map[string]any)
	for _, body := range bodies {
		for _, media := range body {
			if media.Schema.Ref == "#/components/schemas/"+component {
				for _, e := range media.Examples {
					names[e.Ref] = e.Value.Value
				}
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	return names[slices.Min(slices.Collect(maps.Keys(names)))]
}
