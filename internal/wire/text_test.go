package wire

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// TestValidUTF8 puts each sequence of four bytes at a limit of UTF-8 at each place in a text.
func TestValidUTF8(t *testing.T) {
	t.Parallel()
	borders := []byte{0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF}
	valid, invalid := 0, 0
	for n := range len(borders) * len(borders) * len(borders) * len(borders) {
		var four []byte
		for range 4 {
			four = append(four, borders[n%len(borders)])
			n /= len(borders)
		}
		for before := range 3 {
			b := []byte(strings.Repeat("x", 5*before) + string(four) + strings.Repeat("y", 6-3*before))
			want := utf8.Valid(b)
			if validUTF8(b) != want || validUTF8(string(b)) != want {
				t.Fatalf("%x: want %v", b, want)
			}
			if want {
				valid++
			} else {
				invalid++
			}
		}
	}
	if valid < 1000 || invalid < 100000 {
		t.Error(valid, invalid)
	}
}

// TestLongTexts moves each stop over the borders of the steps in which texts are read, in texts long enough for all
// steps.
func TestLongTexts(t *testing.T) {
	t.Parallel()
	for _, stop := range []string{`\"`, `\\`, `\n`, `\u00e9`, `\ud83d\udc4b`, `\ud83d`, `é`, "\xff", "\x01", `"`, `\`, `\u12`} {
		for _, length := range []int{0, 31, 150, 400} {
			for at := range 140 {
				in := []byte(`"` + strings.Repeat("a", at) + stop + strings.Repeat("b", length) + stop + `cccccccccc"`)
				j := jsontext.NewDecoder(bytes.NewReader(in), jsontext.AllowInvalidUTF8(true))
				want, err := j.ReadToken()
				text, _, end, _ := scanText(nil, in, 0)
				scanned, _ := scanString(in, 0)
				if end != scanned || (err == nil) != (end > 0) {
					t.Fatalf("%s: ends at %d and %d: %v", in, end, scanned, err)
				}
				if err == nil && string(text) != want.String() {
					t.Fatalf("%s decodes to %q, want %q", in, text, want)
				}
			}
		}
	}
}

// TestQuoteLongTexts puts a character that may be escaped or is not ASCII at each position of texts of up to three blocks.
func TestQuoteLongTexts(t *testing.T) {
	t.Parallel()
	for length := range 3 * block {
		for at := range length + 1 {
			for _, c := range []string{`"`, `\`, "\n", "\x00", "\x1f", "\x7f", "é", "’", "😀", "\xff"} {
				text := strings.Repeat("a", at) + c + strings.Repeat("b", length-at)
				got, err := appendQuoted([]byte("before"), text)
				want, wantErr := jsontext.AppendQuote([]byte("before"), text)
				if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
					t.Fatalf("%q: got %q, %v; jsontext writes %q, %v", text, got, err, want, wantErr)
				}
			}
		}
	}
}
