package convert

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client"
)

// tools converts the tools.
func (l *openAILine) tools(v jsontext.Value) {
	list, err := elements(v)
	if err != nil {
		l.refuse("body.tools", "not an array")
		return
	}
	const place = "body.tools[*]"
	for _, e := range list {
		tool := l.object(place, e)
		if kind, _ := text(get(tool, "type")); kind != "function" {
			l.refuse(place, "only tools of type function are converted")
			continue
		}
		l.others(place, tool, "type", "function")
		f := l.object(place+".function", get(tool, "function"))
		l.others(place+".function", f, "name", "description", "parameters", "strict")
		t := &client.Tool{Name: l.string(place+".function.name", get(f, "name")), InputSchema: client.Schema(`{"type":"object","properties":{}}`)}
		if d := get(f, "description"); d != nil && d.Kind() != 'n' {
			t.Description = l.string(place+".function.description", d)
		}
		switch p := get(f, "parameters"); {
		case p.Kind() == '{':
			t.InputSchema = p
		case p != nil && p.Kind() != 'n':
			l.refuse(place+".function.parameters", "not an object")
		}
		t.Strict = string(get(f, "strict")) == "true"
		l.params.Tools = append(l.params.Tools, t)
	}
}

// toolChoice converts the tool choice.
func (l *openAILine) toolChoice(v jsontext.Value) {
	const place = "body.tool_choice"
	if name, ok := text(v); ok {
		switch name {
		case "auto":
			l.params.ToolChoice = new(client.ToolChoiceAuto)
		case "none":
			l.params.ToolChoice = new(client.ToolChoiceNone)
		case "required":
			l.params.ToolChoice = new(client.ToolChoiceAny)
		default:
			l.refuse(place, "unknown tool choice")
		}
		return
	}
	list := l.object(place, v)
	if kind, _ := text(get(list, "type")); kind != "function" {
		l.refuse(place, "only the choice of a function is converted")
		return
	}
	l.others(place, list, "type", "function")
	f := l.object(place+".function", get(list, "function"))
	l.others(place+".function", f, "name")
	l.params.ToolChoice = &client.ToolChoiceTool{Name: l.string(place+".function.name", get(f, "name"))}
}

// finishTools sets what depends on both the tools and the tool choice.
func (l *openAILine) finishTools() {
	p := &l.params
	if len(p.Tools) == 0 {
		if p.ToolChoice != nil {
			l.drop("body.tool_choice", "there are no tools")
			p.ToolChoice = nil
		}
		return
	}
	if !l.parallel {
		return
	}
	switch c := p.ToolChoice.(type) {
	case nil:
		p.ToolChoice = &client.ToolChoiceAuto{DisableParallelToolUse: true}
	case *client.ToolChoiceAuto:
		c.DisableParallelToolUse = true
	case *client.ToolChoiceAny:
		c.DisableParallelToolUse = true
	case *client.ToolChoiceTool:
		c.DisableParallelToolUse = true
	}
}

// toolCalls converts the tool calls of an assistant message.
func (l *openAILine) toolCalls(v jsontext.Value) (blocks []client.ContentBlockParam) {
	const place = "body.messages[*].tool_calls"
	list, err := elements(v)
	if err != nil {
		l.refuse(place, "not an array")
		return nil
	}
	for _, e := range list {
		call := l.object(place+"[*]", e)
		if kind, _ := text(get(call, "type")); kind != "function" {
			l.refuse(place+"[*]", "only calls of type function are converted")
			continue
		}
		l.others(place+"[*]", call, "id", "type", "function", "index")
		f := l.object(place+"[*].function", get(call, "function"))
		l.others(place+"[*].function", f, "name", "arguments")
		input := jsontext.Value(l.string(place+"[*].function.arguments", get(f, "arguments")))
		if len(input) == 0 {
			input = jsontext.Value("{}")
		}
		if oneValue(input) != nil || input.Kind() != '{' {
			l.refuse(place+"[*].function.arguments", "not a JSON object")
			continue
		}
		_ = input.Compact() // it is valid JSON
		blocks = append(blocks, &client.ToolUseBlockParam{
			ID: l.string(place+"[*].id", get(call, "id")), Name: l.string(place+"[*].function.name", get(f, "name")), Input: input,
		})
	}
	return blocks
}
