package messages

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
)

// AssistantTurn returns a received message as the assistant's message of a later request. Each block takes its input
// form and keeps all that the input form has: signatures, encrypted content, the bytes of a tool's input. A
// *gen.Unknown goes back as it came.
//
// What the service would refuse is left out: texts of nothing but white space, thinking without a signature or at the
// end of the message, the file ids of citations, and what must not stand before the last mark of a fallback (thinking,
// calls of your tools, calls of server tools that have no result). A property that is newer than the contract is not in
// m, and so not in the turn.
//
// The stop reason does not matter here, as it does to [Continue]. The error says that m is nil, that nothing of it is
// left, or that it holds what cannot be written as JSON, which only happens to messages that did not come from the
// service.
func AssistantTurn(m *client.Message) (client.InputMessage, error) {
	blocks, err := turn(m)
	if err != nil {
		return nil, err
	}
	if len(blocks) == 0 {
		return nil, errors.New("message has no content to give back")
	}
	return &gen.BetaAssistantMessageParam{Content: blocks}, nil
}

// turn returns the blocks of a message in their input form. The contract gives both forms the same names, so that JSON
// is the way from one to the other: what only the answer has is skipped like any unknown property.
func turn(m *client.Message) (gen.BetaMessageContentBlocks, error) {
	if m == nil {
		return nil, errNoMessage
	}
	data, err := (&gen.BetaMessage{Content: m.Content}).AppendJSON(nil)
	if err != nil {
		return nil, fmt.Errorf("message cannot be given back: %w", err)
	}
	var input gen.BetaAssistantMessageParam
	if err := input.UnmarshalJSON(data); err != nil {
		return nil, fmt.Errorf("message cannot be given back: %w", err)
	}
	converted, _ := input.Content.(gen.BetaMessageContentBlocks)
	blocks := make(gen.BetaMessageContentBlocks, 0, len(converted))
	mark := lastFallback(m)
	answered := resultIDs(data)
	for i, b := range converted {
		if u, ok := m.Content[i].(*gen.Unknown); ok && u != nil {
			b = &gen.Unknown{Type: u.Type, Raw: u.Raw.Clone()} // also where an input form has its name
		}
		if b != nil && !refused(b) && (i > mark || !refusedBeforeFallback(b, answered)) {
			blocks = append(blocks, b)
		}
	}
	for len(blocks) > 0 && isThinking(blocks[len(blocks)-1]) {
		blocks = blocks[:len(blocks)-1]
	}
	return blocks, nil
}

func isThinking(b gen.BetaContentBlockParam) bool {
	switch b.(type) {
	case *gen.BetaThinkingBlockParam, *gen.BetaRedactedThinkingBlockParam:
		return true
	}
	return false
}

// refused reports whether the service takes a block in no request.
func refused(b gen.BetaContentBlockParam) bool {
	switch b := b.(type) {
	case *gen.BetaTextBlockParam:
		return strings.TrimSpace(b.Text) == ""
	case *gen.BetaThinkingBlockParam:
		return b.Signature == ""
	}
	return false
}

// lastFallback returns the index of the last mark of a fallback, or -1. What stands before it is another model's, which
// declined to go on.
func lastFallback(m *client.Message) int {
	for i, b := range slices.Backward(m.Content) {
		if _, ok := b.(*gen.BetaFallbackBlock); ok {
			return i
		}
	}
	return -1
}

// refusedBeforeFallback reports whether the service refuses a block that stands before a mark of a fallback.
func refusedBeforeFallback(b gen.BetaContentBlockParam, answered map[string]bool) bool {
	switch b := b.(type) {
	case *gen.BetaToolUseBlockParam:
		return true
	case *gen.BetaServerToolUseBlockParam:
		return !answered[b.ID]
	case *gen.BetaMCPToolUseBlockParam:
		return !answered[b.ID]
	}
	return isThinking(b)
}

// resultIDs returns the ids of the calls that have a result among the blocks of a message, whatever the result's type
// is.
func resultIDs(message []byte) map[string]bool {
	var m struct {
		Content []struct {
			ToolUseID string `json:"tool_use_id"`
		} `json:"content"`
	}
	_ = json.Unmarshal(message, &m) // what does not fit is no result
	ids := make(map[string]bool)
	for _, b := range m.Content {
		ids[b.ToolUseID] = true
	}
	return ids
}
