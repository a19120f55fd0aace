package messages

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client"
)

// Tool returns a tool whose input is a T, which must be a struct or a map. [DecodeInput] with the same T decodes the
// inputs of its calls.
//
// The schema has the properties that encoding/json decodes, in the order of the fields. A field is required unless its
// json tag has omitempty or omitzero, and may be null if it is a pointer. Its jsonschema tag is its description. Other
// properties are not allowed. The schema does not limit values, because strict tools and structured outputs refuse them:
// an integer may be too large for its Go type.
//
// A type with a method Enum() []string, on the value or the pointer, is an enum of these strings. It must be a string or
// decode itself from one. Another type with an UnmarshalText method, such as netip.Addr, is a string. Other types with an
// UnmarshalJSON method are an error, because their JSON form is unknown, except time.Time, big.Int, json.Number,
// json.RawMessage and jsontext.Value.
//
// Tool also returns an error if T is not an object in JSON, contains itself, or has a field without a JSON form, and if the
// service would refuse the tool: its name must have 1 to 128, and names of properties 1 to 64, letters, digits, dashes and
// underscores; those of properties may have dots too. In all other cases write the schema yourself:
//
//	&client.Tool{Name: "get_weather", InputSchema: client.Schema(`{"type":"object","properties":{}}`)}
func Tool[T any](name, description string) (*client.Tool, error) {
	fail := func(err error) (*client.Tool, error) { return nil, fmt.Errorf("tool %.70q: %w", name, err) }
	s, _ := shapeOf(reflect.TypeFor[T]())
	if !toolName().MatchString(name) {
		return fail(fmt.Errorf("the name must match %v", toolName()))
	}
	w := schemaWriter{names: propertyName()}
	text, err := w.schema(s)
	switch {
	case err != nil:
		return fail(err)
	case s.kind != "object":
		return fail(fmt.Errorf("%v is not an object in JSON", reflect.TypeFor[T]()))
	}
	return &client.Tool{Name: name, Description: description, InputSchema: text}, nil
}

// The forms of names that the service accepts.
var (
	toolName     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9_-]{1,128}$`) })
	propertyName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,64}$`) })
)

// The limits for all schemas of a request with structured outputs or strict tools together.
const (
	mostOptional = 24
	mostUnions   = 16
)

// OutputFormat returns the output format, for [client.OutputConfig], of a message whose text is a T in JSON. [DecodeText]
// with the same T decodes it. The schema follows the rules of [Tool], except that names of properties are not limited.
//
// A map is an error too, because structured outputs require all properties to be named, and so are more than 24 optional
// fields or more than 16 pointers, counted wherever the type occurs. Strict tools of the same request count towards these
// limits as well.
func OutputFormat[T any]() (*client.JSONOutputFormat, error) {
	s, _ := shapeOf(reflect.TypeFor[T]())
	var w schemaWriter
	text, err := w.schema(s)
	switch {
	case err != nil:
	case w.maps > 0:
		err = errors.New("structured outputs do not support maps")
	case w.optional > mostOptional:
		err = fmt.Errorf("%d optional fields (omitempty, omitzero): structured outputs may have %d", w.optional, mostOptional)
	case w.unions > mostUnions:
		err = fmt.Errorf("%d pointers, which may be null: structured outputs may have %d", w.unions, mostUnions)
	}
	if err != nil {
		return nil, fmt.Errorf("output format: %w", err)
	}
	return &client.JSONOutputFormat{Schema: text}, nil
}

// A schemaWriter writes a JSON Schema and counts what structured outputs limit.
type schemaWriter struct {
	text   []byte
	names  *regexp.Regexp // of properties, nil for any
	within []*shape

	optional, unions, maps int
}

func (w *schemaWriter) schema(s *shape) (jsontext.Value, error) {
	err := w.value(s, false, "")
	return w.text, err
}

func (w *schemaWriter) value(s *shape, nullable bool, description string) error {
	if s.err != nil {
		return s.err
	}
	if slices.Contains(w.within, s) {
		return fmt.Errorf("%v contains itself", s.t)
	}
	w.within = append(w.within, s)
	defer func() { w.within = w.within[:len(w.within)-1] }()
	w.add("{")
	switch {
	case s.kind != "" && nullable:
		w.unions++
		w.add(`"type":["null",`).quote(s.kind).add("]")
	case s.kind != "":
		w.add(`"type":`).quote(s.kind)
	}
	if s.format != "" {
		w.add(`,"format":`).quote(s.format)
	}
	if s.enum != nil {
		w.add(`,"enum":[`).list(s.enum)
		if nullable {
			w.add(",null")
		}
		w.add("]")
	}
	var err error
	switch {
	case s.kind == "array":
		w.add(`,"items":`)
		err = w.value(s.elem, s.nullableElem(), "")
	case s.kind == "object" && s.elem != nil:
		w.maps++
		w.add(`,"additionalProperties":`)
		err = w.value(s.elem, s.nullableElem(), "")
	case s.kind == "object":
		err = w.object(s)
	}
	if description == "" {
		description = s.note
	}
	if description != "" {
		if w.text[len(w.text)-1] != '{' {
			w.add(",")
		}
		w.add(`"description":`).quote(description)
	}
	w.add("}")
	return err
}

func (s *shape) nullableElem() bool { return nullableType(s.t.Elem()) }

func (w *schemaWriter) object(s *shape) error {
	var required []string
	w.add(`,"properties":{`)
	for i, f := range s.fields {
		if i > 0 {
			w.add(",")
		}
		w.quote(f.name).add(":")
		err := w.value(f.shape, f.nullable, f.description)
		if err == nil && w.names != nil && !w.names.MatchString(f.name) {
			err = fmt.Errorf("the name %q in JSON must match %v", f.name, w.names)
		}
		if err != nil {
			return fmt.Errorf("field %s: %w", f.goName, err)
		}
		if f.optional {
			w.optional++
		} else {
			required = append(required, f.name)
		}
	}
	w.add("}")
	if required != nil {
		w.add(`,"required":[`).list(required).add("]")
	}
	w.add(`,"additionalProperties":false`)
	return nil
}

func (w *schemaWriter) add(text string) *schemaWriter {
	w.text = append(w.text, text...)
	return w
}

func (w *schemaWriter) quote(s string) *schemaWriter {
	w.text, _ = jsontext.AppendQuote(w.text, s) // invalid UTF-8 is replaced
	return w
}

func (w *schemaWriter) list(values []string) *schemaWriter {
	for i, v := range values {
		if i > 0 {
			w.add(",")
		}
		w.quote(v)
	}
	return w
}
