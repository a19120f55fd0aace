package wire

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

// A thing has a property of each kind.
type thing struct {
	Text   string
	Count  int64
	Limit  *int64
	List   []string
	Raw    jsontext.Value
	Extra  map[string]jsontext.Value
	Nested *thing
}

func decodeThing(d *Decoder, x *thing) {
	if !d.StrictObject() {
		return
	}
	var seen uint64
	for name := d.Name(); name != nil; name = d.Name() {
		switch string(name) {
		case "text":
			d.Mark(&seen, 0)
			DecodeString(d, &x.Text)
		case "count":
			DecodeInt(d, &x.Count)
		case "limit":
			DecodePointer(d, &x.Limit, DecodeInt)
		case "list":
			DecodeSlice(d, &x.List, DecodeString)
		case "raw":
			DecodeRaw(d, &x.Raw)
		case "nested":
			DecodePointer(d, &x.Nested, decodeThing)
		case "type":
			d.Constant("thing")
		default:
			d.Extra(name, &x.Extra)
		}
	}
	d.Require(seen, 0, "text")
}

// TestDecoderIsClean uses one decoder for values that leave behind as much state as possible, and checks what it
// decodes after each.
func TestDecoderIsClean(t *testing.T) {
	t.Parallel()
	const good = `{"text":"a\nb","list":["x"]}`
	want := thing{Text: "a\nb", List: []string{"x"}}
	d := new(Decoder)
	use := func(in string) (x thing, err error) {
		d.begin([]byte(in))
		decodeThing(d, &x)
		err = d.result()
		d.reset()
		return x, err
	}
	for name, before := range map[string]string{
		"misfits":   `{"text":1,"count":"x"}`,
		"cut":       `{"text":"a","nested":{"list":["b","c`,
		"not JSON":  `{"text":"\`,
		"more":      `{"text":"a"} {}`,
		"not UTF-8": "{\"text\":\"\xff\"}",
		"huge":      `{"text":"\n` + strings.Repeat("x", 2<<20) + `"}`,
		"deep":      strings.Repeat(`{"nested":`, maxDepth+1),
	} {
		d.strict, d.base = true, "/before"
		_, _ = use(before)
		if got, err := use(good); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		if got, err := use("{\"text\":\"\xff\"}"); err != nil || got.Text != "\ufffd" {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		if _, err := use(`{}`); fmt.Sprint(err) != "decode JSON at /text: missing" {
			t.Errorf("%s: got %v", name, err)
		}
		if cap(d.scratch) > 1<<20 {
			t.Errorf("%s: the decoder keeps %d bytes", name, cap(d.scratch))
		}
	}
}

// TestNothingIsShared overwrites the input: decoded values must not change.
func TestNothingIsShared(t *testing.T) {
	t.Parallel()
	in := []byte(`{"text":"text","list":["a","b\n","long enough to be interned by nobody","` + strings.Repeat("\\u0041", 9) + `"],"raw":{"x":"\ud800"},"n\u0065w":[1],"newer":2,"nested":{"text":"b\n","raw":[3]}}`)
	var got, again thing
	if err := Unmarshal(in, &got, decodeThing); err != nil {
		t.Fatal(err)
	}
	want := thing{
		Text: "text", List: []string{"a", "b\n", "long enough to be interned by nobody", "AAAAAAAAA"}, Raw: jsontext.Value(`{"x":"` + "\ufffd" + `"}`),
		Extra:  map[string]jsontext.Value{"new": jsontext.Value("[1]"), "newer": jsontext.Value("2")},
		Nested: &thing{Text: "b\n", Raw: jsontext.Value("[3]")},
	}
	copy(in, bytes.Repeat([]byte("?"), len(in)))
	for range 100 {
		if err := Unmarshal([]byte(`{"text":"?\n?","list":["?\n","?"]}`), &again, decodeThing); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestInterner(t *testing.T) {
	t.Parallel()
	var in interner
	for i := range 3000 { // more than fit into the interner, many of the same length
		for _, s := range []string{fmt.Sprintf("req-%d", i), fmt.Sprintf("a%db", i), strings.Repeat("x", i%40)} {
			if got := in.get([]byte(s)); got != s {
				t.Fatalf("got %q for %q", got, s)
			}
		}
	}
	if a, b := in.get([]byte("assistant")), in.get([]byte("assistant")); unsafe.StringData(a) != unsafe.StringData(b) {
		t.Error("the same string has two copies")
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	number := func(n int64) *int64 { return &n }
	for in, tt := range map[string]struct {
		want thing
		err  string
	}{
		`null`:                                       {thing{}, "at the top level: expected an object, got null"},
		`[]`:                                         {thing{}, "at the top level: expected an object, got a list"},
		`{"text":null}`:                              {thing{}, "at /text: missing"},
		`{"text":"","type":"other"}`:                 {thing{}, `at /type: expected "thing"`},
		`{"text":"","type":"th\u0069ng"}`:            {thing{}, ""},
		`{"text":"","type":null}`:                    {thing{}, ""},
		`{"text":"","count":"x","limit":"y"}`:        {thing{}, "at /count: expected a number, got a string"}, // the first one
		`{"text":"","count":1.0}`:                    {thing{Count: 1}, ""},
		`{"text":"","count":-2e3}`:                   {thing{Count: -2000}, ""},
		`{"text":"","count":1.5}`:                    {thing{}, "at /count: expected a whole number of 64 bits"},
		`{"text":"","count":1e999}`:                  {thing{}, "at /count: expected a whole number of 64 bits"},
		`{"text":"","count":9223372036854775807}`:    {thing{Count: math.MaxInt64}, ""},
		`{"text":"","count":9223372036854775808}`:    {thing{}, "at /count: expected a whole number of 64 bits"},
		`{"text":"","count":-9223372036854775808}`:   {thing{Count: math.MinInt64}, ""},
		`{"text":"","limit":0}`:                      {thing{Limit: number(0)}, ""},
		`{"text":"","limit":null}`:                   {thing{}, ""},
		`{"text":"","limit":true}`:                   {thing{}, "at /limit: expected a number, got a boolean"},
		`{"text":"","nested":{}}`:                    {thing{Nested: new(thing)}, "at /nested/text: missing"}, // its other properties are kept
		`{"text":"","list":["a",1,"b"]}`:             {thing{List: []string{"a", "", "b"}}, "at /list/1: expected a string, got a number"},
		`{"text":"","list":[]}`:                      {thing{List: []string{}}, ""},
		`{"text":"","list":null}`:                    {thing{}, ""},
		`{"text":"","list":{}}`:                      {thing{}, "at /list: expected a list, got an object"},
		`{"text":"a","text":"b","raw":1,"raw":null}`: {thing{Text: "b"}, ""},
		`{"text":"a","text":null,"count":1,"count":null,"limit":1,"limit":null}`: {thing{}, ""},
		`{"text":"","n/~\u0065w":{}}`:                                            {thing{Extra: map[string]jsontext.Value{"n/~ew": jsontext.Value("{}")}}, ""},
		`{"text":"","nested":{"text":1,"list":[[2]]}}`:                           {thing{Nested: &thing{List: []string{""}}}, "at /nested/text: expected a string, got a number"},
	} {
		var got thing
		err := Unmarshal([]byte(in), &got, decodeThing)
		if text := fmt.Sprint(err); tt.err == "" && err != nil || tt.err != "" && text != "decode JSON "+tt.err {
			t.Errorf("%s: got error %v, want %q", in, err, tt.err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}

// TestDecodeCut truncates a value after each byte: it must never count as complete, and the decoded part must be a part
// of the whole.
func TestDecodeCut(t *testing.T) {
	t.Parallel()
	const whole = `{"text":"né\n\ud83d\udc4b","count":-1.5e3,"list":["a","b"],"raw":{"x":[null,true,false]},"new":{"\u00e9":"\\"},"nested":{"text":"c"}}`
	for n := range len(whole) {
		var x thing
		err := Unmarshal([]byte(whole[:n]), &x, decodeThing)
		if err == nil || errors.As(err, new(*DecodeError)) {
			t.Errorf("%s: got %v", whole[:n], err)
		}
		if len(x.List) > 0 && x.List[0] != "a" || len(x.List) > 1 && x.List[1] != "b" || x.Text != "" && x.Text != "né\n👋" || len(x.Raw) > 0 && string(x.Raw) != `{"x":[null,true,false]}` {
			t.Errorf("%s: got %+v", whole[:n], x)
		}
	}
}

// TestUnmarshalFrom expects places that begin at the larger value.
func TestUnmarshalFrom(t *testing.T) {
	t.Parallel()
	j := jsontext.NewDecoder(strings.NewReader(`{"all":[{"text":"a"},{"text":1}]}`))
	for range 3 { // { "all" [
		if _, err := j.ReadToken(); err != nil {
			t.Fatal(err)
		}
	}
	var x thing
	if err := UnmarshalFrom(j, &x, decodeThing); err != nil || x.Text != "a" {
		t.Errorf("got %+v, %v", x, err)
	}
	if err := UnmarshalFrom(j, &x, decodeThing); fmt.Sprint(err) != "decode JSON at /all/1/text: expected a string, got a number" {
		t.Errorf("got %v", err)
	}
}
