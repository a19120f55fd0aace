package messages

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/seed-111a911e/messagebatches/gen"
)

// Tool returns a tool whose input is a T, a struct or a map. [DecodeInput] with the same T reads the calls.
//
// The schema has the properties that encoding/json knows, in the order of the fields. A field is required unless its
// json tag says omitempty or omitzero; it may be null if it is a pointer; its jsonschema tag describes it to the model.
// Other properties are not allowed. Limits, which strict tools and structured outputs refuse, are not in the schema: an
// integer of the model's may be too large for its Go type.
//
// A type that decodes itself from a text, such as netip.Addr, is a string. It is an error if T is no object in JSON,
// contains itself, or holds what JSON has no form for or a type with an UnmarshalJSON method, which may take any form;
// time.Time, big.Int, json.Number, json.RawMessage and jsontext.Value are known. For such types, and for enums and
// other keywords, a tool with a schema of your own is a plain value:
//
//	&gen.BetaTool{Name: "get_weather", InputSchema: jsontext.Value(`{"type":"object","properties":{}}`)}
func Tool[T any](name, description string) (*gen.BetaTool, error) {
	schema, err := schemaOf(reflect.TypeFor[T]())
	if err == nil && schema.Type != "object" {
		err = fmt.Errorf("%v is not an object in JSON", reflect.TypeFor[T]())
	}
	if err != nil {
		return nil, fmt.Errorf("tool %q: %w", name, err)
	}
	text, err := schema.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("tool %q: %w", name, err)
	}
	return &gen.BetaTool{Name: name, Description: description, InputSchema: text}, nil
}

// OutputFormat returns the format of an answer that is a T in JSON, for [gen.BetaOutputConfig]. [DecodeText] with that T
// reads it. The schema is that of [Tool]; a map in it is an error too, since structured outputs allow no properties
// without a name.
func OutputFormat[T any]() (*gen.BetaJSONOutputFormat, error) {
	schema, err := schemaOf(reflect.TypeFor[T]())
	if err == nil && hasMap(schema) {
		err = errors.New("structured outputs have no maps")
	}
	if err != nil {
		return nil, fmt.Errorf("output format: %w", err)
	}
	text, err := schema.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("output format: %w", err)
	}
	return &gen.BetaJSONOutputFormat{Schema: text}, nil
}

// schemaOf returns the JSON Schema of a Go type.
func schemaOf(t reflect.Type) (*jsonschema.Schema, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	forms := map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[time.Time]():       {Type: "string", Format: "date-time"},
		reflect.TypeFor[big.Int]():         {Type: "integer"},
		reflect.TypeFor[json.Number]():     {Type: "number"},
		reflect.TypeFor[json.RawMessage](): {},
		reflect.TypeFor[jsontext.Value]():  {},
	}
	if err := ownForms(t, forms, make(map[reflect.Type]bool)); err != nil {
		return nil, err
	}
	schema, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: forms})
	if err != nil {
		return nil, err
	}
	simplify(schema)
	return schema, nil
}

// ownForms adds the types in t that decode themselves to forms, which the library would describe by what they are made
// of.
func ownForms(t reflect.Type, forms map[reflect.Type]*jsonschema.Schema, seen map[reflect.Type]bool) error {
	if forms[t] != nil || seen[t] {
		return nil
	}
	seen[t] = true
	switch p := reflect.PointerTo(t); {
	case t.Kind() == reflect.Pointer:
	case p.Implements(reflect.TypeFor[json.Unmarshaler]()):
		return fmt.Errorf("%v has a JSON form of its own", t)
	case p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		forms[t] = &jsonschema.Schema{Type: "string"}
		return nil
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		forms[t] = &jsonschema.Schema{Type: "string", Description: "base64"}
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return ownForms(t.Elem(), forms, seen)
	case reflect.Struct:
		for f := range t.Fields() {
			if f.Tag.Get("json") == "-" || !f.IsExported() && !f.Anonymous {
				continue
			}
			if err := ownForms(f.Type, forms, seen); err != nil {
				return fmt.Errorf("field %s: %w", f.Name, err)
			}
		}
	}
	return nil
}

// simplify takes from a schema what structured outputs and strict tools refuse, and null from lists: the library allows
// it, for a nil slice is null in JSON, but the model is to write a list.
func simplify(s *jsonschema.Schema) {
	s.Minimum, s.Maximum, s.MinItems, s.MaxItems = nil, nil, nil, nil
	if s.Items != nil {
		s.Type, s.Types = "array", nil
		simplify(s.Items)
	}
	for _, p := range s.Properties {
		simplify(p)
	}
	if s.AdditionalProperties != nil {
		simplify(s.AdditionalProperties)
	}
}

// hasMap reports whether a schema, which schemaOf made, is that of a map or holds one.
func hasMap(s *jsonschema.Schema) bool {
	if s == nil {
		return false
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Not == nil {
		return true
	}
	for _, p := range s.Properties {
		if hasMap(p) {
			return true
		}
	}
	return hasMap(s.Items)
}
