package messages_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/messages"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/contract"
)

// FuzzMessages reads arbitrary input as a message, continues it and decodes its content: nothing panics, the results can be
// sent, and the turn of a turn is the same turn.
func FuzzMessages(f *testing.F) {
	for _, e := range contract.Examples(contract.Load()) {
		b, err := json.Marshal(e.Value)
		if err != nil {
			f.Fatal(err)
		}
		switch e.Component {
		case "BetaMessage":
			f.Add(b)
		default:
			f.Add([]byte(`{"stop_reason":"tool_use","content":[` + string(b) + `]}`))
		}
	}
	f.Add([]byte(`{"stop_reason":"end_turn","content":[null,{"type":"text","text":"{\"a\":[1,2]}"}]}`))
	f.Add([]byte(`{"stop_reason":"refusal","stop_details":{"type":"refusal"},"container":{"id":"c"},"content":[{"type":"thinking"},{"type":"fallback"}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		m := new(client.Message)
		if err := m.UnmarshalJSON(in); err != nil && !errors.As(err, new(*gen.DecodeError)) {
			return // not JSON
		}
		var results []client.ContentBlockParam
		for _, use := range m.ToolUses() {
			results = append(results, messages.ToolResult(use, "done"))
			if _, err := messages.DecodeInput[map[string]any](use); err != nil {
				_ = err.Error()
				results[len(results)-1] = messages.ToolError(use, "That was not an object.")
			}
		}
		if _, err := messages.DecodeText[struct{ A []int }](m); err != nil && err.Error() == "" {
			t.Fatal("an error without a text")
		}
		next, err := messages.Continue(client.Params{}, m, results...)
		if err != nil {
			_ = err.Error()
		} else if _, err := next.AppendJSON(nil); err != nil {
			t.Fatalf("%s cannot be sent: %v", in, err)
		}
		turn, err := messages.AssistantTurn(m)
		if err != nil {
			return
		}
		once, err := turn.(*client.AssistantMessage).AppendJSON(nil)
		if err != nil {
			t.Fatalf("the turn of %s cannot be sent: %v", in, err)
		}
		again := new(client.Message)
		if err := again.UnmarshalJSON(once); err != nil {
			t.Fatalf("the turn %s is not a valid message: %v", once, err)
		}
		if turn, err = messages.AssistantTurn(again); err != nil {
			t.Fatalf("the turn %s has no turn: %v", once, err)
		}
		if twice, err := turn.(*client.AssistantMessage).AppendJSON(nil); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("not stable: %s, then %s, %v", once, twice, err)
		}
	})
}
