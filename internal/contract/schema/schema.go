// Package schema holds the schemas of the contract for programs that check values against them: preflight and the fake
// service. It reads a copy that go generate makes of openapi.yaml, so that these programs link neither the root package
// nor a library for OpenAPI, and start fast. Package contract reads the whole document for tests.
package schema

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

//go:embed schemas.gen.json
var text []byte

type document struct {
	AsOf       string             `json:"x-as-of"`
	Components map[string]*Schema `json:"schemas"`
}

var contract = sync.OnceValue(func() (d document) {
	if err := json.Unmarshal(text, &d); err != nil {
		panic(fmt.Sprintf("schemas.gen.json: %v", err)) // it is embedded and tested
	}
	return d
})

// Components returns the named schemas of the contract. They are shared: do not change them.
func Components() map[string]*Schema { return contract().Components }

// AsOf returns the day on which the contract was last compared with its sources.
func AsOf() string { return contract().AsOf }

// A Schema is a schema of the contract. Its fields are the keywords of JSON Schema, zero or nil where it lacks them.
type Schema struct {
	Ref  string `json:"$ref"` // reference to a component; extensions may accompany it
	Type Types  `json:"type"` // none means any value

	// AnyOf is a reference and null, OneOf a list of references. With a Discriminator a property selects one of them.
	AnyOf         []*Schema      `json:"anyOf"`
	OneOf         []*Schema      `json:"oneOf"`
	Discriminator *Discriminator `json:"discriminator"`

	Enum  []any `json:"enum"`  // see IsOpenEnum
	Const any   `json:"const"` // the only value

	// Format, ContentEncoding, MinLength, MaxLength and Pattern limit strings. Lengths are in characters.
	Format          string `json:"format"`
	ContentEncoding string `json:"contentEncoding"`
	MinLength       int64  `json:"minLength"`
	MaxLength       *int64 `json:"maxLength"`
	Pattern         string `json:"pattern"`

	// Minimum, Maximum, ExclusiveMinimum and ExclusiveMaximum limit numbers.
	Minimum          *float64 `json:"minimum"`
	Maximum          *float64 `json:"maximum"`
	ExclusiveMinimum *float64 `json:"exclusiveMinimum"`
	ExclusiveMaximum *float64 `json:"exclusiveMaximum"`

	// Items, MinItems and MaxItems limit arrays.
	Items    *Schema `json:"items"`
	MinItems int64   `json:"minItems"`
	MaxItems *int64  `json:"maxItems"`

	// Required, Properties and AdditionalProperties limit objects.
	Required             []string           `json:"required"`
	Properties           map[string]*Schema `json:"properties"`
	AdditionalProperties Additional         `json:"additionalProperties"`

	Rules `json:",inline"`

	// Extensions are all other keywords that begin with "x-".
	Extensions map[string]any `json:",embed"`
}

// Component returns the name of the component that the schema refers to, or "".
func (s *Schema) Component() string { return Name(s.Ref) }

// Name returns the name in a reference to a component, or "".
func Name(ref string) string {
	name, _ := strings.CutPrefix(ref, "#/components/schemas/")
	return name
}

// IsOpenEnum reports whether values that the enum does not list are valid too.
func (s *Schema) IsOpenEnum() bool {
	open, _ := s.Extensions["x-open-enum"].(bool)
	return open
}

// IsOpenUnion reports whether objects that are not of a member type are valid too.
func (s *Schema) IsOpenUnion() bool {
	open, _ := s.Extensions["x-open-union"].(bool)
	return open
}

// DefaultMember returns the name of the union's member for values without a discriminator, or "".
func (s *Schema) DefaultMember() string {
	name, _ := s.Extensions["x-default-member"].(string)
	return name
}

// Constant returns the only value of a property, or "".
func (s *Schema) Constant(property string) string {
	if p := s.Properties[property]; p != nil {
		value, _ := p.Const.(string)
		return value
	}
	return ""
}

// Types are the JSON types that a schema allows, none for all.
type Types []string

// Includes reports whether t includes a type.
func (t Types) Includes(name string) bool { return slices.Contains(t, name) }

// UnmarshalJSONFrom reads a list of types, or one.
func (t *Types) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == '[' {
		return json.UnmarshalDecode(d, (*[]string)(t))
	}
	*t = make(Types, 1)
	return json.UnmarshalDecode(d, &(*t)[0])
}

// A Discriminator is the property that determines to which member of a union a value belongs.
type Discriminator struct {
	PropertyName string            `json:"propertyName"` // the name of the property
	Mapping      map[string]string `json:"mapping"`      // references by value
}

// Additional describes the other properties that an object may have: none, any, or those of a schema.
type Additional struct {
	Any    bool    // properties of any value
	Schema *Schema // of other properties; nil if there is none
}

// UnmarshalJSONFrom reads a boolean or a schema.
func (a *Additional) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == '{' {
		return json.UnmarshalDecode(d, &a.Schema)
	}
	return json.UnmarshalDecode(d, &a.Any)
}
