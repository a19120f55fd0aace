package wire

import (
	"strings"
	"testing"
)

func TestFindProperty(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"type":[`, 100) + strings.Repeat(`]}`, 100)
	for _, tt := range []struct {
		in, want string
		found    bool
	}{
		{`{"type":"a"}`, "a", true},
		{` {"type":"a"}`, "", false}, // the caller trims
		{"{ \"type\"\t:\r\n\"a\" , \"x\":1}", "a", true},
		{`{"x":"\\","type":"a"}`, "a", true},
		{`{"x":"\\\"","y":"}","type":"a"}`, "a", true},
		{`{"x":[{"type":"b"},"]"],"y":{"type":"c"},"type":"a"}`, "a", true},
		{`{"x":` + deep + `,"type":"a"}`, "a", true},
		{`{"x":-1.5e3,"y":null,"z":true,"type":"a"}`, "a", true},
		{`{"x":[],"y":{},"type":""}`, "", true},
		{`{"ty\u0070e":"\u0061\n"}`, "a\n", true},
		{`{"type":"a","type":"b"}`, "a", true},
		{`{"types":"b","Type":"c"}`, "", false},
		{`{}`, "", false},
		{`{"type":null,"x":1}`, "", false},
		{`{"type":5}`, "", false},
		{`{"type":{"type":"b"}}`, "", false},
		{`{"type":5,"type":"b"}`, "", false}, // the first one counts
		{`[]`, "", false},
		{``, "", false},
		{`{`, "", false},
		{`{"x":1`, "", false},
		{`{"x":"type`, "", false},
		{`{"x":[1,{"y":"\"`, "", false},
		{`{"type":"a`, "", false},
		{`{"type":12`, "", false},
		{`{type:"a"}`, "", false},
		{`{"x":}`, "", false}, // not JSON: the decoder will report it
		{`{"x"}`, "", false},
		{`{"x":]]]}`, "", false},
	} {
		tag := findProperty([]byte(tt.in), "type")
		if string(tag) != tt.want || (tag != nil) != tt.found {
			t.Errorf("%s: got %q, found %v", tt.in, tag, tag != nil)
		}
	}
}
