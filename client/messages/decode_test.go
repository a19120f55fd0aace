package messages_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/messages"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/contract"
)

// TestOutcomes has every stop reason of the contract, and some that it does not have.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	kinds := []error{messages.ErrUnknownStop, messages.ErrToolUse, messages.ErrCut, messages.ErrRefused, messages.ErrPaused}
	reasons := map[gen.BetaMessageStopReason]struct {
		outcome messages.Outcome
		kind    error
	}{
		"end_turn":                      {messages.OutcomeComplete, nil},
		"stop_sequence":                 {messages.OutcomeComplete, nil},
		"tool_use":                      {messages.OutcomeToolUse, messages.ErrToolUse},
		"max_tokens":                    {messages.OutcomeCut, messages.ErrCut},
		"model_context_window_exceeded": {messages.OutcomeCut, messages.ErrCut},
		"refusal":                       {messages.OutcomeRefused, messages.ErrRefused},
		"pause_turn":                    {messages.OutcomePaused, messages.ErrPaused},
		"compaction":                    {messages.OutcomePaused, messages.ErrPaused},
		"":                              {messages.OutcomeUnknown, messages.ErrUnknownStop},
		"bored":                         {messages.OutcomeUnknown, messages.ErrUnknownStop},
	}
	for _, value := range contract.Load().Components.Schemas["BetaMessage"].Value.Properties["stop_reason"].Value.Enum {
		if reason, ok := value.(string); ok {
			if _, ok := reasons[gen.BetaMessageStopReason(reason)]; !ok {
				t.Errorf("the contract's stop reason %q has no row here", reason)
			}
		}
	}
	for reason, want := range reasons {
		t.Run("reason/"+string(reason), func(t *testing.T) {
			t.Parallel()
			m := &gen.BetaMessage{StopReason: reason}
			if got := messages.OutcomeOf(m); got != want.outcome {
				t.Errorf("got %v, want %v", got, want.outcome)
			}
			err := messages.Err(m)
			for _, kind := range kinds {
				if errors.Is(err, kind) != (kind == want.kind) {
					t.Errorf("%v: is it %q?", err, kind)
				}
			}
			var stop *messages.StopError
			if want.kind != nil && (!errors.As(err, &stop) || stop.StopReason != reason || !strings.Contains(err.Error(), fmt.Sprintf("%q", reason))) {
				t.Errorf("%v does not show the stop reason", err)
			}
		})
	}
	refusal := &gen.BetaMessage{StopReason: "declined", StopDetails: &gen.BetaRefusalStopDetails{Category: "bio"}}
	if err := messages.Err(refusal); !errors.Is(err, messages.ErrRefused) || err.Error() != `message was refused (stop reason "declined"), category "bio"` {
		t.Errorf("got %v", err)
	}
	if err := messages.Err(nil); err == nil || errors.As(err, new(*messages.StopError)) || messages.OutcomeOf(nil) != messages.OutcomeUnknown {
		t.Errorf("got %v for no message", err)
	}
	names := make(map[string]bool)
	for o := messages.OutcomeUnknown; o <= messages.OutcomePaused+1; o++ {
		names[o.String()] = true
	}
	if len(names) != 7 || !names["Outcome(6)"] {
		t.Errorf("got %v", names)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		message *gen.BetaMessage
		want    string
	}{
		"message/nil": {nil, ""},
		"blocks/none": {&gen.BetaMessage{}, ""},
		"blocks/text": {message(t, `{"type":"text","text":"a"}`, callOne, `{"type":"text","text":"b\n"}`), "ab\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := messages.Text(tt.message); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

type city struct {
	Name   string         `json:"name"`
	People int64          `json:"people"`
	Area   jsontext.Value `json:"area"`
	Small  int8           `json:"small"`
	Own    picky          `json:"own"`
}

// picky decodes itself, and quotes what it does not like.
type picky struct{}

func (*picky) UnmarshalText(text []byte) error {
	return fmt.Errorf("I do not like %s", text)
}

// withText returns a message with a text.
func withText(reason gen.BetaMessageStopReason, text string) *gen.BetaMessage {
	return &gen.BetaMessage{StopReason: reason, Content: []gen.BetaContentBlock{&gen.BetaTextBlock{Text: text}}}
}

func TestDecodeText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		reason gen.BetaMessageStopReason
		text   string
		want   city
		kind   error
		err    string // empty for none
	}{
		"json/whole":          {"end_turn", ` {"name":"Zürich","people":9007199254740993,"area":1.10e400} `, city{Name: "Zürich", People: 9007199254740993, Area: jsontext.Value("1.10e400")}, nil, ""},
		"json/new property":   {"end_turn", `{"name":"a","mayor":{"name":"b"}}`, city{Name: "a"}, nil, ""},
		"json/unknown stop":   {"bored", `{"name":"a"}`, city{Name: "a"}, nil, ""},
		"stop/cut":            {"max_tokens", `{"name":"secr`, city{}, messages.ErrCut, `text of the message: message is cut (stop reason "max_tokens")`},
		"stop/cut, yet whole": {"max_tokens", `{"name":"secret"}`, city{}, messages.ErrCut, `text of the message: message is cut (stop reason "max_tokens")`},
		"stop/window":         {"model_context_window_exceeded", `{`, city{}, messages.ErrCut, `text of the message: message is cut (stop reason "model_context_window_exceeded")`},
		"stop/refused":        {"refusal", `I cannot secret`, city{}, messages.ErrRefused, `text of the message: message was refused (stop reason "refusal")`},
		"stop/paused":         {"pause_turn", `{}`, city{}, messages.ErrPaused, `text of the message: message is paused (stop reason "pause_turn")`},
		"stop/tools":          {"tool_use", ``, city{}, messages.ErrToolUse, `text of the message: message calls tools (stop reason "tool_use")`},
		"stop/unknown":        {"bored", `{"name":"secr`, city{}, messages.ErrUnknownStop, `text of the message: message ended in a way that is not known (stop reason "bored"); not JSON after byte 13 of 13`},
		"text/empty":          {"end_turn", " \n", city{}, nil, `text of the message: there is none`},
		"text/prose":          {"end_turn", `Here is secret`, city{}, nil, `text of the message: not JSON after byte 1 of 14`},
		"text/fence":          {"end_turn", "```json\n{\"name\":\"secret\"}\n```", city{}, nil, `text of the message: not JSON after byte 1 of 29`},
		"text/more":           {"end_turn", `{"name":"a"} secret`, city{}, nil, `text of the message: not JSON after byte 14 of 19`},
		"value/kind":          {"end_turn", `{"people":"secret"}`, city{}, nil, `text of the message: string at "people" does not fit Go type int64`},
		"value/too large":     {"end_turn", `{"name":"a","small":4711}`, city{}, nil, `text of the message: number at "small" does not fit Go type int8`},
		"value/list":          {"end_turn", `["secret"]`, city{}, nil, `text of the message: array at "" does not fit Go type messages_test.city`},
		"value/own decoder":   {"end_turn", `{"own":"secret"}`, city{}, nil, `text of the message: the decoder of a Go type refuses it, as Err says`},
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
				t.Fatalf("got %v, want the text in it", err)
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
	if _, err := messages.DecodeText[city](nil); err == nil || err.Error() != "text of the message: there is no message: the request did not succeed, and Err of its item says why" {
		t.Errorf("got %v for no message", err)
	}
	if x, err := messages.DecodeText[any](withText("end_turn", `[1,"a"]`)); err != nil || !cmp.Equal(x, any([]any{1.0, "a"})) {
		t.Errorf("got %v, %v", x, err)
	}
}

func TestToolUses(t *testing.T) {
	t.Parallel()
	const fallback = `{"type":"fallback","from":{"model":"a"},"to":{"model":"b"},"trigger":{"type":"refusal"}}`
	for name, tt := range map[string]struct {
		message *gen.BetaMessage
		names   []string
		want    []string // ids
	}{
		"all/two":         {message(t, textA, callOne, search, callTwo), nil, []string{"toolu_1", "toolu_2"}},
		"all/none":        {message(t, textA, search), nil, nil},
		"all/nil":         {nil, nil, nil},
		"names/one":       {message(t, callOne, callTwo, callOne), []string{"f"}, []string{"toolu_1", "toolu_1"}},
		"names/two":       {message(t, callOne, callTwo), []string{"g", "f"}, []string{"toolu_1", "toolu_2"}},
		"names/other":     {message(t, callOne), []string{"h"}, nil},
		"fallback/before": {message(t, callOne, fallback, callTwo), nil, []string{"toolu_2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, use := range messages.ToolUses(tt.message, tt.names...) {
				got = append(got, use.ID)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeInput(t *testing.T) {
	t.Parallel()
	use := func(input string) *gen.BetaToolUseBlock {
		return &gen.BetaToolUseBlock{ID: "toolu_1", Name: "found", Input: jsontext.Value(input)}
	}
	got, err := messages.DecodeInput[city](use(`{"name":"Bern","people":9007199254740993,"area":[1.0],"new":null}`))
	want := city{Name: "Bern", People: 9007199254740993, Area: jsontext.Value("[1.0]")}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for input, text := range map[string]string{
		`{"name":5}`:       `input of tool use "toolu_1" (found): number at "name" does not fit Go type string`,
		``:                 `input of tool use "toolu_1" (found): there is none`,
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
