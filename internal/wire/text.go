package wire

import (
	"bytes"
	"errors"
	"math/bits"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// unquote returns what a string of the given form stands for. It is appended to scratch if it does not stand in quoted
// as it is. Invalid UTF-8 becomes U+FFFD.
func unquote(scratch, quoted []byte, form textForm) []byte {
	inner := quoted[1 : len(quoted)-1]
	switch {
	case form == 0:
		return inner
	case form != escaped: // rare
		s, _ := jsontext.AppendUnquote(scratch, quoted) // an error means that U+FFFD was put in
		return s
	}
	for {
		i := bytes.IndexByte(inner, '\\')
		if i < 0 {
			return append(scratch, inner...)
		}
		scratch = append(scratch, inner[:i]...)
		c := inner[i+1]
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		}
		scratch = append(scratch, c)
		inner = inner[i+2:]
	}
}

var errInvalidUTF8 = errors.New("invalid UTF-8")

// appendQuoted appends a string as JSON, as jsontext.AppendQuote does, but copies the runs between escapes whole.
func appendQuoted(b []byte, s string) ([]byte, error) {
	b = append(b, '"')
	from := 0 // s is written up to here
	for i := 0; i < len(s); {
		if i+8 <= len(s) {
			stop := stops(word(s, i))
			if stop == 0 {
				i = clean(s, i+8)
				continue
			}
			i += bits.TrailingZeros64(stop) / 8
		}
		switch c := s[i]; {
		case c >= utf8.RuneSelf:
			for i < len(s) && s[i] >= utf8.RuneSelf {
				r, n := utf8.DecodeRuneInString(s[i:])
				if r == utf8.RuneError && n == 1 {
					return b, errInvalidUTF8
				}
				i += n
			}
		case c < ' ' || c == '"' || c == '\\':
			b = append(b, s[from:i]...)
			b = appendEscape(b, c)
			i++
			from = i
		default:
			i++
		}
	}
	b = append(b, s[from:]...)
	return append(b, '"'), nil
}

// appendEscape appends a character that stands in no string as it is.
func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
