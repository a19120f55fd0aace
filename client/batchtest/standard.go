package batchtest

import (
	"slices"
	"strings"
	"unicode"

	"github.com/seed-111a911e/messagebatches/gen"
)

// standard answers requests without an answer of the test. Its random choices depend on the seed.
//
// A request with client tools gets a call to one of them, unless its last message has tool results. A request with an
// output schema gets JSON that fits. All others get a text. Messages longer than max_tokens are truncated.
func standard(seed uint64) Answer {
	return func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
		if tool := toolToCall(&r.Params, seed); tool != nil {
			return toolCall(tool, r.CustomID, seed)(r)
		}
		text := "You said: " + lastWords(r.Params.Messages)
		if schema := outputSchema(&r.Params); schema != nil {
			if value, ok := fit(schema, seed); ok {
				text = string(value)
			}
		}
		if words := strings.Fields(text); int64(len(words)) > max(r.Params.MaxTokens-2, 1) {
			return Truncated(strings.Join(words[:max(r.Params.MaxTokens-2, 1)], " "))(r)
		}
		return Text(text)(r)
	}
}

// ToolCall succeeds with a call to the request's tool with this name, whose input fits the tool's schema. A request
// without such a tool is errored.
func ToolCall(name string) Answer {
	return func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
		for _, t := range tools(&r.Params) {
			if t.Name == name {
				return toolCall(t, r.CustomID, number(r.CustomID))(r)
			}
		}
		return errored(&gen.BetaInvalidRequestError{Message: "tools: there is no tool " + name})
	}
}

func toolCall(t *gen.BetaTool, customID string, seed uint64) Answer {
	input, ok := fit(t.InputSchema, seed)
	if !ok {
		input = []byte("{}")
	}
	return Message(gen.BetaMessage{
		Content:    []gen.BetaContentBlock{&gen.BetaToolUseBlock{ID: "toolu_" + customID, Name: t.Name, Input: input}},
		StopReason: gen.BetaMessageStopReasonToolUse,
	})
}

// toolToCall returns the tool that the message will call, or nil.
func toolToCall(p *gen.BetaCreateMessageParams, seed uint64) *gen.BetaTool {
	all := tools(p)
	if len(all) == 0 {
		return nil
	}
	drawn := all[seed%uint64(len(all))]
	switch choice := p.ToolChoice.(type) {
	case *gen.BetaToolChoiceTool:
		for _, t := range all {
			if t.Name == choice.Name {
				return t
			}
		}
		return nil
	case *gen.BetaToolChoiceAny:
		return drawn
	case *gen.BetaToolChoiceNone:
		return nil
	}
	if endsWithToolResult(p.Messages) {
		return nil
	}
	return drawn
}

// tools returns the client tools: those that the caller runs.
func tools(p *gen.BetaCreateMessageParams) (tools []*gen.BetaTool) {
	for _, t := range p.Tools {
		if t, ok := t.(*gen.BetaTool); ok {
			tools = append(tools, t)
		}
	}
	return tools
}

func endsWithToolResult(messages []gen.BetaMessageParam) bool {
	if len(messages) == 0 {
		return false
	}
	user, ok := messages[len(messages)-1].(*gen.BetaUserMessageParam)
	if !ok {
		return false
	}
	blocks, _ := user.Content.(gen.BetaMessageContentBlocks)
	for _, b := range blocks {
		if _, ok := b.(*gen.BetaToolResultBlockParam); ok {
			return true
		}
	}
	return false
}

// outputSchema returns the schema of a structured output, or nil.
func outputSchema(p *gen.BetaCreateMessageParams) []byte {
	switch {
	case p.OutputConfig != nil && p.OutputConfig.Format != nil:
		return p.OutputConfig.Format.Schema
	case p.OutputFormat != nil: //nolint:staticcheck // programs may still send it
		return p.OutputFormat.Schema //nolint:staticcheck // likewise
	}
	return nil
}

// lastWords returns the last words of the user.
func lastWords(messages []gen.BetaMessageParam) string {
	var words []string // the last one first
	add := func(text string) {
		for text = strings.TrimSpace(text); text != "" && len(words) < 12; {
			rest := strings.TrimRightFunc(text, func(r rune) bool { return !unicode.IsSpace(r) })
			words = append(words, text[len(rest):])
			text = strings.TrimSpace(rest)
		}
	}
	for _, m := range slices.Backward(messages) {
		if user, ok := m.(*gen.BetaUserMessageParam); ok {
			switch content := user.Content.(type) {
			case gen.BetaTextContent:
				add(string(content))
			case gen.BetaMessageContentBlocks:
				for _, b := range slices.Backward(content) {
					if text, ok := b.(*gen.BetaTextBlockParam); ok {
						add(text.Text)
					}
				}
			}
		}
	}
	slices.Reverse(words)
	return strings.Join(words, " ")
}
