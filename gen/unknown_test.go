package gen_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
)

// TestUnknownPropertiesOfRequests puts an unknown property into each object of a request, one at a time: it must be
// kept, or decoding must return an error that points to it.
func TestUnknownPropertiesOfRequests(t *testing.T) {
	t.Parallel()
	const request = `{"custom_id":"a","params":{"model":"m","max_tokens":1,"metadata":{"user_id":"u"},"thinking":{"type":"enabled","budget_tokens":1024},` +
		`"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],` +
		`"tools":[{"name":"t","input_schema":{"type":"object","properties":{"p":{"type":"string"}}}},{"type":"new_tool","limits":{"n":1}}],` +
		`"tool_choice":{"type":"auto"},"new":{"deep":[{"a":1}]},` +
		`"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}}]},` +
		`{"role":"assistant","content":[{"type":"tool_use","id":"i","name":"t","input":{"q":{"r":1}}},{"type":"new_block","x":{"y":2}}]},` +
		`{"role":"user","content":[{"type":"tool_result","tool_use_id":"i","content":[{"type":"text","text":"x"}]},{"type":"document","source":{"type":"text","media_type":"text/plain","data":"d"},"citations":{"enabled":true}}]}]}}`
	kept, refused := 0, 0
	tokens := jsontext.NewDecoder(strings.NewReader(request))
	for {
		token, err := tokens.ReadToken()
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if token.Kind() != '{' {
			continue
		}
		at, place := tokens.InputOffset(), tokens.StackPointer()
		changed := request[:at] + `"zzz":{"q":1},` + request[at:]
		var r gen.BetaMessageBatchIndividualRequestParams
		err = r.UnmarshalJSON([]byte(changed))
		var unknown *gen.DecodeError
		switch {
		case err == nil:
			kept++
			if out, err := r.AppendJSON(nil); err != nil || bytes.Count(out, []byte(`"zzz":{"q":1}`)) != 1 {
				t.Errorf("%s: got %s, %v", place, out, err)
			}
		case errors.As(err, &unknown) && unknown.Unknown && unknown.Pointer == place.AppendToken("zzz"):
			refused++
		default:
			t.Errorf("%s: %v", place, err)
		}
	}
	if kept != 13 || refused != 17 {
		t.Errorf("%d kept, %d refused", kept, refused)
	}
}

// TestUnknownPropertiesBesideFaults decodes a real fault next to an unknown property, in both orders.
func TestUnknownPropertiesBesideFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		json    string
		want    string
		unknown bool
	}{
		"request/unknown first":   {`{"params":{"metadata":{"z":1},"max_tokens":"x"}}`, "/params/max_tokens", false},
		"request/unknown last":    {`{"params":{"max_tokens":"x","metadata":{"z":1}}}`, "/params/max_tokens", false},
		"request/unknown twice":   {`{"params":{"metadata":{"z":1,"y":2}}}`, "/params/metadata/z", true},
		"request/not JSON behind": {`{"params":{"metadata":{"z":1}}`, "unexpected EOF", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var r gen.BetaMessageBatchIndividualRequestParams
			err := r.UnmarshalJSON([]byte(tt.json))
			var misfit *gen.DecodeError
			if err == nil || !strings.Contains(err.Error(), tt.want) || (errors.As(err, &misfit) && misfit.Unknown) != tt.unknown {
				t.Errorf("got %v", err)
			}
		})
	}
	// Decoders are reused: decoding a response must not inherit the state of decoding a request.
	var m gen.BetaMessage
	if err := m.UnmarshalJSON([]byte(`{"new":1,"content":[{"type":"text","text":"x","new":1}]}`)); err != nil {
		t.Error(err)
	}
}
