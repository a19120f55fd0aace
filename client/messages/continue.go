package messages

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
)

// Continue returns the parameters of the request that goes on from a message: those of the request that m answers, with
// m as the assistant's turn, and blocks, if there are any, as the user's message after it. What comes first among the
// blocks is the results of m's tool calls, one for each of [ToolUses]; texts and more may follow.
//
// By how the message ended:
//   - complete: blocks hold what the user says to it.
//   - calls tools: blocks hold the results. Calls of the service's own tools without a result run with the next request.
//   - paused: no blocks are needed. The model goes on with its turn.
//   - cut: blocks may ask to go on. Without blocks the model goes on where it was cut, which newer models refuse.
//   - cut in a tool call: an error of kind [ErrCut]. The call lacks its end: send p again with a larger MaxTokens.
//   - refused: an error of kind [ErrRefused]. The next answer would be refused too: take out or change what was refused.
//
// The container that m's tools ran in is used again, so that what they left there is found and code that calls your
// tools goes on. A message without any content is left out, since the service takes no empty turn. The answer to a
// request for a summary (Params.Compaction) replaces the messages that it sums up. All else stays: think of a ToolChoice
// that forces a call.
//
// p is not changed, nor are its slices; what it points to is shared.
func Continue(p client.Params, m *client.Message, blocks ...gen.BetaContentBlockParam) (client.Params, error) {
	if err := continuable(m, blocks); err != nil {
		return client.Params{}, fmt.Errorf("continue: %w", err)
	}
	assistant, err := turn(m)
	if err != nil {
		return client.Params{}, fmt.Errorf("continue: %w", err)
	}
	if p.Compaction != nil {
		if !isSummary(assistant) {
			return client.Params{}, errors.New("continue: the message holds no summary, so it cannot replace the messages before it")
		}
		p.Compaction, p.Messages = nil, nil
	}
	if len(blocks) == 0 {
		if len(assistant) == 0 {
			return client.Params{}, errors.New("continue: there is neither content in the message nor a block")
		}
		trimEnd(assistant)
	}
	p.Messages = slices.Clone(p.Messages)
	if len(assistant) > 0 {
		p.Messages = append(p.Messages, &gen.BetaAssistantMessageParam{Content: assistant})
	}
	if len(blocks) > 0 {
		p.Messages = append(p.Messages, User(blocks...))
	}
	p.MCPServers = slices.Clone(p.MCPServers)
	p.StopSequences = slices.Clone(p.StopSequences)
	p.Tools = slices.Clone(p.Tools)
	p.Extra = maps.Clone(p.Extra)
	if m.Container != nil && m.Container.ID != "" {
		p.Container = withID(p.Container, m.Container.ID)
	}
	return p, nil
}

// continuable returns why the service would refuse to go on from a message with blocks.
func continuable(m *client.Message, blocks []gen.BetaContentBlockParam) error {
	switch OutcomeOf(m) {
	case OutcomeRefused:
		return Err(m)
	case OutcomeCut:
		if endsInCall(m) {
			return fmt.Errorf("%w in the middle of a tool call", Err(m))
		}
	case OutcomeComplete:
		if len(blocks) == 0 {
			return errors.New("message is complete, and there is no block that says something to it")
		}
	}
	return checkResults(ToolUses(m), blocks)
}

// endsInCall reports whether the last block of a message is a call.
func endsInCall(m *client.Message) bool {
	if len(m.Content) == 0 {
		return false
	}
	switch m.Content[len(m.Content)-1].(type) {
	case *gen.BetaToolUseBlock, *gen.BetaServerToolUseBlock, *gen.BetaMCPToolUseBlock:
		return true
	}
	return false
}

// checkResults checks that each call has one result, each result a call, and that nothing stands before a result.
func checkResults(uses []*gen.BetaToolUseBlock, blocks []gen.BetaContentBlockParam) error {
	waiting := make(map[string]string) // tools by the id of the call
	for _, use := range uses {
		waiting[use.ID] = use.Name
	}
	for i, b := range blocks {
		if v := reflect.ValueOf(b); !v.IsValid() || v.IsNil() { // all members are pointers
			return fmt.Errorf("block %d is nil", i)
		}
		result, ok := b.(*gen.BetaToolResultBlockParam)
		if !ok {
			continue
		}
		if _, ok := waiting[result.ToolUseID]; !ok {
			return fmt.Errorf("result of tool use %q: the message has no such call, or the result comes twice", result.ToolUseID)
		}
		if i > 0 && blocks[i-1].Discriminator() != result.Discriminator() {
			return fmt.Errorf("result of tool use %q: results come before all other blocks", result.ToolUseID)
		}
		delete(waiting, result.ToolUseID)
	}
	for _, use := range uses {
		if _, ok := waiting[use.ID]; ok {
			return fmt.Errorf("tool use %q (%s) has no result among the blocks", use.ID, use.Name)
		}
	}
	return nil
}

// isSummary reports whether a turn is the answer to a request for a summary. The service may fail to write one: then the
// block has no content, whatever else it has, and stands for nothing.
func isSummary(blocks gen.BetaMessageContentBlocks) bool {
	if len(blocks) != 1 {
		return false
	}
	b, ok := blocks[0].(*gen.BetaCompactionBlockParam)
	return ok && b.Content != ""
}

// trimEnd takes white space from the end of a turn: the service refuses it in a request that ends there.
func trimEnd(blocks gen.BetaMessageContentBlocks) {
	if b, ok := blocks[len(blocks)-1].(*gen.BetaTextBlockParam); ok {
		b.Text = strings.TrimRightFunc(b.Text, unicode.IsSpace)
	}
}

// withID returns a container with another id and the same skills.
func withID(c gen.BetaRequestContainer, id string) gen.BetaRequestContainer {
	switch c := c.(type) {
	case *gen.BetaContainerParams:
		if c != nil {
			return &gen.BetaContainerParams{ID: id, Skills: c.Skills}
		}
	case *gen.Unknown:
		return c // whatever it is, it was meant
	}
	return gen.BetaContainerID(id)
}

// ToolResult returns the result of a tool call: a text, blocks such as images, or both, the text first. An empty text
// without blocks is a result without content.
func ToolResult(use *gen.BetaToolUseBlock, text string, blocks ...gen.BetaToolResultContentBlock) *gen.BetaToolResultBlockParam {
	result := &gen.BetaToolResultBlockParam{ToolUseID: use.ID, ToolsetName: use.ToolsetName}
	switch {
	case len(blocks) > 0 && text != "":
		result.Content = gen.BetaToolResultContentBlocks(slices.Concat([]gen.BetaToolResultContentBlock{TextBlock(text)}, blocks))
	case len(blocks) > 0:
		result.Content = gen.BetaToolResultContentBlocks(slices.Clone(blocks))
	case text != "":
		result.Content = gen.BetaTextContent(text)
	}
	return result
}

// ToolError returns the result of a tool call that failed. The model reads the text: say what went wrong and what to do
// about it.
func ToolError(use *gen.BetaToolUseBlock, text string) *gen.BetaToolResultBlockParam {
	result := ToolResult(use, text)
	result.IsError = true
	return result
}
