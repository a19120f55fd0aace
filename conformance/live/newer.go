package live

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// newer finds the parts of a value that are newer than the contract, and valid because the contract is open:
// properties, union members, enum values.
type newer struct{ found map[string]bool }

func (n newer) sorted() []string { return slices.Sorted(maps.Keys(n.found)) }

func (n newer) add(format string, args ...any) { n.found[fmt.Sprintf(format, args...)] = true }

// walk walks a value of a schema whose open forms are folded. Place is the path to it.
func (n newer) walk(place string, s *openapi3.Schema, value any) {
	if value == nil {
		return
	}
	if members := slices.Concat(s.OneOf, s.AnyOf); members != nil {
		n.union(place, s, members, value)
		return
	}
	switch value := value.(type) {
	case string:
		if s.Enum != nil && !slices.Contains(s.Enum, any(value)) {
			n.add("%s is %q, a value that the contract does not have", place, value)
		}
	case []any:
		if s.Items != nil {
			for _, element := range value {
				n.walk(place+"[]", s.Items.Value, element)
			}
		}
	case map[string]any:
		more := s.AdditionalProperties
		for name, inner := range value {
			at := place + "." + name
			switch p := s.Properties[name]; {
			case p != nil:
				n.walk(at, p.Value, inner)
			case more.Schema != nil:
				n.walk(place+".*", more.Schema.Value, inner)
			case s.Properties != nil && (more.Has == nil || !*more.Has):
				n.add("%s is a property that the contract does not have", at)
			}
		}
	}
}

// union walks a value with the union member that it belongs to.
func (n newer) union(place string, s *openapi3.Schema, members openapi3.SchemaRefs, value any) {
	object, isObject := value.(map[string]any)
	if d := s.Discriminator; d != nil && isObject {
		tag, _ := object[d.PropertyName].(string)
		ref, ok := d.Mapping[tag]
		if !ok {
			n.add("%s has the %s %q, which the contract does not have", place, d.PropertyName, tag)
			return
		}
		for _, m := range members {
			if path.Base(m.Ref) == path.Base(ref.Ref) {
				n.walk(place, m.Value, value)
			}
		}
		return
	}
	for _, m := range members {
		if m.Value.Type.Is(kindOf(value)) || m.Value.Type == nil && m.Value.OneOf != nil && isObject {
			n.walk(place, m.Value, value)
			return
		}
	}
}

// kindOf returns the JSON Schema type of a value.
func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case json.Number:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}
