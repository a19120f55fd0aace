package gen

import (
	"errors"
	"io"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

// The fields of a few types, which encoding/json/v2 decodes by reflection.
type (
	plainCounts struct {
		Canceled   int64 `json:"canceled"`
		Errored    int64 `json:"errored"`
		Expired    int64 `json:"expired"`
		Processing int64 `json:"processing"`
		Succeeded  int64 `json:"succeeded"`
	}
	plainThinking struct {
		Signature string `json:"signature"`
		Thinking  string `json:"thinking"`
	}
	plainToolUse struct {
		ID    string         `json:"id"`
		Input jsontext.Value `json:"input"`
		Name  string         `json:"name"`
	}
	plainMessages struct {
		Requests []struct {
			CustomID string `json:"custom_id"`
		} `json:"requests"`
	}
)

// FuzzDifferential decodes arbitrary input with the generated codecs and with encoding/json/v2: both must return the
// same values, or both fail. The codecs are lenient in three ways: about duplicate names and invalid UTF-8, as v2 is
// with the right options, and about integers written as 1.0 or 1e3.
func FuzzDifferential(f *testing.F) {
	for _, s := range []string{
		`{"canceled":1,"errored":-0,"expired":9223372036854775807,"processing":null,"succeeded":1,"Succeeded":2,"succeeded":3}`,
		`{"canceled":1.0,"errored":1e3,"expired":"1","succeeded":9223372036854775808}`,
		`{"type":"thinking","signature":"\ud83d\udc4b\n\u0000","thinking":"` + "\xff" + `\ud83d","think\u0069ng":"x"}`,
		`{"type":"tool_use","id":"t","name":null,"input":{"z":1.0,"a":[{"b":12345678901234567890}]},"x":[[]]}`,
		` { "requests" : [ { "custom_id" : "a" } , {} ,null] } `, `null`, `[]`, `"x"`, `{}`, `{"id":1}`, `{"input":}`, `{"requests":[1]}`, `{} x`, "\ufeff{}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var counts BetaRequestCounts
		compare(t, in, &counts, func() plainCounts {
			return plainCounts(counts)
		}, true)
		var thinking BetaThinkingBlock
		compare(t, in, &thinking, func() plainThinking { return plainThinking(thinking) }, false)
		var use BetaToolUseBlock
		compare(t, in, &use, func() plainToolUse { return plainToolUse{use.ID, use.Input, use.Name} }, false)
		var create BetaCreateMessageBatchParams
		compare(t, in, &create, func() (p plainMessages) {
			if create.Requests != nil {
				p.Requests = make([]struct {
					CustomID string `json:"custom_id"`
				}, len(create.Requests))
			}
			for i, r := range create.Requests {
				p.Requests[i].CustomID = r.CustomID
			}
			return p
		}, false)
	})
}

func compare[T any](t *testing.T, in []byte, x interface{ UnmarshalJSON([]byte) error }, plain func() T, numbers bool) {
	t.Helper()
	err := x.UnmarshalJSON(in)
	misfit := errors.As(err, new(*DecodeError))
	var want T
	oracleErr := jsonv2.Unmarshal(in, &want, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	syntax := errors.As(oracleErr, new(*jsontext.SyntacticError)) || errors.Is(oracleErr, io.ErrUnexpectedEOF) || errors.Is(oracleErr, io.EOF)
	switch {
	case syntax && (err == nil || misfit):
		t.Errorf("%T of %q: got %v, v2 says %v", x, in, err, oracleErr)
	case syntax:
	case oracleErr != nil && err == nil && !numbers:
		t.Errorf("%T of %q: no error, v2 says %v", x, in, oracleErr)
	case oracleErr == nil && err != nil && !misfit:
		t.Errorf("%T of %q: got %v, v2 accepts it", x, in, err)
	case oracleErr == nil:
		if diff := cmp.Diff(want, plain(), cmp.Comparer(sameJSON)); diff != "" {
			t.Errorf("%T of %q (-v2 +ours):\n%s", x, in, diff)
		}
	}
}

// sameJSON compares free JSON, ignoring white space and invalid UTF-8. Null equals nil.
func sameJSON(x, y jsontext.Value) bool {
	text := func(v jsontext.Value) string {
		if len(v) == 0 {
			return "null"
		}
		b, err := jsontext.AppendFormat(nil, v, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		if err != nil {
			return err.Error()
		}
		return string(b)
	}
	return text(x) == text(y)
}
