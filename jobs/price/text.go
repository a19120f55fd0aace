package price

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strconv"
)

// Tokens of one character of a kind, in hundredths, with the tokenizer of models up to Claude 4.6. They are estimates: see
// the comment of the package.
const (
	ofLetter      = 28
	ofSpace       = 20
	ofMoreSpace   = 4 // after another one
	ofDigit       = 45
	ofSign        = 60
	ofLatin       = 60 // letters with marks, Greek
	ofCyrillic    = 45
	ofArabic      = 60 // and Hebrew
	ofIndic       = 85 // and other scripts of Asia
	ofKana        = 90
	ofIdeograph   = 110
	ofHangul      = 100
	ofPunctuation = 70 // not in ASCII
	ofEmoji       = 250
)

// weights are the tokens of characters by the first byte of their UTF-8 form; the other bytes have none.
var weights = [256]uint8{ //nolint:gochecknoglobals // a constant
	'\t': ofSpace, '\n': 40, '\r': ofMoreSpace, ' ': ofSpace,
	'!': ofSign, '"': ofSign, '#': ofSign, '$': ofSign, '%': ofSign, '&': ofSign, '\'': ofSign, '(': ofSign, ')': ofSign, '*': ofSign, '+': ofSign, ',': ofSign, '-': ofSign, '.': ofSign, '/': ofSign,
	'0': ofDigit, '1': ofDigit, '2': ofDigit, '3': ofDigit, '4': ofDigit, '5': ofDigit, '6': ofDigit, '7': ofDigit, '8': ofDigit, '9': ofDigit,
	':': ofSign, ';': ofSign, '<': ofSign, '=': ofSign, '>': ofSign, '?': ofSign, '@': ofSign,
	'A': ofLetter, 'B': ofLetter, 'C': ofLetter, 'D': ofLetter, 'E': ofLetter, 'F': ofLetter, 'G': ofLetter, 'H': ofLetter, 'I': ofLetter, 'J': ofLetter, 'K': ofLetter, 'L': ofLetter, 'M': ofLetter,
	'N': ofLetter, 'O': ofLetter, 'P': ofLetter, 'Q': ofLetter, 'R': ofLetter, 'S': ofLetter, 'T': ofLetter, 'U': ofLetter, 'V': ofLetter, 'W': ofLetter, 'X': ofLetter, 'Y': ofLetter, 'Z': ofLetter,
	'[': ofSign, '\\': ofSign, ']': ofSign, '^': ofSign, '_': ofSign, '`': ofSign,
	'a': ofLetter, 'b': ofLetter, 'c': ofLetter, 'd': ofLetter, 'e': ofLetter, 'f': ofLetter, 'g': ofLetter, 'h': ofLetter, 'i': ofLetter, 'j': ofLetter, 'k': ofLetter, 'l': ofLetter, 'm': ofLetter,
	'n': ofLetter, 'o': ofLetter, 'p': ofLetter, 'q': ofLetter, 'r': ofLetter, 's': ofLetter, 't': ofLetter, 'u': ofLetter, 'v': ofLetter, 'w': ofLetter, 'x': ofLetter, 'y': ofLetter, 'z': ofLetter,
	'{': ofSign, '|': ofSign, '}': ofSign, '~': ofSign,
	0xC2: ofLatin, 0xC3: ofLatin, 0xC4: ofLatin, 0xC5: ofLatin, 0xC6: ofLatin, 0xC7: ofLatin, 0xC8: ofLatin, 0xC9: ofLatin, 0xCA: ofLatin, 0xCB: ofLatin, 0xCC: ofLatin, 0xCD: ofLatin, 0xCE: ofLatin, 0xCF: ofLatin,
	0xD0: ofCyrillic, 0xD1: ofCyrillic, 0xD2: ofCyrillic, 0xD3: ofCyrillic, 0xD4: ofCyrillic, 0xD5: ofArabic, 0xD6: ofArabic, 0xD7: ofArabic, 0xD8: ofArabic, 0xD9: ofArabic, 0xDA: ofArabic, 0xDB: ofArabic,
	0xDC: ofIndic, 0xDD: ofIndic, 0xDE: ofIndic, 0xDF: ofIndic, 0xE0: ofIndic, 0xE1: ofIndic, 0xE2: ofPunctuation, 0xE3: ofKana,
	0xE4: ofIdeograph, 0xE5: ofIdeograph, 0xE6: ofIdeograph, 0xE7: ofIdeograph, 0xE8: ofIdeograph, 0xE9: ofIdeograph,
	0xEA: ofHangul, 0xEB: ofHangul, 0xEC: ofHangul, 0xED: ofHangul, 0xEE: ofIndic, 0xEF: ofPunctuation,
	0xF0: ofEmoji, 0xF1: ofEmoji, 0xF2: ofEmoji, 0xF3: ofEmoji, 0xF4: ofEmoji,
}

// weigh returns the tokens of a text in hundredths. The text is escaped as in JSON, without quotes.
func weigh(text []byte) (n int64) {
	for {
		at := bytes.IndexByte(text, '\\')
		if at < 0 {
			return n + weighPlain(text)
		}
		w, length := escaped(text[at:])
		n += weighPlain(text[:at]) + w
		text = text[at+length:]
	}
}

// weighPlain is weigh for a text without escapes.
func weighPlain(text []byte) (n int64) {
	rest, doubled := text, 0 // spaces after another one
	behind := uint64(0)      // 1 if the byte before rest is a space
	for ; len(rest) >= 8; rest = rest[8:] {
		b := (*[8]byte)(rest)
		n += int64(uint32(weights[b[0]]) + uint32(weights[b[1]]) + uint32(weights[b[2]]) + uint32(weights[b[3]]) +
			uint32(weights[b[4]]) + uint32(weights[b[5]]) + uint32(weights[b[6]]) + uint32(weights[b[7]]))
		spaces := zeroBytes(binary.LittleEndian.Uint64(b[:]) ^ ' '*ones)
		doubled += bits.OnesCount64(spaces & (spaces<<8 | behind))
		behind = spaces >> 56
	}
	for _, c := range rest {
		n += int64(weights[c])
		if c != ' ' {
			behind = 0
		} else {
			doubled += int(behind)
			behind = 1
		}
	}
	return n - int64(doubled)*(ofSpace-ofMoreSpace)
}

// ones has a 1 in each byte.
const ones = ^uint64(0) / 0xff

// zeroBytes returns a 1 in each of eight bytes that is 0.
func zeroBytes(x uint64) uint64 { return ^(x&(0x7f*ones) + 0x7f*ones | x) >> 7 & ones }

// escaped returns the tokens of an escaped character, and the length of the escape.
func escaped(text []byte) (n int64, length int) {
	if len(text) < 2 {
		return 0, len(text)
	}
	switch text[1] {
	case 'n':
		return int64(weights['\n']), 2
	case 't', 'r', 'f', 'b':
		return ofMoreSpace, 2
	case 'u':
	default:
		return int64(weights[text[1]]), 2
	}
	if len(text) < 6 {
		return 0, len(text)
	}
	r, err := strconv.ParseUint(string(text[2:6]), 16, 32)
	switch {
	case err != nil:
		return 0, 6
	case 0xDC00 <= r && r < 0xE000:
		return 0, 6 // the second half of a surrogate pair; the first counts for both
	case 0xD800 <= r && r < 0xDC00:
		return ofEmoji, 6
	}
	return int64(weights[string(rune(r))[0]]), 6
}
