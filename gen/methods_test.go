package gen

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMessageErr has a row for every stop reason of the contract, and for some unknown ones.
func TestMessageErr(t *testing.T) {
	t.Parallel()
	kinds := []error{ErrUnknownStop, ErrToolUse, ErrTruncated, ErrRefused, ErrPaused}
	reasons := map[BetaMessageStopReason]error{
		"end_turn":                      nil,
		"stop_sequence":                 nil,
		"tool_use":                      ErrToolUse,
		"max_tokens":                    ErrTruncated,
		"model_context_window_exceeded": ErrTruncated,
		"refusal":                       ErrRefused,
		"pause_turn":                    ErrPaused,
		"compaction":                    ErrPaused,
		"":                              ErrUnknownStop,
		"bored":                         ErrUnknownStop,
	}
	known := stopReasons(t)
	if len(known) < 5 {
		t.Errorf("only %d stop reasons were found", len(known))
	}
	for _, reason := range known {
		if _, ok := reasons[reason]; !ok {
			t.Errorf("the contract's stop reason %q has no row here", reason)
		}
	}
	for reason, want := range reasons {
		t.Run("reason/"+string(reason), func(t *testing.T) {
			t.Parallel()
			err := (&BetaMessage{StopReason: reason}).Err()
			if (err == nil) != (want == nil) {
				t.Fatalf("got %v, want %v", err, want)
			}
			for _, kind := range kinds {
				if errors.Is(err, kind) != (kind == want) {
					t.Errorf("%v: errors.Is for %q is wrong", err, kind)
				}
			}
			var stop *StopError
			if want != nil && (!errors.As(err, &stop) || stop.StopReason != reason || !strings.Contains(err.Error(), fmt.Sprintf("%q", reason))) {
				t.Errorf("%v does not show the stop reason", err)
			}
		})
	}
	for name, tt := range map[string]struct {
		message *BetaMessage
		kind    error
		want    string
	}{
		"details/new stop reason": {
			&BetaMessage{StopReason: "declined", StopDetails: &BetaRefusalStopDetails{Category: "bio"}},
			ErrRefused, `message was refused (stop reason "declined"), category "bio"`,
		},
		"details/no category": {
			&BetaMessage{StopReason: "refusal", StopDetails: &BetaRefusalStopDetails{}},
			ErrRefused, `message was refused (stop reason "refusal")`,
		},
		"text/foreign": {
			&BetaMessage{StopReason: BetaMessageStopReason("\x1b\u202e" + strings.Repeat("x", 100))},
			ErrUnknownStop, `message has an unknown stop reason (stop reason "\x1b\u202e` + strings.Repeat("x", 62) + `")`,
		},
		"message/nil": {nil, nil, "there is no message: the request did not succeed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.message.Err()
			if err == nil || err.Error() != tt.want {
				t.Fatalf("got  %v\nwant %s", err, tt.want)
			}
			if errors.As(err, new(*StopError)) != (tt.kind != nil) || tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("%v is not of kind %v", err, tt.kind)
			}
		})
	}
}

// stopReasons returns the values of the constants in types.gen.go.
func stopReasons(t *testing.T) []BetaMessageStopReason {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "types.gen.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var reasons []BetaMessageStopReason
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "BetaMessageStopReason" {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			reasons = append(reasons, BetaMessageStopReason(value))
		}
		return false
	})
	return reasons
}

func TestMessageText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		message *BetaMessage
		want    string
	}{
		"message/nil":    {nil, ""},
		"blocks/none":    {&BetaMessage{}, ""},
		"blocks/no text": {&BetaMessage{Content: []BetaContentBlock{&BetaToolUseBlock{}}}, ""},
		"blocks/text":    {&BetaMessage{Content: []BetaContentBlock{&BetaTextBlock{Text: "a"}, &BetaToolUseBlock{}, &BetaTextBlock{Text: "b\n"}}}, "ab\n"},
		"blocks/nil":     {&BetaMessage{Content: []BetaContentBlock{(*BetaTextBlock)(nil), nil, &BetaTextBlock{Text: "a"}}}, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.message.Text(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestMessageToolUses(t *testing.T) {
	t.Parallel()
	text, fallback, search := &BetaTextBlock{Text: "a"}, &BetaFallbackBlock{}, &BetaServerToolUseBlock{ID: "srvtoolu_1"}
	one, two := &BetaToolUseBlock{ID: "toolu_1", Name: "f"}, &BetaToolUseBlock{ID: "toolu_2", Name: "g"}
	message := func(blocks ...BetaContentBlock) *BetaMessage { return &BetaMessage{Content: blocks} }
	for name, tt := range map[string]struct {
		message *BetaMessage
		names   []string
		want    []*BetaToolUseBlock
	}{
		"all/two":         {message(text, one, search, two), nil, []*BetaToolUseBlock{one, two}},
		"all/none":        {message(text, search), nil, nil},
		"all/nil":         {nil, nil, nil},
		"all/nil blocks":  {message((*BetaToolUseBlock)(nil), nil, one), nil, []*BetaToolUseBlock{one}},
		"names/one":       {message(one, two, one), []string{"f"}, []*BetaToolUseBlock{one, one}},
		"names/two":       {message(one, two), []string{"g", "f"}, []*BetaToolUseBlock{one, two}},
		"names/other":     {message(one), []string{"h"}, nil},
		"fallback/before": {message(one, fallback, two), nil, []*BetaToolUseBlock{two}},
		"fallback/two":    {message(one, fallback, one, fallback, two), nil, []*BetaToolUseBlock{two}},
		"fallback/last":   {message(one, two, fallback), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, tt.message.ToolUses(tt.names...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
