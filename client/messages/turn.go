package messages

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
)

// AssistantTurn returns a received message as the assistant's message of a later request. Each block takes its input form
// and keeps all that the input form has: signatures, encrypted content, the bytes of a tool's input. A *gen.Unknown goes
// back as it came.
//
// What the service would refuse is left out: texts without anything but white space, thinking without a signature, the
// file ids of citations, and, before the last mark of a fallback, what the contract says of it (thinking, calls of your
// tools, calls of server tools that have no result). A property that is newer than the contract is not in m, and so not in
// the turn.
//
// The stop reason does not matter here, as it does to [Continue]. The error says that m is nil, that nothing of it is left,
// or that it holds what cannot be written as JSON, which only happens to messages that did not come from the service.
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

// turn returns the blocks of a message in their input form. The contract gives both forms the same names, so that JSON is
// the way from one to the other: what only the answer has is skipped like any unknown property.
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
	for i, b := range converted {
		if u, ok := m.Content[i].(*gen.Unknown); ok && u != nil {
			b = u // also where an input form has its name
		}
		if b != nil && !refused(b) && (i > mark || !refusedBeforeFallback(b, converted)) {
			blocks = append(blocks, b)
		}
	}
	return blocks, nil
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
func refusedBeforeFallback(b gen.BetaContentBlockParam, all gen.BetaMessageContentBlocks) bool {
	switch b := b.(type) {
	case *gen.BetaThinkingBlockParam, *gen.BetaRedactedThinkingBlockParam, *gen.BetaToolUseBlockParam:
		return true
	case *gen.BetaServerToolUseBlockParam:
		return !hasResult(b.ID, all)
	case *gen.BetaMCPToolUseBlockParam:
		return !hasResult(b.ID, all)
	}
	return false
}

// hasResult reports whether there is a result of a call that the service makes.
func hasResult(id string, blocks gen.BetaMessageContentBlocks) bool {
	return slices.ContainsFunc(blocks, func(b gen.BetaContentBlockParam) bool {
		switch b := b.(type) {
		case *gen.BetaWebSearchToolResultBlockParam:
			return b.ToolUseID == id
		case *gen.BetaWebFetchToolResultBlockParam:
			return b.ToolUseID == id
		case *gen.BetaAdvisorToolResultBlockParam:
			return b.ToolUseID == id
		case *gen.BetaCodeExecutionToolResultBlockParam:
			return b.ToolUseID == id
		case *gen.BetaBashCodeExecutionToolResultBlockParam:
			return b.ToolUseID == id
		case *gen.BetaTextEditorCodeExecutionToolResultBlockParam:
			return b.ToolUseID == id
		case *gen.BetaToolSearchToolResultBlockParam:
			return b.ToolUseID == id
		case *gen.BetaRequestMCPToolResultBlockParam:
			return b.ToolUseID == id
		}
		return false
	})
}
