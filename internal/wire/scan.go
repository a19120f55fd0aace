package wire

import (
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// What follows tells where values end and whether they are JSON. It is what decoding spends its time on, which is why it
// is written by hand: jsontext reads the same values at half the speed. jsontext still says what is wrong with input
// that is not JSON, and is what the tests compare with.

// maxDepth is how deep values may nest, as in jsontext.
const maxDepth = 10000

// space returns the index of the first byte from i on that is no white space.
func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// textForm says what has to be done to a string before it is what it stands for.
type textForm uint8

const (
	escaped     textForm = 1 << iota // it holds escapes
	unicode                          // it holds escapes of the form \u0041
	invalidUTF8                      // it holds invalid UTF-8, or escapes of half a surrogate pair
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// word returns the eight bytes of b from i on, the first one lowest.
func word[T []byte | string](b T, i int) uint64 {
	_ = b[i+7]
	return uint64(b[i]) | uint64(b[i+1])<<8 | uint64(b[i+2])<<16 | uint64(b[i+3])<<24 |
		uint64(b[i+4])<<32 | uint64(b[i+5])<<40 | uint64(b[i+6])<<48 | uint64(b[i+7])<<56 // one load
}

// stops returns a word with the high bit of each byte set that a string cannot hold as it is, or that is not ASCII. Only
// the first one of them is certain.
func stops(w uint64) uint64 {
	// The high bit of a byte is set if it is not ASCII, or by a borrow: if it is less than a space, or zero after the XOR.
	// What a borrow takes from the bytes behind may set theirs too.
	return (w | (w - ones*' ') | (w ^ ones*'"' - ones) | (w ^ ones*'\\' - ones)) & highs
}

// clean returns the index of the first word from i on that has a stop, or of the last bytes of b: where a word has none,
// the next ones often have none either, and two at a time are faster.
func clean[T []byte | string](b T, i int) int {
	for i+16 <= len(b) && stops(word(b, i))|stops(word(b, i+8)) == 0 {
		i += 16
	}
	return i
}

// scanString returns the index behind the string that begins at i, or -1 if there is none.
func scanString(b []byte, i int) (end int, form textForm) {
	if i >= len(b) || b[i] != '"' {
		return -1, 0
	}
	for i++; i < len(b); {
		if i+8 <= len(b) {
			stop := stops(word(b, i))
			if stop == 0 {
				i = clean(b, i+8)
				continue
			}
			i += bits.TrailingZeros64(stop) / 8
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, form
		case c == '\\':
			form |= escaped
			n, f := scanEscape(b[i:])
			if n < 0 {
				return -1, 0
			}
			i += n
			form |= f
		case c < ' ':
			return -1, 0
		case c < utf8.RuneSelf:
			i++
		default:
			for i < len(b) && b[i] >= utf8.RuneSelf {
				r, n := utf8.DecodeRune(b[i:])
				if r == utf8.RuneError && n == 1 {
					form |= invalidUTF8
				}
				i += n
			}
		}
	}
	return -1, 0
}

// scanEscape returns the length of the escape that b begins with, or -1 if it is none.
func scanEscape(b []byte) (n int, form textForm) {
	if len(b) < 2 {
		return -1, 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, 0
	}
	r := unicodeEscape(b)
	if r < 0 {
		return -1, 0
	}
	if !utf16.IsSurrogate(r) {
		return 6, unicode
	}
	if utf16.DecodeRune(r, unicodeEscape(b[6:])) != utf8.RuneError {
		return 12, unicode
	}
	return 6, unicode | invalidUTF8
}

// unicodeEscape returns what an escape of the form \u0041 at the start of b stands for, or -1 if there is none.
func unicodeEscape(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// scanNumber returns the index behind the number that begins at i, or -1 if there is none.
func scanNumber(b []byte, i int) int {
	if i < len(b) && b[i] == '-' {
		i++
	}
	start := i
	if i = digits(b, i); i == start || b[start] == '0' && i > start+1 {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		start = i + 1
		if i = digits(b, start); i == start {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start = i
		if i = digits(b, start); i == start {
			return -1
		}
	}
	return i
}

func digits(b []byte, i int) int {
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	return i
}

// scanLiteral returns the index behind a word, or -1 if b does not have it at i.
func scanLiteral(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// scanValue returns the index behind the value that begins at i, and what forms the strings in it have. It is -1 if there
// is no value, or one that nests deeper than depth allows.
func scanValue(b []byte, i, depth int) (end int, form textForm) {
	if i >= len(b) {
		return -1, 0
	}
	switch b[i] {
	case '"':
		return scanString(b, i)
	case '{', '[':
		return scanNested(b, i, depth-1)
	case 't':
		return scanLiteral(b, i, "true"), 0
	case 'f':
		return scanLiteral(b, i, "false"), 0
	case 'n':
		return scanLiteral(b, i, "null"), 0
	}
	return scanNumber(b, i), 0
}

// scanNested is scanValue for the object or the list that begins at i.
func scanNested(b []byte, i, depth int) (end int, form textForm) {
	if depth < 0 {
		return -1, 0
	}
	object := b[i] == '{'
	closing := b[i] + 2 // of { and [ in ASCII
	if i = space(b, i+1); i < len(b) && b[i] == closing {
		return i + 1, 0
	}
	for {
		var f textForm
		if object {
			if i, f = scanString(b, i); i < 0 {
				return -1, 0
			}
			form |= f
			if i = space(b, i); i >= len(b) || b[i] != ':' {
				return -1, 0
			}
			i = space(b, i+1)
		}
		if i, f = scanValue(b, i, depth); i < 0 {
			return -1, 0
		}
		form |= f
		switch i = space(b, i); {
		case i >= len(b):
			return -1, 0
		case b[i] == closing:
			return i + 1, form
		case b[i] != ',':
			return -1, 0
		}
		i = space(b, i+1)
	}
}
