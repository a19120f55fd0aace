package wire

import (
	"bytes"

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
	if tag, ok := findProperty(trimLeft(d.json.UnreadBuffer()), name); ok {
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

// findProperty looks for the named property in the object at the start of b. It returns false if b ends before
// that is decided, and true with nil if the object has no such string.
//
// It does not check that b is JSON: the decoder does when it reads the object. Where the discriminator comes last, all
// that stands before it is passed over here first, on every level, so this has to be much faster than the decoder.
func findProperty(b []byte, name string) (tag []byte, ok bool) {
	if b, ok = bytes.CutPrefix(b, []byte(`{`)); !ok {
		return nil, false
	}
	for {
		b = trimLeft(b)
		if len(b) > 0 && b[0] == '}' {
			return nil, true
		}
		n := stringEnd(b)
		if n < 0 {
			return nil, false
		}
		found := string(unquote(b[:n])) == name
		b = trimLeft(b[n:])
		if n = valueEnd(b); n < 0 {
			return nil, false
		}
		switch {
		case !found:
			b = b[n:]
		case b[0] == '"':
			return unquote(b[:n]), true
		default:
			return nil, true
		}
	}
}

// trimLeft removes what may stand between values.
func trimLeft(b []byte) []byte {
	for len(b) > 0 && (b[0] == ',' || b[0] == ':' || b[0] == ' ' || b[0] == '\n' || b[0] == '\t' || b[0] == '\r') {
		b = b[1:]
	}
	return b
}

// unquote returns what a string stands for.
func unquote(b []byte) []byte {
	if bytes.IndexByte(b, '\\') < 0 {
		return b[1 : len(b)-1]
	}
	s, _ := jsontext.AppendUnquote([]byte{}, b) // an error means U+FFFD was put in
	return s
}

// stringEnd returns the length of the string at the start of b, or -1 if there is none or it does not end.
func stringEnd(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return -1
	}
	for n := 1; ; n++ {
		i := bytes.IndexByte(b[n:], '"')
		if i < 0 {
			return -1
		}
		n += i
		escapes := 0
		for b[n-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return n + 1
		}
	}
}

// valueEnd returns the length of the value at the start of b, or -1 if it does not end.
func valueEnd(b []byte) int {
	depth := 0
	for n := 0; n < len(b); n++ {
		switch b[n] {
		case '"':
			length := stringEnd(b[n:])
			if length < 0 {
				return -1
			}
			n += length - 1
			if depth == 0 {
				return n + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return n // behind a number or a literal
			}
			if depth == 0 {
				return n + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return n
			}
		}
	}
	return -1
}
