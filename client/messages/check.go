package messages

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A fieldError describes the faults of fields. Its text quotes no JSON; the error that it wraps may.
type fieldError struct {
	field string // the first
	text  string
	err   error
}

func (e *fieldError) Error() string { return e.text }
func (e *fieldError) Unwrap() error { return e.err }

// A checker compares a JSON text with the shape of its Go type.
type checker struct {
	*jsontext.Decoder
	place   []string // the path to the next value: ".name", "[2]", ".*"
	missing []string // the first missing fields
	more    int      // how many others are missing
	wrong   *fieldError

	text  []byte
	fixed []byte // text up to done, with the values of enums in the case of their types
	done  int

	own func(t reflect.Type, v jsontext.Value) // called for values of types that decode themselves
}

// mostNamed is how many missing fields an error names.
const mostNamed = 5

// check checks that required fields are present and that enums have one of their values. It returns the text with the
// values of enums in the case of their types. Other faults of the text are left to encoding/json.
func check(text []byte, s *shape, nullable bool) ([]byte, error) {
	c := newChecker(text)
	if c.PeekKind() == 'n' && !nullable && s.kind != "" {
		c.null(s)
	}
	_ = c.value(s) // encoding/json reports text that is not JSON
	if c.fixed != nil {
		text = append(c.fixed, text[c.done:]...)
	}
	switch {
	case c.missing != nil:
		quoted := make([]string, len(c.missing))
		for i, name := range c.missing {
			quoted[i] = strconv.Quote(name)
		}
		names, are := strings.Join(quoted, ", "), "is"
		if c.more > 0 {
			names += fmt.Sprintf(" and %d more", c.more)
		}
		if c.more+len(c.missing) > 1 {
			are = "are"
		}
		return text, &fieldError{c.missing[0], names + " " + are + " missing", nil}
	case c.wrong != nil:
		return text, c.wrong
	}
	return text, nil
}

// locate returns the field whose type decodes itself and refuses its value with err, or nil.
func locate(text []byte, s *shape, err error) error {
	if !json.Valid(text) {
		return nil
	}
	var found *fieldError
	c := newChecker(text)
	c.own = func(t reflect.Type, v jsontext.Value) {
		if found != nil {
			return
		}
		if json.Unmarshal(v, reflect.New(t).Interface()) != nil {
			found = &fieldError{c.path(), fmt.Sprintf("value at %.100q is refused by Go type %v (see Err)", c.path(), t), err}
		}
	}
	_ = c.value(s)
	if found == nil {
		return nil
	}
	return found
}

func newChecker(text []byte) *checker {
	// encoding/json accepts both.
	lenient := jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return &checker{Decoder: lenient, text: text}
}

func (c *checker) path() string { return strings.TrimPrefix(strings.Join(c.place, ""), ".") }

// value checks the next value. It returns an error if the text is not JSON.
func (c *checker) value(s *shape) error {
	kind := c.PeekKind()
	switch {
	case s.own && c.own != nil:
		v, err := c.ReadValue()
		if err == nil {
			c.own(s.t, v)
		}
		return err
	case kind == '"' && s.enum != nil:
		return c.enum(s)
	case s.own:
	case kind == '{' && s.fields != nil:
		return c.object(s)
	case kind == '{' && s.elem != nil && s.kind == "object", kind == '[' && s.kind == "array":
		return c.each(s)
	}
	return c.SkipValue()
}

// each checks the elements of an array or a map.
func (c *checker) each(s *shape) error {
	start, err := c.ReadToken()
	for i := 0; err == nil && c.PeekKind() != ']' && c.PeekKind() != '}'; i++ {
		place := "[" + strconv.Itoa(i) + "]"
		if start.Kind() == '{' {
			place = ".*"
			if err = c.SkipValue(); err != nil { // the name
				return err
			}
		}
		c.place = append(c.place, place)
		if c.PeekKind() == 'n' && !nullableType(s.t.Elem()) && s.elem.kind != "" {
			c.null(s.elem)
		}
		err = c.value(s.elem)
		c.place = c.place[:len(c.place)-1]
	}
	if err == nil {
		_, err = c.ReadToken()
	}
	return err
}

// null reports null for a type that cannot be null in its schema.
func (c *checker) null(s *shape) {
	if c.wrong == nil {
		c.wrong = &fieldError{c.path(), fmt.Sprintf("null at %.100q does not fit Go type %v", c.path(), s.t), nil}
	}
}

func (c *checker) object(s *shape) error {
	_, err := c.ReadToken()
	seen := make([]bool, len(s.fields))
	for err == nil && c.PeekKind() != '}' {
		var name jsontext.Token
		if name, err = c.ReadToken(); err != nil {
			return err
		}
		i := s.find(name.String())
		if i < 0 {
			err = c.SkipValue()
			continue
		}
		f := s.fields[i]
		seen[i] = seen[i] || c.PeekKind() != 'n' || f.nullable || f.shape.kind == ""
		c.place = append(c.place, "."+f.name)
		err = c.value(f.shape)
		c.place = c.place[:len(c.place)-1]
	}
	if err == nil {
		_, err = c.ReadToken()
	}
	if err != nil {
		return err
	}
	for i, f := range s.fields {
		switch {
		case seen[i] || f.optional:
		case len(c.missing) < mostNamed:
			c.missing = append(c.missing, strings.TrimPrefix(c.path()+"."+f.name, "."))
		default:
			c.more++
		}
	}
	return nil
}

// enum checks a string that is a value of an enum.
func (c *checker) enum(s *shape) error {
	v, err := c.ReadValue()
	if err != nil {
		return err
	}
	got, _ := jsontext.AppendUnquote(nil, v) // invalid UTF-8 is replaced
	var alike []string
	for _, want := range s.enum {
		if want == string(got) {
			return nil
		}
		if strings.EqualFold(want, string(got)) {
			alike = append(alike, want)
		}
	}
	if len(alike) == 1 {
		end := int(c.InputOffset())
		c.fixed = append(c.fixed, c.text[c.done:end-len(v)]...)
		c.fixed, _ = jsontext.AppendQuote(c.fixed, alike[0])
		c.done = end
		return nil
	}
	if c.wrong == nil {
		c.wrong = &fieldError{c.path(), fmt.Sprintf("string at %.100q is not one of the %d values of Go type %v", c.path(), len(s.enum), s.t), nil}
	}
	return nil
}
