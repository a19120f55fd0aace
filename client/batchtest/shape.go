package batchtest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A shape is the part of a JSON Schema that matters for making values.
type shape struct {
	never bool // the schema is false

	Ref         string            `json:"$ref"`
	Defs        map[string]*shape `json:"$defs"`
	Definitions map[string]*shape `json:"definitions"`
	Types       shapeTypes        `json:"type"`
	Enum        []jsontext.Value  `json:"enum"`
	Const       jsontext.Value    `json:"const"`
	AnyOf       []*shape          `json:"anyOf"`
	OneOf       []*shape          `json:"oneOf"`
	AllOf       []*shape          `json:"allOf"`

	Properties    shapeProperties `json:"properties"`
	Required      []string        `json:"required"`
	Additional    *shape          `json:"additionalProperties"`
	MinProperties int64           `json:"minProperties"`

	Items       *shape   `json:"items"`
	PrefixItems []*shape `json:"prefixItems"`
	MinItems    int64    `json:"minItems"`
	MaxItems    *int64   `json:"maxItems"`
	UniqueItems bool     `json:"uniqueItems"`

	Minimum          *float64 `json:"minimum"`
	Maximum          *float64 `json:"maximum"`
	ExclusiveMinimum *float64 `json:"exclusiveMinimum"`
	ExclusiveMaximum *float64 `json:"exclusiveMaximum"`
	MultipleOf       *float64 `json:"multipleOf"`

	MinLength int64  `json:"minLength"`
	MaxLength *int64 `json:"maxLength"`
	Pattern   string `json:"pattern"`
	Format    string `json:"format"`
}

func parseShape(schema []byte) (*shape, error) {
	s := new(shape)
	return s, json.Unmarshal(schema, s, jsontext.AllowDuplicateNames(true))
}

// UnmarshalJSONFrom reads a schema, which may be true or false.
func (s *shape) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if k := d.PeekKind(); k == 't' || k == 'f' {
		s.never = k == 'f'
		return d.SkipValue()
	}
	type plain shape
	return json.UnmarshalDecode(d, (*plain)(s))
}

// shapeTypes is a list of types, written in JSON as a list or as one type.
type shapeTypes []string

// UnmarshalJSONFrom reads them.
func (t *shapeTypes) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == '[' {
		return json.UnmarshalDecode(d, (*[]string)(t))
	}
	*t = make(shapeTypes, 1)
	return json.UnmarshalDecode(d, &(*t)[0])
}

// shapeProperties are properties in the order of the schema.
type shapeProperties []shapeProperty

type shapeProperty struct {
	name  string
	shape *shape
}

// UnmarshalJSONFrom reads them.
func (p *shapeProperties) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != '{' {
		return d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		property := shapeProperty{name.String(), new(shape)}
		if err := json.UnmarshalDecode(d, property.shape); err != nil {
			return err
		}
		*p = append(*p, property)
	}
	_, err := d.ReadToken()
	return err
}

func (p shapeProperties) find(name string) *shape {
	for _, property := range p {
		if property.name == name {
			return property.shape
		}
	}
	return nil
}

// kind returns the type of the values to make for s.
func (s *shape) kind() string {
	for _, t := range s.Types {
		if t != "null" || len(s.Types) == 1 {
			return t
		}
	}
	switch {
	case s.Properties != nil || s.Required != nil || s.MinProperties > 0:
		return "object"
	case s.Items != nil || s.PrefixItems != nil || s.MinItems > 0:
		return "array"
	case s.Minimum != nil || s.Maximum != nil || s.ExclusiveMinimum != nil || s.ExclusiveMaximum != nil || s.MultipleOf != nil:
		return "number"
	}
	return "string"
}

// limits returns the smallest and the largest number, either of which may be excluded. Without limits they are apart by
// the given distance.
func (s *shape) limits(apart float64) (low, high float64) {
	lowest := stricter(s.Minimum, s.ExclusiveMinimum, more[float64])
	highest := stricter(s.Maximum, s.ExclusiveMaximum, less[float64])
	switch {
	case lowest == nil && highest == nil:
		return 0, apart
	case lowest == nil:
		return *highest - apart, *highest
	case highest == nil:
		return *lowest, *lowest + apart
	}
	return *lowest, *highest
}

func (s *shape) requires(name string) bool { return slices.Contains(s.Required, name) }

// additional returns the schema of properties that s does not describe.
func (s *shape) additional() *shape {
	if s.Additional != nil {
		return s.Additional
	}
	return new(shape)
}

// mapped returns 1 if s describes a map: an object with arbitrary names.
func (s *shape) mapped() int64 {
	if len(s.Properties) == 0 && s.Additional != nil && !s.Additional.never {
		return 1
	}
	return 0
}

// resolve follows references within the root, and merges schemas that must all hold. It returns nil if a reference
// leads nowhere, or back to itself.
func (s *shape) resolve(t *shape) *shape {
	for range 32 {
		switch {
		case t == nil:
			return nil
		case t.Ref != "":
			target := s.lookup(t.Ref)
			if target == nil {
				return nil
			}
			rest := *t
			rest.Ref = ""
			t = rest.with(target)
		case len(t.AllOf) > 0:
			joined := *t
			joined.AllOf = nil
			for _, part := range t.AllOf {
				if part = s.resolve(part); part == nil {
					return nil
				}
				joined = *joined.with(part)
			}
			t = &joined
		default:
			return t
		}
	}
	return nil
}

func (s *shape) lookup(ref string) *shape {
	if ref == "#" {
		return s
	}
	if name, ok := strings.CutPrefix(ref, "#/$defs/"); ok {
		return s.Defs[name]
	}
	if name, ok := strings.CutPrefix(ref, "#/definitions/"); ok {
		return s.Definitions[name]
	}
	return nil
}

// with returns a schema that requires what s and t require. Where both set the same keyword, the stricter limit wins,
// or the value of t.
func (s *shape) with(t *shape) *shape {
	joined := *t
	joined.never = s.never || t.never
	joined.Properties = slices.Clone(s.Properties)
	for _, p := range t.Properties {
		if i := slices.IndexFunc(joined.Properties, func(q shapeProperty) bool { return q.name == p.name }); i >= 0 {
			joined.Properties[i].shape = joined.Properties[i].shape.with(p.shape)
		} else {
			joined.Properties = append(joined.Properties, p)
		}
	}
	joined.Required = append(slices.Clone(s.Required), t.Required...)
	if joined.Types == nil {
		joined.Types = s.Types
	}
	if joined.Const == nil {
		joined.Const = s.Const
	}
	if joined.Enum == nil {
		joined.Enum = s.Enum
	}
	joined.Items = cmp.Or(t.Items, s.Items)
	if joined.PrefixItems == nil {
		joined.PrefixItems = s.PrefixItems
	}
	joined.Additional = cmp.Or(t.Additional, s.Additional)
	joined.Minimum, joined.ExclusiveMinimum = stricter(s.Minimum, t.Minimum, more[float64]), stricter(s.ExclusiveMinimum, t.ExclusiveMinimum, more[float64])
	joined.Maximum, joined.ExclusiveMaximum = stricter(s.Maximum, t.Maximum, less[float64]), stricter(s.ExclusiveMaximum, t.ExclusiveMaximum, less[float64])
	joined.MaxItems, joined.MaxLength = stricter(s.MaxItems, t.MaxItems, less[int64]), stricter(s.MaxLength, t.MaxLength, less[int64])
	joined.MinItems, joined.MinLength = max(s.MinItems, t.MinItems), max(s.MinLength, t.MinLength)
	joined.MinProperties = max(s.MinProperties, t.MinProperties)
	joined.UniqueItems = s.UniqueItems || t.UniqueItems
	if joined.AnyOf == nil {
		joined.AnyOf = s.AnyOf
	}
	if joined.OneOf == nil {
		joined.OneOf = s.OneOf
	}
	joined.MultipleOf = cmp.Or(t.MultipleOf, s.MultipleOf)
	joined.Pattern = cmp.Or(t.Pattern, s.Pattern)
	joined.Format = cmp.Or(t.Format, s.Format)
	return &joined
}

func stricter[T any](a, b *T, prefer func(a, b T) bool) *T {
	switch {
	case a == nil:
		return b
	case b == nil || prefer(*a, *b):
		return a
	}
	return b
}

func more[T float64 | int64](a, b T) bool { return a > b }
func less[T float64 | int64](a, b T) bool { return a < b }
