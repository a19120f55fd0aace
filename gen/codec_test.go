package gen

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/internal/contract"
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// A codec decodes and encodes values of one component; codecs_gen_test.go lists them.
type codec struct {
	decode func([]byte) (any, error)
	encode func(any) ([]byte, error)
}

func newCodec[T any](decode wire.Func[T], encode func(*wire.Encoder, *T)) codec {
	return codec{
		decode: func(b []byte) (any, error) {
			x := new(T)
			err := wire.Unmarshal(b, x, decode)
			return x, err
		},
		encode: func(x any) ([]byte, error) { return wire.Append(nil, x.(*T), encode) },
	}
}

type example struct {
	place, component string
	json             []byte
}

// examples returns the examples of the contract as JSON.
func examples(t testing.TB) []example {
	var examples []example
	for _, e := range contract.Examples(contract.Load()) {
		s := contract.Load().Components.Schemas[e.Component].Value
		if s.Items != nil && s.Items.Ref == "" {
			continue // a list of strings has no type of its own in Go
		}
		if members := s.AnyOf; members != nil {
			e.Component = path.Base(members[0].Ref) // a reference or null, which in Go is a nil pointer
		}
		b, err := json.Marshal(e.Value)
		if err != nil {
			t.Fatal(err)
		}
		examples = append(examples, example{strings.Join(e.Path, "/"), e.Component, b})
	}
	return examples
}

func TestExamplesRoundTrip(t *testing.T) {
	t.Parallel()
	for _, e := range examples(t) {
		t.Run(e.place, func(t *testing.T) {
			c, ok := codecs[e.component]
			if !ok {
				t.Fatal("component has no codec")
			}
			x, err := c.decode(e.json)
			if err != nil {
				t.Fatal(err)
			}
			b, err := c.encode(x)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(value(t, e.json), value(t, b)); diff != "" {
				t.Errorf("example changes on its way through the Go type (-example +encoded):\n%s", diff)
			}
		})
	}
}

// TestExamplesHoldNoUnknown finds a decoder that decodes a known member as Unknown, which a round trip would not show.
func TestExamplesHoldNoUnknown(t *testing.T) {
	t.Parallel()
	for _, e := range examples(t) {
		x, err := codecs[e.component].decode(e.json)
		if err != nil {
			t.Fatal(e.place, err)
		}
		cmp.Equal(x, x, cmp.FilterValues(func(a, b *Unknown) bool {
			if a != nil {
				t.Errorf("%s: %q is decoded as Unknown", e.place, a.Type)
			}
			return false
		}, cmp.Ignore()))
	}
}

func value(t testing.TB, b []byte) any {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestBothJSONPackages encodes and decodes through encoding/json and through v2, as users may.
func TestBothJSONPackages(t *testing.T) {
	t.Parallel()
	want := BetaMessageBatchIndividualRequestParams{
		CustomID: "a",
		Params: BetaCreateMessageParams{
			Model: ModelClaudeOpus5, MaxTokens: 10,
			Messages: []BetaMessageParam{
				&BetaUserMessageParam{Content: BetaTextContent("<Zürich> \u2028")},
				&BetaAssistantMessageParam{Content: BetaMessageContentBlocks{&BetaTextBlockParam{Text: "b"}}},
			},
			Temperature: new(float64),
			Extra:       map[string]jsontext.Value{"newer": jsontext.Value(`{"b":1,"a":12345678901234567890}`)},
		},
	}
	for name, f := range map[string]struct {
		marshal   func(any) ([]byte, error)
		unmarshal func([]byte, any) error
	}{
		"v1": {json.Marshal, json.Unmarshal},
		"v2": {
			func(x any) ([]byte, error) { return jsonv2.Marshal(x) },
			func(b []byte, x any) error { return jsonv2.Unmarshal(b, x) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := f.marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			var got BetaMessageBatchIndividualRequestParams
			if err := f.unmarshal(b, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if !bytes.Contains(b, []byte(`{"b":1,"a":12345678901234567890}`)) {
				t.Errorf("free JSON was changed: %s", b)
			}
		})
	}
}

func TestUnknownIsKept(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"result type":   `{"custom_id":"a","result":{"type":"postponed","until":"later"}}`,
		"content block": `{"custom_id":"a","result":{"type":"succeeded","message":{"type":"message","role":"assistant","id":"m","model":"x","content":[{"type":"hologram","size":[1,2.50]}],"stop_reason":"bored"}}}`,
		"error type":    `{"custom_id":"a","result":{"type":"errored","error":{"type":"error","error":{"type":"melted","message":"hot","n":1e400}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			var line BetaMessageBatchIndividualResponse
			if err := line.UnmarshalJSON([]byte(in)); err != nil {
				t.Fatal(err)
			}
			b, err := line.AppendJSON(nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, raw := range []string{`{"type":"postponed","until":"later"}`, `{"type":"hologram","size":[1,2.50]}`, `{"type":"melted","message":"hot","n":1e400}`} {
				if strings.Contains(in, raw) && !bytes.Contains(b, []byte(raw)) {
					t.Errorf("%s was not kept: %s", raw, b)
				}
			}
		})
	}
}

func TestDecodeFaults(t *testing.T) {
	t.Parallel()
	const batch = `{"id":"b1","type":"message_batch","processing_status":"ended","request_counts":{"processing":0,"succeeded":1,"errored":0,"canceled":0,"expired":0}`
	for name, tt := range map[string]struct {
		in, pointer string
	}{
		"fine":               {batch + `}`, "-"},
		"time/null":          {batch + `,"ended_at":null}`, "-"},
		"time/empty":         {batch + `,"ended_at":""}`, "/ended_at"},
		"time/garbage":       {batch + `,"ended_at":"yesterday"}`, "/ended_at"},
		"time/number":        {batch + `,"ended_at":5}`, "/ended_at"},
		"string/number":      {batch + `,"results_url":5}`, "/results_url"},
		"string/object":      {batch + `,"results_url":{"a":[1]}}`, "/results_url"},
		"constant/wrong":     {strings.Replace(batch, `"message_batch"`, `"message"`, 1) + `}`, "/type"},
		"integer/string":     {strings.Replace(batch, `:1`, `:"1"`, 1) + `}`, "/request_counts/succeeded"},
		"integer/float":      {strings.Replace(batch, `:1`, `:1.0`, 1) + `}`, "-"},
		"integer/fraction":   {strings.Replace(batch, `:1`, `:1.5`, 1) + `}`, "/request_counts/succeeded"},
		"integer/huge":       {strings.Replace(batch, `:1`, `:1e300`, 1) + `}`, "/request_counts/succeeded"},
		"strict/absent":      {`{"id":"b1"}`, "/processing_status"},
		"strict/null":        {strings.Replace(batch, `"ended"`, `null`, 1) + `}`, "/processing_status"},
		"object/list":        {strings.Replace(batch, `{"proc`, `[{"proc`, 1) + `]}`, "/request_counts"},
		"new property":       {batch + `,"new":{"a":[{}]}}`, "-"},
		"duplicate property": {batch + `,"id":"b1"}`, "-"},
		"lone surrogate":     {batch + `,"results_url":"\ud83d"}`, "-"},
		"invalid UTF-8":      {batch + ",\"results_url\":\"\xff\"}", "-"},
	} {
		t.Run(name, func(t *testing.T) {
			var b BetaMessageBatch
			err := b.UnmarshalJSON([]byte(tt.in))
			if b.ID != "b1" {
				t.Errorf("id is lost: %+v", b)
			}
			var decodeErr *DecodeError
			switch {
			case tt.pointer == "-":
				if err != nil {
					t.Error(err)
				}
			case !errors.As(err, &decodeErr):
				t.Errorf("got %v, want a DecodeError", err)
			case string(decodeErr.Pointer) != tt.pointer:
				t.Errorf("got pointer %q, want %q: %v", decodeErr.Pointer, tt.pointer, err)
			}
		})
	}
}

// TestFaultInsideUnion checks the place of a fault when the discriminator comes last.
func TestFaultInsideUnion(t *testing.T) {
	t.Parallel()
	const in = `{"custom_id":"a","result":{"message":{"content":[{"text":"x","type":"text"},{"text":5,"type":"text"}],"id":"m"},"type":"succeeded"}}`
	for name, decode := range map[string]func(*BetaMessageBatchIndividualResponse) error{
		"whole": func(x *BetaMessageBatchIndividualResponse) error { return x.UnmarshalJSON([]byte(in)) },
		"stream": func(x *BetaMessageBatchIndividualResponse) error {
			return x.UnmarshalJSONFrom(jsontext.NewDecoder(oneByteAtATime(in)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			var line BetaMessageBatchIndividualResponse
			err := decode(&line)
			var decodeErr *DecodeError
			if !errors.As(err, &decodeErr) || decodeErr.Pointer != "/result/message/content/1/text" {
				t.Errorf("got %v", err)
			}
			message := line.Result.(*BetaMessageBatchSucceededResult).Message
			if message.ID != "m" || len(message.Content) != 2 {
				t.Errorf("the rest is lost: %+v", message)
			}
		})
	}
}

func oneByteAtATime(s string) *slowReader { return &slowReader{s} }

type slowReader struct{ rest string }

func (r *slowReader) Read(p []byte) (int, error) {
	if r.rest == "" {
		return 0, io.EOF
	}
	n := copy(p[:1], r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func TestEncodeFaults(t *testing.T) {
	t.Parallel()
	user := func(c BetaMessageContent) BetaMessageParam { return &BetaUserMessageParam{Content: c} }
	nan := 0.0
	nan /= nan
	for name, tt := range map[string]struct {
		params  BetaCreateMessageParams
		pointer string
	}{
		"invalid UTF-8":  {BetaCreateMessageParams{Messages: []BetaMessageParam{user(BetaTextContent("a")), user(BetaTextContent("\xff"))}}, "/messages/1/content"},
		"in a block":     {BetaCreateMessageParams{Messages: []BetaMessageParam{user(BetaMessageContentBlocks{&BetaTextBlockParam{Text: "\xff"}})}}, "/messages/0/content/0/text"},
		"in a list":      {BetaCreateMessageParams{StopSequences: []string{"a", "\xff"}}, "/stop_sequences/1"},
		"first of list":  {BetaCreateMessageParams{StopSequences: []string{"\xff"}}, "/stop_sequences/0"},
		"NaN":            {BetaCreateMessageParams{Temperature: &nan}, "/temperature"},
		"malformed JSON": {BetaCreateMessageParams{Tools: []BetaToolUnion{&BetaTool{InputSchema: jsontext.Value(`{`)}}}, "/tools/0/input_schema"},
		"malformed name": {BetaCreateMessageParams{Extra: map[string]jsontext.Value{"\xff": jsontext.Value(`1`)}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := tt.params.AppendJSON([]byte("before"))
			var encodeErr *EncodeError
			if !errors.As(err, &encodeErr) || !strings.HasPrefix(string(encodeErr.Pointer), tt.pointer) {
				t.Errorf("got %v, want an error at %s", err, tt.pointer)
			}
			if string(b) != "before" {
				t.Errorf("got %q on an error, want the original slice", b)
			}
		})
	}
}

func TestTypedNilIsNull(t *testing.T) {
	t.Parallel()
	x := BetaCreateMessageParams{Messages: []BetaMessageParam{(*BetaUserMessageParam)(nil), nil, (*Unknown)(nil), &BetaUserMessageParam{}}}
	b, err := x.AppendJSON(nil)
	if err != nil || !bytes.Contains(b, []byte(`"messages":[null,null,null,{"role":"user","content":null}]`)) {
		t.Errorf("got %s, %v", b, err)
	}
}

func TestUnknownIsCompacted(t *testing.T) {
	t.Parallel()
	x := BetaUserMessageParam{Content: &Unknown{Raw: jsontext.Value("{\n  \"type\": \"x\"\n}")}}
	if b, err := x.AppendJSON(nil); err != nil || bytes.ContainsAny(b, "\n ") {
		t.Errorf("got %q, %v: a line break would end the line of a JSON Lines file", b, err)
	}
}

func TestDefaultMember(t *testing.T) {
	t.Parallel()
	for _, in := range []string{`{"name":"a","input_schema":{"type":"object"}}`, `{"name":"a","input_schema":{},"type":null}`, `{"type":"custom","name":"a"}`} {
		x, err := UnmarshalBetaToolUnion([]byte(in))
		if tool, ok := x.(*BetaTool); err != nil || !ok || tool.Name != "a" {
			t.Errorf("%s: got %#v, %v", in, x, err)
		}
	}
}

func TestErrorsAreErrors(t *testing.T) {
	t.Parallel()
	for _, member := range contract.Load().Components.Schemas["BetaError"].Value.OneOf {
		tag := member.Value.Properties["type"].Value.Const.(string)
		x, err := UnmarshalBetaError([]byte(`{"message":"why","type":"` + tag + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := x.(error); !ok || e.Error() != tag+": why" {
			t.Errorf("%s: got %v", tag, x)
		}
	}
}

// FuzzCodecs decodes arbitrary input as every type. What decodes must encode, and decode to the same value again.
func FuzzCodecs(f *testing.F) {
	names := slices.Sorted(maps.Keys(codecs))
	for _, e := range examples(f) {
		f.Add(slices.Index(names, e.component), e.json)
	}
	f.Fuzz(func(t *testing.T, which int, in []byte) {
		name := names[(which%len(names)+len(names))%len(names)]
		c := codecs[name]
		x, err := c.decode(in)
		if err != nil {
			return
		}
		once, err := c.encode(x)
		if err != nil {
			t.Fatalf("%s: %s decodes but does not encode: %v", name, in, err)
		}
		y, err := c.decode(once)
		if err != nil {
			t.Fatalf("%s: the encoded value does not decode: %s: %v", name, once, err)
		}
		twice, err := c.encode(y)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s: not stable: %s, then %s, %v", name, once, twice, err)
		}
	})
}

// In Go a pointer to a string or list is a member of a union too, and must be encoded.
func TestPointerToMember(t *testing.T) {
	t.Parallel()
	text := BetaTextContent("a")
	x := BetaUserMessageParam{Content: &text}
	if b, err := x.AppendJSON(nil); err != nil || string(b) != `{"role":"user","content":"a"}` {
		t.Errorf("got %s, %v", b, err)
	}
}

func TestMisfitInPointerIsNil(t *testing.T) {
	t.Parallel()
	var x BetaCreateMessageParams
	err := x.UnmarshalJSON([]byte(`{"temperature":"warm","cache_control":{"type":"ephemeral","ttl":5}}`))
	if err == nil || x.Temperature != nil || x.CacheControl == nil {
		t.Errorf("got %+v, %v", x, err)
	}
}
