package convert

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// A member is a property of a JSON object.
type member struct {
	name  string
	value jsontext.Value
}

// members returns the properties of an object in order. A duplicate name is an error.
func members(v jsontext.Value) (list []member, err error) {
	d := jsontext.NewDecoder(bytes.NewReader(v))
	if d.PeekKind() != '{' {
		return nil, errors.New("not a JSON object")
	}
	for _, err = d.ReadToken(); err == nil && d.PeekKind() != '}'; {
		var name jsontext.Token
		if name, err = d.ReadToken(); err != nil {
			break
		}
		m := member{name: name.String()}
		m.value, err = d.ReadValue()
		m.value = bytes.Clone(m.value)
		list = append(list, m)
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	return list, err
}

// elements returns the elements of an array.
func elements(v jsontext.Value) (list []jsontext.Value, err error) {
	d := jsontext.NewDecoder(bytes.NewReader(v))
	if d.PeekKind() != '[' {
		return nil, errors.New("not a JSON array")
	}
	for _, err = d.ReadToken(); err == nil && d.PeekKind() != ']'; {
		var e jsontext.Value
		e, err = d.ReadValue()
		list = append(list, bytes.Clone(e))
	}
	return list, err
}

// get returns the value of a property, nil if there is none.
func get(list []member, name string) jsontext.Value {
	for _, m := range list {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// text decodes a JSON string.
func text(v jsontext.Value) (string, bool) {
	if v.Kind() != '"' {
		return "", false
	}
	s, err := jsontext.AppendUnquote(nil, v)
	return string(s), err == nil
}

// quote appends text as a JSON string. Text must be UTF-8.
func quote(dst []byte, text string) []byte {
	dst, _ = jsontext.AppendQuote(dst, text) // invalid UTF-8 is replaced
	return dst
}

// oneValue checks that data is one JSON value.
func oneValue(data []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(data))
	err := d.SkipValue()
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return fmt.Errorf("there is more data after the JSON value, at byte %d", d.InputOffset())
	}
	return nil
}
