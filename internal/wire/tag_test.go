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
		found    bool // a string
		decided  bool
	}{
		{`{"type":"a"}`, "a", true, true},
		{` {"type":"a"}`, "", false, false}, // the caller trims
		{"{ \"type\"\t:\r\n\"a\" , \"x\":1}", "a", true, true},
		{`{"x":"\\","type":"a"}`, "a", true, true},
		{`{"x":"\\\"","y":"}","type":"a"}`, "a", true, true},
		{`{"x":[{"type":"b"},"]"],"y":{"type":"c"},"type":"a"}`, "a", true, true},
		{`{"x":` + deep + `,"type":"a"}`, "a", true, true},
		{`{"x":-1.5e3,"y":null,"z":true,"type":"a"}`, "a", true, true},
		{`{"x":[],"y":{},"type":""}`, "", true, true},
		{`{"ty\u0070e":"\u0061\n"}`, "a\n", true, true},
		{`{"type":"a","type":"b"}`, "a", true, true},
		{`{"types":"b","Type":"c"}`, "", false, true},
		{`{}`, "", false, true},
		{`{"type":null,"x":1}`, "", false, true},
		{`{"type":5}`, "", false, true},
		{`{"type":{"type":"b"}}`, "", false, true},
		{`[]`, "", false, false},
		{``, "", false, false},
		{`{`, "", false, false},
		{`{"x":1`, "", false, false},
		{`{"x":"type`, "", false, false},
		{`{"x":[1,{"y":"\"`, "", false, false},
		{`{"type":"a`, "", false, false},
		{`{"type":12`, "", false, false},
		{`{type:"a"}`, "", false, false},
		{`{"x":}`, "", false, true}, // not JSON: the decoder will say so
		{`{"x"}`, "", false, true},
		{`{"x":]]]}`, "", false, false},
	} {
		tag, decided := findProperty([]byte(tt.in), "type")
		if string(tag) != tt.want || (tag != nil) != tt.found || decided != tt.decided {
			t.Errorf("%s: got %q, %v", tt.in, tag, decided)
		}
	}
}
