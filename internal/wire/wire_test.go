package wire

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// TestNotJSON checks that errors show where a text stops being JSON, and nothing of the text except an invalid escape
// sequence.
func TestNotJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a":"\ud83dsecret"}`:       "x, at byte 6: invalid surrogate pair `\\ud83d` in string",
		"{\"a\":\"\\ud83d`secret\"}": `x, at byte 6: invalid surrogate pair "\\ud83d" in string`,
		`{"a":"\ud83d\u0041secret"}`: "x, at byte 6: invalid surrogate pair `\\ud83d` in string",
		`{"a":"\u12secret"}`:         "x, at byte 6: invalid escape sequence `\\u12` in string",
		`{"a":"\usecret"}`:           "x, at byte 6: invalid escape sequence `\\u` in string",
		`{"a":"\secret"}`:            "x, at byte 6: invalid escape sequence `\\s` in string",
		`{"secret":x}`:               "x, at byte 10: invalid character 'x' at start of value",
		`{"secret`:                   "x, at byte 8: unexpected EOF",
	} {
		_, err := jsontext.NewDecoder(strings.NewReader(text)).ReadValue()
		if got := NotJSON("x", err).Error(); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}
