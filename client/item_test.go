package client_test

import (
	"encoding/json"
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
		line string
		err  string
	}{
		"whole/succeeded":    {`{"custom_id":"a","result":{"type":"succeeded","message":{"type":"message","content":[{"type":"text","text":"Hi"}]}},"new":1}`, ""},
		"whole/unknown type": {`{"custom_id":"a","result":{"type":"postponed","until":12345678901234567890}}`, ""},
		"odd/field":          {`{"custom_id":"a","result":{"type":"succeeded","message":{"model":5}}}`, "decode JSON at /result/message/model: expected a string, got a number"},
		"part/no id":         {`{"result":{"type":"expired"}}`, "decode JSON at /custom_id: missing"},
		"part/no result":     {`{"custom_id":"a"}`, "decode JSON at /result: missing"},
		"part/null":          {`null`, "decode JSON at the top level: expected an object, got null"},
		"part/empty id":      {`{"custom_id":"","result":{"type":"expired"}}`, "custom_id or result is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var item, again client.Item
			err := item.UnmarshalJSON([]byte(tt.line))
			if string(item.Raw) != tt.line || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
				t.Errorf("got %+v, %v", item, err)
			}
			errV2 := jsonv2.Unmarshal([]byte(tt.line), &again)
			if diff := cmp.Diff(item, again); diff != "" || (errV2 == nil) != (err == nil) {
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
