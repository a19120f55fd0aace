package convert_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/cmd/internal/convert"
)

func TestArray(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in, out string
		notes   []string
		err     string // beginning of the error
	}{
		"array/two":         {in: "[\n {\"custom_id\": \"a\", \"params\": {\"x\": 1.50}},\n {\"custom_id\":\"b\"}\n]\n", out: "{\"custom_id\":\"a\",\"params\":{\"x\":1.50}}\n{\"custom_id\":\"b\"}\n"},
		"array/empty":       {in: "[]"},
		"array/mark":        {in: "\ufeff[{}]", out: "{}\n"},
		"array/numbers":     {in: "[\n1,\n\"x\", {}]", out: "{}\n", notes: []string{`refused : not an object: a request is {"custom_id", "params"}: 2 [2 ] [3 ]`}},
		"array/strings":     {in: `[{"a":"é\u00e9\n"}]`, out: "{\"a\":\"é\\u00e9\\n\"}\n"},
		"body/requests":     {in: "{\"requests\": [\n{\"custom_id\":\"a\"}]}", out: "{\"custom_id\":\"a\"}\n"},
		"body/beside":       {in: "{\"betas\":[1],\n\"requests\":[{}],\n\"b\":2}", out: "{}\n", notes: []string{"dropped betas: it is outside of the requests and not part of any request: 1 [3 ]", "dropped b: it is outside of the requests and not part of any request: 1 [3 ]"}},
		"objects/pretty":    {in: "{\n \"custom_id\": \"a\",\n \"params\": {}\n}\n{\n \"custom_id\": \"b\"\n}", out: "{\"custom_id\":\"a\",\"params\":{}}\n{\"custom_id\":\"b\"}\n"},
		"wrong/comma":       {in: "[\n{},\n]", out: "{}\n", err: "line 2: not JSON: "},
		"wrong/cut off":     {in: "[{\"a\":1},\n{\"a\"", out: "{\"a\":1}\n", err: "unexpected end of the JSON"},
		"wrong/empty":       {in: " \n", err: "the file is empty"},
		"wrong/number":      {in: "\n1", err: "line 2: neither a JSON array nor an object"},
		"wrong/Latin-1":     {in: "[\n{\"a\":\"\xfc\"}]", err: "line 2: not JSON: invalid UTF-8"},
		"wrong/names twice": {in: "[{\"a\":1,\n\"a\":2}]", err: "line 2: not JSON: duplicate object member name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			var n convert.Notes
			s, err := convert.Array(&out, strings.NewReader(tt.in), &n)
			if text := ""; err != nil {
				if text = err.Error(); tt.err == "" || !strings.HasPrefix(text, tt.err) {
					t.Errorf("got error %s, want %s...", text, tt.err)
				}
			} else if tt.err != "" {
				t.Errorf("no error, want %s...", tt.err)
			}
			if out.String() != tt.out {
				t.Errorf("got %q, want %q", out.String(), tt.out)
			}
			if diff := cmp.Diff(tt.notes, notes(n.Groups())); diff != "" {
				t.Error(diff)
			}
			if s.Read != s.Written+n.Count(convert.Refused) || s.Written != strings.Count(tt.out, "\n") {
				t.Errorf("summary %+v", s)
			}
		})
	}
}

// FuzzArray compares the lines with what encoding/json finds in the same text.
func FuzzArray(f *testing.F) {
	for _, s := range []string{`[{"a":1},{}]`, `{"requests":[{"a":"\u00e9"}],"b":1}`, "{\n}{}", `[1,[],"x",null]`, `[{"a":{"requests":[{}]}}]`, "\ufeff[]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var out bytes.Buffer
		var n convert.Notes
		s, err := convert.Array(&out, strings.NewReader(text), &n)
		lines := strings.SplitAfter(out.String(), "\n")
		lines = lines[:len(lines)-1]
		if len(lines) != s.Written || s.Read != s.Written+n.Count(convert.Refused) {
			t.Fatalf("%+v and %d lines", s, len(lines))
		}
		for _, line := range lines {
			if !json.Valid([]byte(line)) || strings.Count(line, "\n") != 1 {
				t.Fatalf("not a line of JSON: %q", line)
			}
		}
		var whole []any
		if err != nil || json.Unmarshal([]byte(text), &whole) != nil {
			return
		}
		var got []any
		for _, line := range lines {
			var v any
			if json.Unmarshal([]byte(line), &v) == nil {
				got = append(got, v)
			}
		}
		var want []any
		for _, v := range whole {
			if _, ok := v.(map[string]any); ok {
				want = append(want, v)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
