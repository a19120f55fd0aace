package messages_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/messages"
)

type city struct {
	Name   string         `json:"name"`
	People int64          `json:"people,omitempty"`
	Area   jsontext.Value `json:"area,omitempty"`
	Small  int8           `json:"small,omitempty"`
	Own    picky          `json:"own,omitzero"`
}

// picky decodes itself, and its errors quote what they refuse.
type picky struct{}

func (*picky) UnmarshalText(text []byte) error {
	return fmt.Errorf("I do not like %s", text)
}

// withText returns a message with a text.
func withText(reason client.StopReason, text string) *client.Message {
	return &client.Message{StopReason: reason, Content: []client.ContentBlock{&client.TextBlock{Text: text}}}
}

func TestDecodeText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		reason client.StopReason
		text   string
		want   city
		kind   error
		err    string // empty for no error
	}{
		"json/whole":                {"end_turn", ` {"name":"Zürich","people":9007199254740993,"area":1.10e400} `, city{Name: "Zürich", People: 9007199254740993, Area: jsontext.Value("1.10e400")}, nil, ""},
		"json/new property":         {"end_turn", `{"name":"a","mayor":{"name":"b"}}`, city{Name: "a"}, nil, ""},
		"json/unknown stop":         {"bored", `{"name":"a"}`, city{Name: "a"}, nil, ""},
		"stop/truncated":            {"max_tokens", `{"name":"secr`, city{}, client.ErrTruncated, `text of the message: message is truncated (stop reason "max_tokens")`},
		"stop/truncated, yet whole": {"max_tokens", `{"name":"secret"}`, city{}, client.ErrTruncated, `text of the message: message is truncated (stop reason "max_tokens")`},
		"stop/window":               {"model_context_window_exceeded", `{`, city{}, client.ErrTruncated, `text of the message: message is truncated (stop reason "model_context_window_exceeded")`},
		"stop/refused":              {"refusal", `I cannot secret`, city{}, client.ErrRefused, `text of the message: message was refused (stop reason "refusal")`},
		"stop/paused":               {"pause_turn", `{}`, city{}, client.ErrPaused, `text of the message: message is paused (stop reason "pause_turn")`},
		"stop/tools":                {"tool_use", ``, city{}, client.ErrToolUse, `text of the message: message calls tools (stop reason "tool_use")`},
		"stop/unknown":              {"bored", `{"name":"secr`, city{}, client.ErrUnknownStop, `text of the message: message has an unknown stop reason (stop reason "bored"); not JSON after byte 13 of 13`},
		"text/empty":                {"end_turn", " \n", city{}, nil, `text of the message: empty`},
		"text/prose":                {"end_turn", `Here is secret`, city{}, nil, `text of the message: not JSON after byte 1 of 14`},
		"text/fence":                {"end_turn", "```json\n{\"name\":\"secret\"}\n```", city{}, nil, `text of the message: not JSON after byte 1 of 29`},
		"text/more":                 {"end_turn", `{"name":"a"} secret`, city{}, nil, `text of the message: not JSON after byte 14 of 19`},
		"value/kind":                {"end_turn", `{"people":"secret"}`, city{}, nil, `text of the message: string at "people" does not fit Go type int64`},
		"value/too large":           {"end_turn", `{"name":"a","small":4711}`, city{}, nil, `text of the message: number at "small" does not fit Go type int8`},
		"value/list":                {"end_turn", `["secret"]`, city{}, nil, `text of the message: array at "" does not fit Go type messages_test.city`},
		"value/own decoder":         {"end_turn", `{"own":"secret"}`, city{}, nil, `text of the message: value at "own" is refused by Go type messages_test.picky (see Err)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := messages.DecodeText[city](withText(tt.reason, tt.text))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if tt.err == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var decodeErr *messages.DecodeError
			if !errors.As(err, &decodeErr) || decodeErr.JSON != tt.text {
				t.Fatalf("got %v, want a *DecodeError with the text", err)
			}
			if err.Error() != tt.err {
				t.Errorf("got  %v\nwant %v", err, tt.err)
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "4711") {
				t.Errorf("%v shows the text", err)
			}
			if tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("%v is not of kind %q", err, tt.kind)
			}
		})
	}
	if _, err := messages.DecodeText[city](nil); err == nil || err.Error() != "text of the message: there is no message: the request did not succeed" {
		t.Errorf("got %v for no message", err)
	}
	if x, err := messages.DecodeText[any](withText("end_turn", `[1,"a"]`)); err != nil || !cmp.Equal(x, any([]any{1.0, "a"})) {
		t.Errorf("got %v, %v", x, err)
	}
}

func TestDecodeInput(t *testing.T) {
	t.Parallel()
	use := func(input string) *client.ToolUseBlock {
		return &client.ToolUseBlock{ID: "toolu_1", Name: "found", Input: jsontext.Value(input)}
	}
	got, err := messages.DecodeInput[city](use(`{"name":"Bern","people":9007199254740993,"area":[1.0],"new":null}`))
	want := city{Name: "Bern", People: 9007199254740993, Area: jsontext.Value("[1.0]")}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for input, text := range map[string]string{
		`{"name":5}`:       `input of tool use "toolu_1" (found): number at "name" does not fit Go type string`,
		``:                 `input of tool use "toolu_1" (found): empty`,
		`{"name":"secret"`: `input of tool use "toolu_1" (found): not JSON after byte 16 of 16`,
	} {
		got, err := messages.DecodeInput[city](use(input))
		var decodeErr *messages.DecodeError
		if !errors.As(err, &decodeErr) || err.Error() != text || decodeErr.ToolUseID != "toolu_1" || decodeErr.JSON != input {
			t.Errorf("%s: got %v, want %s", input, err, text)
		}
		if !cmp.Equal(got, city{}) {
			t.Errorf("%s: got %+v with an error", input, got)
		}
	}
	var syntax *json.SyntaxError
	if _, err := messages.DecodeInput[city](use(`{`)); !errors.As(err, &syntax) {
		t.Errorf("%v does not wrap the error of encoding/json", err)
	}
}

type order struct {
	ID    int            `json:"id"`
	When  time.Time      `json:"when,omitzero"`
	Items []item         `json:"items"`
	Notes map[string]int `json:"notes,omitempty"`
	Any   any            `json:"any"`
	Ptr   *string        `json:"ptr"`
}

type item struct {
	Name  string           `json:"name"`
	Unit  unit             `json:"unit,omitempty"`
	Times map[string]picky `json:"times,omitempty"`
	Level level            `json:"level,omitzero"`
}

func TestDecodeFields(t *testing.T) {
	t.Parallel()
	const rest = `"any":null,"ptr":null`
	for name, tt := range map[string]struct {
		text  string
		field string
		err   string // empty for no error
	}{
		"missing/none":                          {`{"id":1,"items":[],` + rest + `}`, "", ""},
		"missing/in another case":               {`{"ID":1,"Items":[{"NAME":""}],` + rest + `}`, "", ""},
		"missing/one":                           {`{"items":[],` + rest + `}`, "id", `"id" is missing`},
		"missing/all":                           {`{}`, "id", `"id", "items", "any", "ptr" are missing`},
		"missing/inside":                        {`{"id":1,"items":[{"name":""},{}],` + rest + `}`, "items[1].name", `"items[1].name" is missing`},
		"missing/many":                          {`{"id":1,"items":[{},{},{},{},{},{},{}],` + rest + `}`, "items[0].name", `"items[0].name", "items[1].name", "items[2].name", "items[3].name", "items[4].name" and 2 more are missing`},
		"missing/after a value of another type": {`{"id":1,"items":{"name":5},` + rest + `}`, "items", `object at "items" does not fit Go type []messages_test.item`},
		"null/field":                            {`{"id":null,"items":[],` + rest + `}`, "id", `"id" is missing`},
		"null/optional":                         {`{"id":1,"when":null,"items":[{"name":"","unit":null}],"notes":null,` + rest + `}`, "", ""},
		"null/list":                             {`{"id":1,"items":null,` + rest + `}`, "items", `"items" is missing`},
		"null/then a value":                     {`{"id":null,"id":1,"items":[],` + rest + `}`, "", ""},
		"null/element":                          {`{"id":1,"items":[null],` + rest + `}`, "items[0]", `null at "items[0]" does not fit Go type messages_test.item`},
		"null/value of a map":                   {`{"id":1,"items":[],"notes":{"secret":null},` + rest + `}`, "notes.*", `null at "notes.*" does not fit Go type int`},
		"null/whole":                            {`null`, "", `null at "" does not fit Go type messages_test.order`},
		"enum/right":                            {`{"id":1,"items":[{"name":"","unit":"celsius"},{"name":"","unit":"Réaumur"}],` + rest + `}`, "", ""},
		"enum/wrong":                            {`{"id":1,"items":[{"name":"","unit":"secret"}],` + rest + `}`, "items[0].unit", `string at "items[0].unit" is not one of the 3 values of Go type messages_test.unit`},
		"enum/empty":                            {`{"id":1,"items":[{"name":"","unit":""}],` + rest + `}`, "items[0].unit", `string at "items[0].unit" is not one of the 3 values of Go type messages_test.unit`},
		"enum/number":                           {`{"id":1,"items":[{"name":"","unit":4711}],` + rest + `}`, "items.unit", `number at "items.unit" does not fit Go type messages_test.unit`},
		"enum/decodes itself":                   {`{"id":1,"items":[{"name":"","level":"secret"}],` + rest + `}`, "items[0].level", `value at "items[0].level" is refused by Go type messages_test.level (see Err)`},
		"own/time":                              {`{"id":1,"when":"secret","items":[],` + rest + `}`, "when", `value at "when" is refused by Go type time.Time (see Err)`},
		"own/in a map":                          {`{"id":1,"items":[{"name":"","times":{"secret":"x"}}],` + rest + `}`, "items[0].times.*", `value at "items[0].times.*" is refused by Go type messages_test.picky (see Err)`},
		"json/cut off":                          {`{"id":1,"items":[{"name":"secret`, "", `not JSON after byte 32 of 32`},
		"json/cut off, own":                     {`{"id":1,"when":"secret"`, "", `not JSON after byte 23 of 23`},
		"json/invalid UTF-8":                    {`{"id":1,"items":[{"name":"` + "\xff" + `"}],` + rest + `}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := messages.DecodeText[order](withText("end_turn", tt.text))
			if tt.err == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var decodeErr *messages.DecodeError
			if !errors.As(err, &decodeErr) || err.Error() != "text of the message: "+tt.err || decodeErr.Field != tt.field || decodeErr.JSON != tt.text {
				t.Errorf("got  %v, field %q\nwant %s, field %q", err, decodeErr.Field, tt.err, tt.field)
			}
			if !cmp.Equal(got, order{}) {
				t.Errorf("got %+v with an error", got)
			}
		})
	}
	var parse *time.ParseError
	if _, err := messages.DecodeText[order](withText("end_turn", `{"when":"secret"}`)); !errors.As(err, &parse) {
		t.Errorf("%v does not wrap the error of the type's own decoder", err)
	}
	if _, err := messages.DecodeText[order](withText("bored", `{"id":1}`)); !errors.Is(err, client.ErrUnknownStop) ||
		err.Error() != `text of the message: message has an unknown stop reason (stop reason "bored"); "items", "any", "ptr" are missing` {
		t.Errorf("got %v", err)
	}
}

// TestEnumCase decodes values of enums in another case, because structured outputs do not guarantee the case.
func TestEnumCase(t *testing.T) {
	t.Parallel()
	got, err := messages.DecodeText[Measure](withText("end_turn", ` {"level" : "HIGH","other":"CELSIUS", "units":["Fahrenheit","celsius","R\u00c9AUMUR"] ,"unit":"fahrenheit"} `))
	celsius := unit("celsius")
	want := Measure{Unit: "fahrenheit", Other: &celsius, Units: []unit{"fahrenheit", "celsius", "Réaumur"}, Level: 2}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	type letters struct {
		Letter twoCases `json:"letter"`
	}
	for text, want := range map[string]string{`{"letter":"Ab"}`: "Ab", `{"letter":"aB"}`: "aB", `{"letter":"ab"}`: ""} {
		got, err := messages.DecodeText[letters](withText("end_turn", text))
		if string(got.Letter) != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q, %v", text, got.Letter, err)
		}
	}
}

// twoCases has values that differ only in case: "ab" may mean either.
type twoCases string

func (twoCases) Enum() []string { return []string{"Ab", "aB"} }

// tree contains itself: it has no schema, but it can be decoded.
type tree struct {
	Name string `json:"name"`
	Kids []tree `json:"kids,omitempty"`
}

func TestDecodeRecursive(t *testing.T) {
	t.Parallel()
	got, err := messages.DecodeText[*tree](withText("end_turn", `{"name":"a","kids":[{"name":"b"}]}`))
	if diff := cmp.Diff(&tree{"a", []tree{{Name: "b"}}}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	_, err = messages.DecodeText[*tree](withText("end_turn", `{"name":"a","kids":[{"name":"b","kids":[{}]}]}`))
	if err == nil || err.Error() != `text of the message: "kids[0].kids[0].name" is missing` {
		t.Errorf("got %v", err)
	}
}
