// Package jsonschema validates JSON against a JSON Schema. It supports the keywords that the service accepts for structured
// output, and a few more: type, enum, const, properties, required, additionalProperties, items, prefixItems, minItems,
// maxItems, minLength, maxLength, pattern, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf of integers,
// anyOf, oneOf, allOf, not, and $ref inside the schema. Other keywords, such as format, are not checked, and neither are
// patterns that package regexp does not support.
package jsonschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// A Schema is a JSON Schema. It is safe for concurrent use.
type Schema struct {
	root     any
	patterns map[string]*regexp.Regexp
}

// Parse reads a schema.
func Parse(raw []byte) (*Schema, error) {
	root, err := decode(raw)
	if err != nil {
		return nil, err
	}
	s := &Schema{root, make(map[string]*regexp.Regexp)}
	s.findPatterns(root)
	return s, nil
}

// findPatterns compiles all patterns of a schema.
func (s *Schema) findPatterns(v any) {
	switch v := v.(type) {
	case map[string]any:
		if text, ok := v["pattern"].(string); ok {
			if p, err := regexp.Compile(text); err == nil {
				s.patterns[text] = p
			}
		}
		for _, inner := range v {
			s.findPatterns(inner)
		}
	case []any:
		for _, inner := range v {
			s.findPatterns(inner)
		}
	}
}

// decode reads one JSON value.
func decode(raw []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, notJSON(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("unexpected data after the JSON")
	}
	return v, nil
}

// notJSON returns an error that does not quote the text.
func notJSON(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not JSON after byte %d", syntax.Offset)
	}
	return errors.New("not JSON: unexpected end")
}

// An Error reports where a text does not match its schema. It quotes nothing from the text except names of properties that
// the schema has.
type Error struct {
	Path string // such as items[2].price; "" is the whole text
	Text string // the mismatch
}

// Error includes Path and Text.
func (e *Error) Error() string {
	if e.Path == "" {
		return e.Text
	}
	return e.Path + ": " + e.Text
}

// Check returns an error if a text does not match the schema. If the text is JSON, the error is an [*Error].
func (s *Schema) Check(text []byte) error {
	v, err := decode(text)
	if err != nil {
		return err
	}
	c := checker{schema: s}
	if wrong := c.check(s.root, v); wrong != nil {
		return wrong
	}
	return nil
}

// A checker checks one text.
type checker struct {
	schema *Schema
	path   []string
	depth  int
}

// mostDepth limits how deeply schemas are nested by references.
const mostDepth = 1000

func (c *checker) wrong(format string, args ...any) *Error {
	return &Error{strings.TrimPrefix(strings.Join(c.path, ""), "."), fmt.Sprintf(format, args...)}
}

// at checks an inner value.
func (c *checker) at(place string, schema, v any) *Error {
	c.path = append(c.path, place)
	defer func() { c.path = c.path[:len(c.path)-1] }()
	return c.check(schema, v)
}

// check returns the first mismatch of a value, or nil.
func (c *checker) check(schema, v any) *Error {
	if c.depth++; c.depth > mostDepth {
		return c.wrong("the schema refers to itself without end")
	}
	defer func() { c.depth-- }()
	switch schema := schema.(type) {
	case bool:
		if !schema {
			return c.wrong("not allowed")
		}
	case map[string]any:
		return c.keywords(schema, v)
	}
	return nil
}

func (c *checker) keywords(schema map[string]any, v any) *Error {
	for _, keyword := range []func(map[string]any, any) *Error{c.reference, c.kind, c.values, c.combined} {
		if wrong := keyword(schema, v); wrong != nil {
			return wrong
		}
	}
	switch v := v.(type) {
	case map[string]any:
		return c.object(schema, v)
	case []any:
		return c.array(schema, v)
	case string:
		return c.text(schema, v)
	case json.Number:
		return c.number(schema, v)
	}
	return nil
}

// reference follows $ref.
func (c *checker) reference(schema map[string]any, v any) *Error {
	ref, ok := schema["$ref"].(string)
	if !ok {
		return nil
	}
	to, ok := c.schema.find(ref)
	if !ok {
		return c.wrong("the schema refers to %.100q, which it does not have", ref)
	}
	return c.check(to, v)
}

// find returns the target of a reference: # or # and a JSON pointer.
func (s *Schema) find(ref string) (any, bool) {
	pointer, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil, false
	}
	at := s.root
	for _, name := range strings.Split(pointer, "/")[1:] {
		name = strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")
		switch in := at.(type) {
		case map[string]any:
			at, ok = in[name]
		case []any:
			n, err := strconv.Atoi(name)
			if ok = err == nil && n >= 0 && n < len(in); ok {
				at = in[n]
			}
		default:
			ok = false
		}
		if !ok {
			return nil, false
		}
	}
	return at, pointer == "" || pointer[0] == '/'
}

// kind checks the keyword type.
func (c *checker) kind(schema map[string]any, v any) *Error {
	switch want := schema["type"].(type) {
	case string:
		if !isKind(v, want) {
			return c.wrong("not of type %.20q", want)
		}
	case []any:
		for _, one := range want {
			if name, ok := one.(string); ok && isKind(v, name) {
				return nil
			}
		}
		return c.wrong("not of any of the types")
	}
	return nil
}

func isKind(v any, name string) bool {
	switch v := v.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case json.Number:
		return name == "number" || name == "integer" && isInteger(v)
	case []any:
		return name == "array"
	}
	return name == "object"
}

// values checks the keywords enum and const.
func (c *checker) values(schema map[string]any, v any) *Error {
	if values, ok := schema["enum"].([]any); ok {
		found := false
		for _, one := range values {
			found = found || equal(one, v)
		}
		if !found {
			return c.wrong("not one of the values of the enum")
		}
	}
	if value, ok := schema["const"]; ok && !equal(value, v) {
		return c.wrong("not the constant")
	}
	return nil
}

// combined checks the keywords allOf, anyOf, oneOf and not.
func (c *checker) combined(schema map[string]any, v any) *Error {
	for _, one := range list(schema["allOf"]) {
		if wrong := c.check(one, v); wrong != nil {
			return wrong
		}
	}
	for _, name := range []string{"anyOf", "oneOf"} {
		choices := list(schema[name])
		matches := 0
		var first *Error
		for _, one := range choices {
			wrong := c.check(one, v)
			if wrong == nil {
				matches++
			} else if first == nil || len(wrong.Path) > len(first.Path) {
				first = wrong // the best match is the one that fails deepest
			}
		}
		switch {
		case len(choices) > 0 && matches == 0:
			return first
		case matches > 1 && name == "oneOf":
			return c.wrong("matches %d schemas of oneOf", matches)
		}
	}
	if not, ok := schema["not"]; ok && c.check(not, v) == nil {
		return c.wrong("matches the schema of not")
	}
	return nil
}

func list(v any) []any {
	all, _ := v.([]any)
	return all
}
