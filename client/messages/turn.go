package messages

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// AssistantTurn converts a received message to an assistant message of a later request. Each block becomes the request
// block of the same type, with signatures, encrypted content and the exact bytes of tool inputs. A [*client.Unknown] is
// kept unchanged.
//
// Blocks that the service would refuse are omitted: texts of only white space, thinking without a signature or at the end
// of the message, and before the last fallback block thinking, calls of your tools and calls of server tools without a
// result. Properties that requests do not have, such as file IDs of citations, and properties that are newer than this
// version are omitted too.
//
// AssistantTurn ignores the stop reason; [Continue] does not. It returns an error if m is nil, if no block is left, or if
// m cannot be encoded as JSON, which does not happen to a message from the service.
func AssistantTurn(m *client.Message) (client.InputMessage, error) {
	blocks, _, err := turn(m)
	if err != nil {
		return nil, err
	}
	if len(blocks) == 0 {
		return nil, errors.New("message has no content for an assistant turn")
	}
	return &client.AssistantMessage{Content: blocks}, nil
}

// turn converts the blocks of a message to blocks of a request, and returns the IDs of calls that have a result among
// them. Both have the same JSON names, so they are encoded and decoded: properties that only responses have are skipped
// as unknown.
func turn(m *client.Message) (blocks client.ContentBlocks, withResult map[string]bool, err error) {
	if m == nil {
		return nil, nil, m.Err()
	}
	data, err := (&client.Message{Content: m.Content}).AppendJSON(nil)
	if err != nil {
		return nil, nil, fmt.Errorf("convert message: %w", err)
	}
	var input client.AssistantMessage
	if err := input.UnmarshalJSON(data); err != nil {
		return nil, nil, fmt.Errorf("convert message: %w", err)
	}
	converted, _ := input.Content.(client.ContentBlocks)
	blocks = make(client.ContentBlocks, 0, len(converted))
	withResult = resultIDs(data)
	declined := false // b comes before a fallback block: its model declined to finish
	for i, b := range slices.Backward(converted) {
		switch received := m.Content[i].(type) {
		case *gen.BetaFallbackBlock:
			declined = true
		case *client.Unknown:
			if received != nil { // it is kept unchanged even if an input block has its name
				b = &client.Unknown{Type: received.Type, Raw: received.Raw.Clone()}
			}
		}
		switch {
		case b == nil || refused(b) || declined && refusedBeforeFallback(b, withResult):
		case len(blocks) == 0 && isThinking(b): // the service refuses thinking at the end
		default:
			blocks = append(blocks, b)
		}
	}
	slices.Reverse(blocks)
	return blocks, withResult, nil
}

func isThinking(b client.ContentBlockParam) bool {
	switch b.(type) {
	case *gen.BetaThinkingBlockParam, *gen.BetaRedactedThinkingBlockParam:
		return true
	}
	return false
}

// refused reports whether the service refuses a block in every request.
func refused(b client.ContentBlockParam) bool {
	switch b := b.(type) {
	case *client.TextBlockParam:
		return strings.TrimSpace(b.Text) == ""
	case *gen.BetaThinkingBlockParam:
		return b.Signature == ""
	}
	return false
}

// refusedBeforeFallback reports whether the service refuses a block before a fallback block.
func refusedBeforeFallback(b client.ContentBlockParam, withResult map[string]bool) bool {
	switch b := b.(type) {
	case *client.ToolUseBlockParam:
		return true
	case *gen.BetaServerToolUseBlockParam:
		return !withResult[b.ID]
	case *gen.BetaMCPToolUseBlockParam:
		return !withResult[b.ID]
	}
	return isThinking(b)
}

// resultIDs returns the IDs of the tool calls that have a result among the blocks of a message, of whatever type the
// result is.
func resultIDs(message []byte) map[string]bool {
	ids := make(map[string]bool)
	_ = wire.Walk(message, func(d *wire.Decoder) { // message was just encoded
		if !d.Object() {
			return
		}
		for name := d.Name(); name != nil; name = d.Name() {
			if string(name) != "content" {
				d.Skip()
				continue
			}
			for list := d.List(); list && d.Next(); d.Skip() {
				if id := d.Tag("tool_use_id"); len(id) > 0 {
					ids[string(id)] = true
				}
			}
		}
	})
	return ids
}
