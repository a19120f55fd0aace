package jobs

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func FuzzScanLine(f *testing.F) {
	for _, line := range []string{
		`{}`, `{ }`, `{"custom_id":"a"}`, ` { "custom_id" : "a\"b\\" , "params" : {"a":["}",{"custom_id":"x"}]} } `, `{"params":{},"custom_id":"ü"}`,
		`{"custom\u005fid":"a","n":-1.5e3,"t":true,"z":null}`, `{"custom_id":1}`, `{"custom_id":"a","custom_id":"b"}`, `[]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `x`, ``, `{"a":"\\"}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		o, err := scanLine(line)
		var want map[string]json.RawMessage
		if !jsontext.Value(line).IsValid() || json.Unmarshal(line, &want) != nil || want == nil {
			return // it only must not panic
		}
		if err != nil {
			if raw, ok := want["custom_id"]; err == errIDType && ok && raw[0] != '"' {
				return
			}
			t.Fatalf("%q: %v", line, err)
		}
		raw, ok := want["custom_id"]
		if got := line[o.start:o.end]; ok != (o.end > 0) || ok && !bytes.Equal(got, raw) {
			t.Fatalf("%q: custom_id is %q, want %q", line, got, raw)
		}
		changed := o.appendWithID(nil, line, `"new"`)
		var got map[string]json.RawMessage
		if err := json.Unmarshal(changed, &got); err != nil || string(got["custom_id"]) != `"new"` {
			t.Fatalf("%q with another ID is %q: %v", line, changed, err)
		}
		want["custom_id"] = got["custom_id"]
		for name, value := range want {
			if !bytes.Equal(got[name], value) {
				t.Fatalf("%q with another ID differs in %q: %q", line, name, changed)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%q with another ID is %q", line, changed)
		}
	})
}

func TestWireIDs(t *testing.T) {
	t.Parallel()
	w := wireID{newRandomID(jobIDLength), 4_000_123, 2, newRandomID(nonceLength), 4_999_999}
	got, ok := parseWireID(w.String())
	if !ok || got != w {
		t.Errorf("%s is parsed as %+v", w, got)
	}
	if largest := (wireID{"abcdefgh", 1 << 40, 35, "abcdef", 1 << 40}).String(); len(largest) > longestWireID {
		t.Errorf("%s has %d characters", largest, len(largest))
	}
	for _, other := range []string{"", "a", "greeting-1", "abcdefgh-1-0-abcdef-", "abcdefgh-1-0-abcdef-01", "abcdefgh-1-0-abcdef-A", "abcdefgh-+1-0-abcdef-1", "abcdefg-1-0-abcdef-1", "abcdefgh-1-0-abcdef-1-1"} {
		if _, ok := parseWireID(other); ok {
			t.Errorf("%q is parsed as a custom ID of a job", other)
		}
	}
}
