package wire

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// Tag returns the string value of the named property of the next object, without consuming the object, or nil if it has
// none. So the member of a union is known before it is decoded, wherever the discriminator is in the object.
//
// Tag does not check that the object is JSON; decoding does. If the discriminator comes last, Tag skips everything
// before it, on every level, so it has to be much faster than decoding.
func (d *Decoder) Tag(name string) []byte {
	d.next()
	return findProperty(d.in[d.pos:], name)
}

func findProperty(b []byte, name string) []byte {
	b, ok := bytes.CutPrefix(b, []byte(`{`))
	for ok {
		b = trimLeft(b)
		n := stringEnd(b)
		if n < 0 {
			break
		}
		found := is(b[:n], name)
		b = trimLeft(b[n:])
		if n = valueEnd(b); n < 0 {
			break
		}
		if found {
			if b[0] != '"' {
				break
			}
			return textOf(b[:n])
		}
		b = b[n:]
	}
	return nil
}

// trimLeft removes characters that may appear between values.
func trimLeft(b []byte) []byte {
	for len(b) > 0 && (b[0] == ',' || b[0] == ':' || b[0] == ' ' || b[0] == '\n' || b[0] == '\t' || b[0] == '\r') {
		b = b[1:]
	}
	return b
}

// is reports whether a quoted string equals name.
func is(quoted []byte, name string) bool {
	inner := quoted[1 : len(quoted)-1]
	return string(inner) == name || bytes.IndexByte(inner, '\\') >= 0 && string(textOf(quoted)) == name
}

// textOf returns the value of a quoted string, which need not be JSON.
func textOf(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	s, _ := jsontext.AppendUnquote([]byte{}, quoted) // an error means that U+FFFD was inserted
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
				return n // after a number or a literal
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
