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
	"github.com/seed-111a911e/messagebatches/internal/foreign"
)

// Continue returns the parameters of the next request of a conversation: p, the parameters of the request that received
// m, with m as the assistant's turn and blocks, if there are any, as the user message after it. Blocks must begin with
// the results of m's tool calls, one for each of m.ToolUses(); other blocks may follow.
//
// What is needed depends on how m ended (see [client.StopError]):
//   - complete: blocks are the user's reply, and there must be at least one.
//   - [client.ErrToolUse]: blocks are the results. Calls of server tools without a result run in the next request, and
//     then no blocks may follow the results.
//   - [client.ErrPaused]: blocks must be empty if a call of a server tool has no result yet, and may be empty otherwise.
//     The model continues its turn.
//   - [client.ErrTruncated]: blocks may ask to continue. Without blocks the model continues the text, which newer models
//     refuse. If m ends in a tool call, Continue returns an error of this kind: resend p with a larger MaxTokens.
//   - [client.ErrRefused]: Continue returns an error of this kind. The next message would be refused too: remove or change
//     what was refused.
//
// The next request uses the container of m, with the files of its tools. A message without content is omitted, because
// the service refuses an empty turn. The message of a request for a summary (Params.Compaction) replaces the messages
// that it summarizes. Everything else stays, including a ToolChoice that forces a call.
//
// Continue does not change p or its slices. Values that p points to are shared.
func Continue(p client.Params, m *client.Message, blocks ...client.ContentBlockParam) (client.Params, error) {
	if err := continuable(m, blocks); err != nil {
		return client.Params{}, fmt.Errorf("continue: %w", err)
	}
	assistant, withResult, err := turn(m)
	if err == nil {
		err = checkPending(assistant, withResult, blocks)
	}
	if err != nil {
		return client.Params{}, fmt.Errorf("continue: %w", err)
	}
	if p.Compaction != nil {
		if !isSummary(assistant) {
			return client.Params{}, errors.New("continue: the message is not a summary and cannot replace the messages before it")
		}
		p.Compaction, p.Messages = nil, nil
	}
	if len(blocks) == 0 {
		if len(assistant) == 0 {
			return client.Params{}, errors.New("continue: the message has no content, and there are no blocks")
		}
		trimEnd(assistant)
	}
	p.Messages = slices.Clone(p.Messages)
	if len(assistant) > 0 {
		p.Messages = append(p.Messages, &client.AssistantMessage{Content: assistant})
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

// continuable returns the reason why the service would refuse to continue m with blocks, if any.
func continuable(m *client.Message, blocks []client.ContentBlockParam) error {
	switch err := m.Err(); {
	case err == nil:
		if len(blocks) == 0 {
			return errors.New("message is complete: at least one block is needed as a reply")
		}
	case errors.Is(err, client.ErrRefused):
		return err
	case errors.Is(err, client.ErrTruncated) && endsInCall(m):
		return fmt.Errorf("%w in the middle of a tool call", err)
	case m == nil:
		return err
	}
	return checkResults(m.ToolUses(), blocks)
}

// endsInCall reports whether the last block of m is a tool call.
func endsInCall(m *client.Message) bool {
	if len(m.Content) == 0 {
		return false
	}
	switch m.Content[len(m.Content)-1].(type) {
	case *client.ToolUseBlock, *client.ServerToolUseBlock, *gen.BetaMCPToolUseBlock:
		return true
	}
	return false
}

// checkResults checks that each call has one result, that each result has a call, and that results come first.
func checkResults(uses []*client.ToolUseBlock, blocks []client.ContentBlockParam) error {
	waiting := make(map[string]*client.ToolUseBlock)
	for _, use := range uses {
		waiting[use.ID] = use
	}
	for i, b := range blocks {
		if v := reflect.ValueOf(b); !v.IsValid() || v.IsNil() { // all members are pointers
			return fmt.Errorf("block %d is nil", i)
		}
		result, ok := b.(*client.ToolResultBlockParam)
		if !ok {
			continue
		}
		use, ok := waiting[result.ToolUseID]
		if !ok {
			return fmt.Errorf("result of tool use %.70q: the message has no such call, or this is its second result", result.ToolUseID)
		}
		if i > 0 && blocks[i-1].Discriminator() != result.Discriminator() {
			return fmt.Errorf("result of tool use %.70q: results must come before all other blocks", result.ToolUseID)
		}
		if result.ToolsetName != use.ToolsetName {
			return fmt.Errorf("result of tool use %.70q must have the ToolsetName of the call (ToolResult copies it)", result.ToolUseID)
		}
		delete(waiting, result.ToolUseID)
	}
	for _, use := range uses {
		if _, ok := waiting[use.ID]; ok {
			return fmt.Errorf("tool use %.70q (%s) has no result among the blocks", use.ID, foreign.Short(use.Name))
		}
	}
	return nil
}

// checkPending returns an error if blocks that are not results would end a turn while a server tool that the model called
// directly has yet to run.
func checkPending(assistant client.ContentBlocks, withResult map[string]bool, blocks []client.ContentBlockParam) error {
	isOther := func(b client.ContentBlockParam) bool { _, ok := b.(*client.ToolResultBlockParam); return !ok }
	i := slices.IndexFunc(blocks, isOther)
	if i < 0 {
		return nil
	}
	for _, b := range assistant {
		var id, name string
		switch b := b.(type) {
		case *gen.BetaServerToolUseBlockParam:
			if _, direct := b.Caller.(*gen.BetaDirectCaller); b.Caller != nil && !direct {
				continue // within code execution
			}
			id, name = b.ID, string(b.Name)
		case *gen.BetaMCPToolUseBlockParam:
			id, name = b.ID, b.Name
		default:
			continue
		}
		if !withResult[id] {
			return fmt.Errorf("block %d (%s) ends the turn, but server tool use %.70q (%s) has no result yet: send only the results of your own tools, and the other blocks in the request after it",
				i, blocks[i].Discriminator(), id, foreign.Short(name))
		}
	}
	return nil
}

// isSummary reports whether a turn is a summary of the conversation. If the service failed to write one, the block has no
// content.
func isSummary(blocks client.ContentBlocks) bool {
	if len(blocks) != 1 {
		return false
	}
	b, ok := blocks[0].(*gen.BetaCompactionBlockParam)
	return ok && b.Content != ""
}

// trimEnd removes white space from the end of a turn: the service refuses it at the end of a request.
func trimEnd(blocks client.ContentBlocks) {
	if b, ok := blocks[len(blocks)-1].(*client.TextBlockParam); ok {
		b.Text = strings.TrimRightFunc(b.Text, unicode.IsSpace)
	}
}

// withID returns the container with this ID, and with the skills of c.
func withID(c gen.BetaRequestContainer, id string) gen.BetaRequestContainer {
	switch c := c.(type) {
	case *gen.BetaContainerParams:
		if c != nil {
			return &gen.BetaContainerParams{ID: id, Skills: c.Skills}
		}
	case *client.Unknown:
		return c // newer than this version: keep it
	}
	return gen.BetaContainerID(id)
}

// ToolResult returns the result of a tool call: a text, blocks such as images, or both, with the text first. If text is
// empty and there are no blocks, the result has no content.
func ToolResult(use *client.ToolUseBlock, text string, blocks ...client.ToolResultContentBlock) *client.ToolResultBlockParam {
	result := &client.ToolResultBlockParam{ToolUseID: use.ID, ToolsetName: use.ToolsetName}
	switch {
	case len(blocks) > 0 && text != "":
		result.Content = client.ToolResultContentBlocks(slices.Concat([]client.ToolResultContentBlock{TextBlock(text)}, blocks))
	case len(blocks) > 0:
		result.Content = client.ToolResultContentBlocks(slices.Clone(blocks))
	case text != "":
		result.Content = client.TextContent(text)
	}
	return result
}

// ToolError returns the result of a failed tool call. The model reads text: say what went wrong and how to correct it.
func ToolError(use *client.ToolUseBlock, text string) *client.ToolResultBlockParam {
	result := ToolResult(use, text)
	result.IsError = true
	return result
}
