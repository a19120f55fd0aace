package wire

import (
	"bytes"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Tag returns the string value of the named property of the object that comes next, without passing over the
// object, or nil if it has none. It allows a union to be decided before its member is decoded, wherever the
// discriminator stands in the object.
//
// The caller passes the second result to Untag when the object has been read.
func (d *Decoder) Tag(name string) ([]byte, *jsontext.Decoder) {
	if d.err != nil {
		return nil, nil
	}
	ahead := skipSpace(d.json.UnreadBuffer())
	if tag, ok := firstProperty(ahead, name); ok {
		return tag, nil
	}
	if tag, ok := findProperty(ahead, name); ok {
		return tag, nil
	}
	// The object is not buffered as a whole: it comes from a stream. Read it and decode the copy.
	v := bytes.Clone(d.value())
	if d.err != nil {
		return nil, nil
	}
	outer := d.json
	d.base += outer.StackPointer()
	d.json = jsontext.NewDecoder(bytes.NewBuffer(v), outer.Options())
	tag, _ := findProperty(v, name)
	return tag, outer
}

// Untag ends what Tag began.
func (d *Decoder) Untag(outer *jsontext.Decoder) {
	if outer != nil {
		d.base = d.base[:len(d.base)-len(outer.StackPointer())]
		d.json = outer
	}
}

// firstProperty returns the value of the named property if it is the first one of the object at the start of b
// and both are written without escapes. That is how the service writes them.
func firstProperty(b []byte, name string) ([]byte, bool) {
	b, ok := bytes.CutPrefix(b, []byte(`{`))
	b = skipSpace(b)
	if !ok || len(b) < len(name)+2 || b[0] != '"' || string(b[1:1+len(name)]) != name || b[1+len(name)] != '"' {
		return nil, false
	}
	b = skipSpace(b[len(name)+2:])
	b, ok = bytes.CutPrefix(b, []byte(`"`))
	end := bytes.IndexByte(b, '"')
	if !ok || end < 0 || bytes.IndexByte(b[:end], '\\') >= 0 {
		return nil, false
	}
	return b[:end], true
}

// skipSpace passes over white space and the colons and commas that jsontext leaves before a value.
func skipSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] <= ' ' || b[0] == ':' || b[0] == ',') {
		b = b[1:]
	}
	return b
}

type scanner struct {
	input bytes.Buffer
	json  jsontext.Decoder
}

var scanners = sync.Pool{New: func() any { return new(scanner) }}

// findProperty looks for the named property in the object at the start of b. It returns false if b ends before
// that is decided, and true with nil if the object has no such string.
func findProperty(b []byte, name string) (tag []byte, ok bool) {
	s := scanners.Get().(*scanner)
	s.input = *bytes.NewBuffer(b)
	s.json.Reset(&s.input, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	defer func() {
		s.input = bytes.Buffer{}
		s.json.Reset(&s.input)
		scanners.Put(s)
	}()
	if t, err := s.json.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, false
	}
	for s.json.PeekKind() == '"' {
		n, err := s.json.ReadToken()
		if err != nil {
			return nil, false
		}
		if n.String() == name {
			v, err := s.json.ReadToken()
			if err != nil {
				return nil, false
			}
			if v.Kind() == '"' {
				return []byte(v.String()), true
			}
			return nil, true
		}
		if s.json.SkipValue() != nil {
			return nil, false
		}
	}
	_, err := s.json.ReadToken()
	return nil, err == nil
}

// UnreadBuffer returns what is buffered of the input behind what was read last.
func (d *Decoder) UnreadBuffer() []byte { return d.json.UnreadBuffer() }
