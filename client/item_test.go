package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
)

// TestItemJSON writes items as lines and reads lines as items.
func TestItemJSON(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		line      string
		malformed string
	}{
		"whole/succeeded":    {`{"custom_id":"a","result":{"type":"succeeded","message":{"type":"message","content":[{"type":"text","text":"Hi"}]}},"new":1}`, ""},
		"whole/unknown type": {`{"custom_id":"a","result":{"type":"postponed","until":12345678901234567890}}`, ""},
		"malformed/field":    {`{"custom_id":"a","result":{"type":"succeeded","message":{"model":5}}}`, "decode JSON at /result/message/model: expected a string, got a number"},
		"part/no id":         {`{"result":{"type":"expired"}}`, "decode JSON at /custom_id: missing"},
		"part/no result":     {`{"custom_id":"a"}`, "decode JSON at /result: missing"},
		"part/null":          {`null`, "decode JSON at the top level: expected an object, got null"},
		"part/empty id":      {`{"custom_id":"","result":{"type":"expired"}}`, "custom_id or result is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var item, again client.Item
			err := item.UnmarshalJSON([]byte(tt.line))
			if string(item.Raw) != tt.line || err != nil || (item.Malformed == nil) != (tt.malformed == "") || item.Malformed != nil && item.Malformed.Err.Error() != tt.malformed {
				t.Errorf("got %+v, %v", item, err)
			}
			errV2 := jsonv2.Unmarshal([]byte(tt.line), &again)
			if diff := cmp.Diff(item, again, cmp.Comparer(func(a, b *client.LineError) bool { return fmt.Sprint(a) == fmt.Sprint(b) })); diff != "" || (errV2 == nil) != (err == nil) {
				t.Errorf("version 2: %v\n%s", errV2, diff)
			}
			if b, err := json.Marshal(item); err != nil || string(b) != tt.line {
				t.Errorf("got %s, %v", b, err)
			}
		})
	}
	made := client.Item{CustomID: "a", Result: &gen.BetaMessageBatchExpiredResult{}}
	if b, err := json.Marshal(&made); err != nil || string(b) != `{"custom_id":"a","result":{"type":"expired"}}` {
		t.Errorf("got %s, %v", b, err)
	}
}

// TestErrorsOfItemsInEveryForm reads errored results whose error lacks a level, or everything.
func TestErrorsOfItemsInEveryForm(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		result string
		kind   error
		text   string
	}{
		"as the API has it":    {`{"type":"errored","error":{"type":"error","error":{"type":"overloaded_error","message":"Busy."}}}`, client.ErrOverloaded, `request "r0": overloaded_error: Busy.`},
		"flat":                 {`{"type":"errored","error":{"type":"overloaded_error","message":"Busy."}}`, client.ErrOverloaded, `request "r0": overloaded_error: Busy.`},
		"flat, of a new type":  {`{"type":"errored","error":{"type":"melted","message":"Hot."}}`, nil, `request "r0": melted: Hot.`},
		"flat, without a text": {`{"type":"errored","error":{"type":"api_error"}}`, client.ErrAPI, `request "r0": api_error`},
		"nested, null":         {`{"type":"errored","error":{"type":"error","error":null}}`, nil, ""},
		"null":                 {`{"type":"errored","error":null}`, nil, ""},
		"absent":               {`{"type":"errored"}`, nil, ""},
		"a text":               {`{"type":"errored","error":"Busy."}`, nil, ""},
		"an empty object":      {`{"type":"errored","error":{}}`, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var item client.Item
			if err := json.Unmarshal(fmt.Appendf(nil, `{"custom_id":"r0","result":%s}`, tt.result), &item); err != nil {
				t.Fatal(err)
			}
			err := item.Err()
			if err == nil || item.Message() != nil || tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Fatalf("got %v", err)
			}
			if text := err.Error(); tt.text != "" && text != tt.text || strings.HasSuffix(text, ": ") || len(text) < len(`request "r0": x`) {
				t.Errorf("got %q, want %q", text, tt.text)
			}
		})
	}
}
