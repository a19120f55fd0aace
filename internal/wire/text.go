package wire

import (
	"errors"
	"math/bits"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// Most bytes of JSON are in strings. They are read and written in blocks of four words of eight bytes, as long as they
// contain no stop. The loops over blocks are written out three times, because a call for each block costs a quarter of the
// speed.

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

// putWord stores eight bytes in b from i on.
func putWord(b []byte, i int, w uint64) {
	_ = b[i+7]
	b[i], b[i+1], b[i+2], b[i+3] = byte(w), byte(w>>8), byte(w>>16), byte(w>>24)
	b[i+4], b[i+5], b[i+6], b[i+7] = byte(w>>32), byte(w>>40), byte(w>>48), byte(w>>56) // one store
}

// stops returns a word with the high bit set of each byte that cannot appear unescaped in a string: quotes, backslashes
// and control characters. Only the first one is certain: a borrow may set the bits of later bytes too. Exchanging quotes
// with spaces, the first character that may appear, finds quotes and control characters in one subtraction.
func stops(w uint64) uint64 {
	return ((w ^ ones*('"'^' ') - ones*(' '+1)) | (w ^ ones*'\\' - ones)) &^ w & highs
}

// first returns the index of the first byte whose high bit is set.
func first(w uint64) int { return bits.TrailingZeros64(w) / 8 }

// block is the length of a block.
const block = 32

// firstStop returns the index in a block of its first stop. It has one.
func firstStop(s0, s1, s2, s3 uint64) int {
	switch {
	case s0 != 0:
		return first(s0)
	case s1 != 0:
		return 8 + first(s1)
	case s2 != 0:
		return 16 + first(s2)
	}
	return 24 + first(s3)
}

// scanString returns the index after the string that begins at i, or -1 if there is none, and whether the string is
// valid: it contains no invalid UTF-8 and no escaped half of a surrogate pair.
func scanString(b []byte, i int) (end int, valid bool) {
	if i >= len(b) || b[i] != '"' {
		return -1, false
	}
	i++
	start := i
	var seen uint64
	valid = true
	for {
		i, seen = plain(b, i, seen)
		switch {
		case i == len(b) || b[i] < ' ':
			return -1, false
		case b[i] == '"':
			return i + 1, valid && (seen&highs == 0 || validUTF8(b[start:i]))
		}
		n, whole := scanEscape(b[i:])
		if n < 0 {
			return -1, false
		}
		i += n
		valid = valid && whole
	}
}

// scanEscape returns the length of the escape at the start of b, or -1 if there is none, and false if the escape is
// half a surrogate pair.
func scanEscape(b []byte) (n int, valid bool) {
	if len(b) < 2 {
		return -1, false
	}
	if unescaped[b[1]] != 0 {
		return 2, true
	}
	r := unicodeEscape(b)
	if r < 0 {
		return -1, false
	}
	if !utf16.IsSurrogate(r) {
		return 6, true
	}
	if utf16.DecodeRune(r, unicodeEscape(b[6:])) != utf8.RuneError {
		return 12, true
	}
	return 6, false
}

// unescaped maps the characters of short escapes to those that they stand for.
var unescaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unicodeEscape returns the value of an escape of the form \u0041 at the start of b, or -1 if there is none.
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

// validUTF8 is utf8.Valid for text that is not all ASCII: it expects runs of characters of the same length, and reads
// four bytes at a time.
func validUTF8[T []byte | string](b T) bool {
	i := 0
	for i+8 <= len(b) {
		high := word(b, i) & highs
		if high == 0 {
			i += 8
			continue
		}
		for i += first(high); i+4 <= len(b); {
			x := uint32(b[i]) | uint32(b[i+1])<<8 | uint32(b[i+2])<<16 | uint32(b[i+3])<<24 // one load
			switch {
			case x&0x80 == 0:
			case x&0xC0C0F0 == 0x8080E0 && x&0x200F != 0 && x&0x200F != 0x200D: // not overlong, and not a surrogate
				i += 3
				continue
			case x&0xC0E0 == 0x80C0 && x&0x1E != 0: // not overlong
				i += 2
				continue
			case x&0xC0C0C0F8 == 0x808080F0 && x&0x3007 != 0 && (x&7 < 4 || x&0x3007 == 4): // not overlong, and not above U+10FFFF
				i += 4
				continue
			default:
				return false
			}
			break
		}
	}
	return utf8.ValidString(string(b[i:]))
}

// scanShort returns the index of the closing quote of the string that begins at i, if the string has at most 32 bytes,
// all ASCII and unescaped, and otherwise -1. It makes reading names and IDs faster.
func scanShort(b []byte, i int) int {
	if i+33 >= len(b) || b[i] != '"' {
		return -1
	}
	i++
	for range 4 {
		w := word(b, i)
		if stop := stops(w) | w&highs; stop != 0 {
			if i += first(stop); b[i] == '"' {
				return i
			}
			return -1
		}
		i += 8
	}
	return -1
}

// scanText is scanString that also returns the text of the string. The text is part of b or of scratch, which is
// returned for reuse. Invalid UTF-8 becomes U+FFFD, one for each byte.
func scanText(scratch, b []byte, i int) (text, out []byte, end int, valid bool) {
	if i >= len(b) || b[i] != '"' {
		return nil, scratch, -1, false
	}
	i++
	start := i
	i, seen := plain(b, i, 0)
	if i < len(b) && b[i] == '"' {
		text, end, valid = b[start:i], i+1, true
	} else {
		text, end, seen, valid = unescape(append(scratch[:0], b[start:i]...), b, i, seen)
		if end < 0 {
			return nil, text, -1, false
		}
		scratch = text
	}
	if seen&highs != 0 && !validUTF8(text) {
		return []byte(string([]rune(string(text)))), scratch, end, false
	}
	return text, scratch, end, valid
}

// plain returns the index of the first stop from i on, or the length of b, and what was read combined with seen: the high
// bits tell whether it is ASCII.
func plain(b []byte, i int, seen uint64) (int, uint64) {
	for ; i+block <= len(b); i += block {
		in := b[i : i+block]
		w0, w1, w2, w3 := word(in, 0), word(in, 8), word(in, 16), word(in, 24)
		seen |= w0 | w1 | w2 | w3
		s0, s1, s2, s3 := stops(w0), stops(w1), stops(w2), stops(w3)
		if s0|s1|s2|s3 != 0 {
			return i + firstStop(s0, s1, s2, s3), seen
		}
	}
	for ; i+8 <= len(b); i += 8 {
		w := word(b, i)
		seen |= w
		if stop := stops(w); stop != 0 {
			return i + first(stop), seen
		}
	}
	for ; i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\'; i++ {
		seen |= uint64(b[i])
	}
	return i, seen
}

// unescape appends the value of the rest of a string, from the stop at i on. It returns the index after the string, or
// -1 if it has no end, what was read combined with before, as plain does, and whether all escapes are valid.
func unescape(out, b []byte, i int, before uint64) (text []byte, end int, seen uint64, valid bool) {
	n := len(out)
	seen = before
	valid = true
	for i < len(b) {
		if cap(out)-n < block {
			out = slices.Grow(out[:n], n+2*block)
		}
		out = out[:cap(out)]
		if i+block <= len(b) {
			to, in := out[n:n+block], b[i:i+block]
			w0, w1, w2, w3 := word(in, 0), word(in, 8), word(in, 16), word(in, 24)
			putWord(to, 0, w0)
			putWord(to, 8, w1)
			putWord(to, 16, w2)
			putWord(to, 24, w3)
			seen |= w0 | w1 | w2 | w3
			s0, s1, s2, s3 := stops(w0), stops(w1), stops(w2), stops(w3)
			if s0|s1|s2|s3 == 0 {
				i += block
				n += block
				continue
			}
			at := firstStop(s0, s1, s2, s3)
			i += at
			n += at
		}
		c := b[i]
		switch {
		case c == '"':
			return out[:n], i + 1, seen, valid
		case c < ' ':
			return out[:n], -1, seen, false
		case c != '\\': // one of the last bytes
			seen |= uint64(c)
			i++
		case i+1 < len(b) && unescaped[b[i+1]] != 0:
			c = unescaped[b[i+1]]
			i += 2
		default:
			length, whole := scanEscape(b[i:])
			if length < 0 {
				return out[:n], -1, seen, false
			}
			r := unicodeEscape(b[i:])
			if length == 12 {
				r = utf16.DecodeRune(r, unicodeEscape(b[i+6:]))
			}
			n = len(utf8.AppendRune(out[:n], r))
			i += length
			valid = valid && whole
			continue
		}
		out[n] = c
		n++
	}
	return out[:n], -1, seen, false
}

// unquote returns the value of a quoted string that has been read.
func unquote(quoted []byte) []byte {
	text, _, _, _ := scanText(nil, quoted, 0)
	return text
}

var errInvalidUTF8 = errors.New("invalid UTF-8")

// appendQuoted appends a string as JSON, as jsontext.AppendQuote does.
func appendQuoted(b []byte, text string) ([]byte, error) {
	b = append(b, '"')
	var seen uint64
	i := 0
	for i+block <= len(text) {
		if cap(b)-len(b) < block {
			b = slices.Grow(b, len(text)-i+block)
		}
		n := len(b)
		to, in := b[n:n+block], text[i:i+block]
		w0, w1, w2, w3 := word(in, 0), word(in, 8), word(in, 16), word(in, 24)
		putWord(to, 0, w0)
		putWord(to, 8, w1)
		putWord(to, 16, w2)
		putWord(to, 24, w3)
		seen |= w0 | w1 | w2 | w3
		s0, s1, s2, s3 := stops(w0), stops(w1), stops(w2), stops(w3)
		if s0|s1|s2|s3 == 0 {
			b = b[:n+block]
			i += block
			continue
		}
		at := firstStop(s0, s1, s2, s3)
		b = appendEscape(b[:n+at], text[i+at])
		i += at + 1
	}
	for i < len(text) {
		if i+8 <= len(text) {
			if cap(b)-len(b) < 8 {
				b = slices.Grow(b, len(text)-i+8)
			}
			w, n := word(text, i), len(b)
			putWord(b[:n+8], n, w)
			seen |= w
			stop := stops(w)
			if stop == 0 {
				b = b[:n+8]
				i += 8
				continue
			}
			b = b[:n+first(stop)]
			i += first(stop)
		}
		c := text[i]
		i++
		if c >= ' ' && c != '"' && c != '\\' { // one of the last seven bytes
			seen |= uint64(c)
			b = append(b, c)
		} else {
			b = appendEscape(b, c)
		}
	}
	if seen&highs != 0 && !validUTF8(text) {
		return b, errInvalidUTF8
	}
	return append(b, '"'), nil
}

// appendEscape appends a character that must be escaped in a string.
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
