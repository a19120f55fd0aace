package wire

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// jsontext is slower and known to be correct: the tests compare our hand-written code with it.

// texts are JSON and almost JSON.
var texts = []string{
	``, ` `, `null`, `true`, `false`, `nul`, `nulL`, `truefalse`, `t`, `"`, `""`, `"a"`, `"abcdefgh"`, `"abcdefghi`, `"a" "b"`,
	`0`, `-0`, `-`, `01`, `1.`, `.5`, `1.5`, `1e5`, `1E+05`, `1e-`, `1e`, `-1.25e-10`, `+1`, `1x`, `123456789012345678901234567890`,
	`"\"\\\/\b\f\n\r\t"`, `"\u0041\u00e9\u4f60\ud83d\udc4b"`, `"\x"`, `"\u12"`, `"\u12G4"`, `"\ud83d"`, `"\udc4b"`, `"\ud83d\u0041"`, `"\ud83d\ud83d\udc4b"`, `"\ud83d\n"`,
	"\"\x00\"", "\"\x1f\"", "\"\x7f\"", "\"1234567\x01\"", "\"naïve 你好 👋\"", "\"\xff\"", "\"abcdefgh\xc3\"", "\"\xed\xa0\x80\"", "\"é\xffé\"", "\"\u2028\"", "\"\ufffd\ufffd\"", `"\ufffd"`,
	`{}`, `{ }`, `[]`, `[ ]`, `{"a":1}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{"a" 1}`, `{"a":1 "b":2}`, `{a:1}`, `{"a":1]`, `[1}`, `[1,]`, `[,1]`, `[1 2]`, `[`, `{`, `{"a"`, `{"a":`, `{"a":1`, `[1`, `[1,`,
	` { "a" : [ 1 , { "b" : null } , "c" ] , "d" : { } } `, "\ufeff{}", "\v1", `{"a":1,"a":2}`, `{"\u0061":{"~/":[0,"x"]}}`, "{\"\xff\":1}",
	"[\"aaaaaaa\\\"\",\"bbbbbbbb\\\\\"]", `{"text":"` + strings.Repeat(`He said \"no\"\n`, 20) + `"}`,
}

// oracle reads one value and what follows it with jsontext.
func oracle(b []byte, strict bool) error {
	j := jsontext.NewDecoder(bytes.NewBuffer(b), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(!strict))
	if _, err := j.ReadValue(); err != nil {
		return err
	}
	if _, err := j.ReadToken(); err != io.EOF {
		return io.ErrNoProgress
	}
	return nil
}

func addTexts(f *testing.F) {
	for _, s := range texts {
		f.Add([]byte(s))
	}
}

// FuzzSkip skips arbitrary input, and must accept the same values as jsontext.
func FuzzSkip(f *testing.F) {
	addTexts(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, strict := range []bool{false, true} {
			d := &Decoder{in: in, left: 1 << 40, strict: strict}
			d.Skip()
			got, want := d.result(), oracle(in, strict)
			if (got == nil) != (want == nil) {
				t.Errorf("%q, strict %v: got %v, jsontext says %v", in, strict, got, want)
			}
		}
	})
}

// FuzzWalk reads arbitrary input token by token, and must find the same values and places as jsontext.
func FuzzWalk(f *testing.F) {
	addTexts(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, strict := range []bool{false, true} {
			var got, want transcript
			d := &Decoder{in: in, left: 1 << 40, strict: strict}
			got.walk(d)
			if err := d.result(); (err == nil) != (oracle(in, strict) == nil) {
				t.Errorf("%q, strict %v: got %v", in, strict, err)
			} else if err != nil {
				continue
			}
			j := jsontext.NewDecoder(bytes.NewBuffer(in), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(!strict))
			want.read(t, j)
			if got.String() != want.String() {
				t.Errorf("%q, strict %v:\ngot  %s\nwant %s", in, strict, got.String(), want.String())
			}
		}
	})
}

// A transcript lists the scalars and names of a value with their places.
type transcript struct{ strings.Builder }

func (w *transcript) add(at jsontext.Pointer, what string) {
	w.WriteString(string(at) + "=" + what + ";")
}

func (w *transcript) walk(d *Decoder) {
	switch d.Kind() {
	case '{':
		d.Object()
		for name := d.Name(); name != nil; name = d.Name() {
			w.add(d.Pointer(), string(name))
			w.walk(d)
		}
		w.add(d.Pointer(), "}")
	case '[':
		d.List()
		for d.Next() {
			w.walk(d)
		}
		w.add(d.Pointer(), "]")
	case '"':
		var s string
		DecodeString(d, &s)
		w.add(d.Pointer(), s)
	default:
		v := string(d.Value())
		w.add(d.Pointer(), v)
	}
}

func (w *transcript) read(t *testing.T, j *jsontext.Decoder) {
	for {
		token, err := j.ReadToken()
		if err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		if k := token.Kind(); k != '{' && k != '[' {
			w.add(j.StackPointer(), token.String())
		}
	}
}

// FuzzTag must find the same tag of an object as reading the whole object.
func FuzzTag(f *testing.F) {
	addTexts(f)
	f.Add([]byte(`{"x":["\\\"",{"type":"b"}],"type":"a"}`))
	f.Add([]byte(`{"type":{"type":"b"}}`))
	f.Add([]byte(`{"t\u0079pe":"\u0061"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		d := &Decoder{in: in, left: 1 << 40}
		tag := d.Tag("type") // must not panic, whatever in is
		if d.Kind() != '{' || oracle(in, false) != nil {
			return
		}
		var want []byte
		seen := false
		d.Object()
		for name := d.Name(); name != nil; name = d.Name() {
			if first := string(name) == "type" && !seen; first && d.Kind() == '"' {
				var s string
				DecodeString(d, &s)
				want, seen = append([]byte{}, s...), true
			} else {
				d.Skip()
				seen = seen || first
			}
		}
		if !bytes.Equal(tag, want) || (tag == nil) != (want == nil) {
			t.Errorf("%q: got %q, want %q", in, tag, want)
		}
	})
}

// FuzzQuote writes strings as jsontext does.
func FuzzQuote(f *testing.F) {
	for _, s := range texts {
		f.Add(s)
	}
	for c := range 0x80 {
		f.Add("abc" + string(rune(c)) + "abcdefgh" + string(rune(c)))
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := appendQuoted([]byte("before"), s)
		want, wantErr := jsontext.AppendQuote([]byte("before"), s)
		if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
			t.Errorf("%q: got %q, %v; jsontext writes %q, %v", s, got, err, want, wantErr)
		}
	})
}

func TestDepth(t *testing.T) {
	t.Parallel()
	for _, depth := range []int{maxDepth, maxDepth + 1} {
		for name, text := range map[string]string{
			"lists":   strings.Repeat("[", depth) + strings.Repeat("]", depth),
			"objects": strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth),
		} {
			want := oracle([]byte(text), false) == nil
			if want != (depth == maxDepth) {
				t.Errorf("%s, %d: the bound is not that of jsontext", name, depth)
			}
			skip, walk, both := &Decoder{in: []byte(text)}, &Decoder{in: []byte(text)}, &Decoder{in: []byte(text)}
			skip.Skip()
			if both.Kind() == '[' && both.List() && both.Next() || both.Kind() == '{' && both.Object() && both.Name() != nil {
				both.Skip()
			}
			for walk.Kind() == '[' && walk.List() && walk.Next() || walk.Kind() == '{' && walk.Object() && walk.Name() != nil {
			}
			if skip.bad == want || walk.bad == want || both.bad == want {
				t.Errorf("%s, %d: skipped %v, walked %v, both %v, want %v", name, depth, !skip.bad, !walk.bad, !both.bad, want)
			}
		}
	}
}
