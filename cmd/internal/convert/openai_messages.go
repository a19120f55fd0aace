package convert

import (
	"encoding/base64"
	"mime"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/messages"
)

// messages converts the conversation. Tool results and the user message that follows them become one user message.
func (l *openAILine) messages(v jsontext.Value) {
	const place = "body.messages"
	list, err := elements(v)
	if err != nil {
		l.refuse(place, "not an array")
		return
	}
	var system []*client.TextBlockParam
	var results client.ContentBlocks // tool results, for the next user message
	finish := func() {
		if len(results) > 0 {
			l.params.Messages = append(l.params.Messages, &client.UserMessage{Content: results})
			results = nil
		}
	}
	for _, e := range list {
		m := l.object(place+"[*]", e)
		role, _ := text(get(m, "role"))
		known := []string{"role", "content"}
		switch role {
		case "system", "developer":
			if len(l.params.Messages)+len(results) > 0 {
				l.change(place+"[*]", "a system message inside the conversation is moved to the system prompt")
			}
			system = append(system, l.texts(place+"[*].content", get(m, "content"))...)
		case "user":
			content := l.content(get(m, "content"))
			if len(results) > 0 {
				blocks, isList := content.(client.ContentBlocks)
				if s, ok := content.(client.TextContent); ok && !isList {
					blocks = client.ContentBlocks{messages.TextBlock(string(s))}
				}
				results = append(results, blocks...)
				finish()
				break
			}
			l.params.Messages = append(l.params.Messages, &client.UserMessage{Content: content})
		case "assistant":
			finish()
			known = append(known, "refusal", "tool_calls", "annotations", "audio", "function_call")
			l.assistant(m)
		case "tool":
			known = append(known, "tool_call_id")
			results = append(results, l.toolResult(m))
		case "function":
			l.refuse(place+"[*]", "the role function is deprecated and not converted: use tools")
		default:
			l.refuse(place+"[*].role", "unknown role")
		}
		l.others(place+"[*]", m, known...)
	}
	finish()
	switch len(system) {
	case 0:
	case 1:
		l.params.System = client.TextContent(system[0].Text)
	default:
		l.params.System = messages.System(system...)
	}
	if len(l.params.Messages) == 0 && !l.refused {
		l.refuse(place, "there are only system messages")
	}
}

// texts converts content that must be text.
func (l *openAILine) texts(place string, v jsontext.Value) (blocks []*client.TextBlockParam) {
	add := func(s string) {
		switch {
		case strings.TrimSpace(s) != "":
			blocks = append(blocks, messages.TextBlock(s))
		case s != "":
			l.drop(place, "a text of only white space, which is not allowed here")
		}
	}
	if s, ok := text(v); ok {
		add(s)
		return blocks
	}
	list, err := elements(v)
	if err != nil {
		l.refuse(place, "neither a string nor an array")
		return nil
	}
	for _, e := range list {
		part := l.object(place+"[*]", e)
		switch kind, _ := text(get(part, "type")); kind {
		case "text":
			l.others(place+"[*]", part, "type", "text")
			add(l.string(place+"[*].text", get(part, "text")))
		case "refusal":
			l.change(place+"[*]", "a refusal of the assistant becomes text")
			add(l.string(place+"[*].refusal", get(part, "refusal")))
		default:
			l.refuse(place+"[*].type", "not text")
		}
	}
	return blocks
}

// content converts the content of a user message.
func (l *openAILine) content(v jsontext.Value) client.MessageContent {
	const place = "body.messages[*].content"
	if s, ok := text(v); ok {
		if strings.TrimSpace(s) == "" {
			l.refuse(place, "an empty user message is not allowed here")
		}
		return client.TextContent(s)
	}
	list, err := elements(v)
	if err != nil {
		l.refuse(place, "neither a string nor an array")
	}
	var blocks client.ContentBlocks
	for _, e := range list {
		part := l.object(place+"[*]", e)
		kind, _ := text(get(part, "type"))
		switch kind {
		case "text":
			if s := l.string(place+"[*].text", get(part, "text")); strings.TrimSpace(s) != "" {
				blocks = append(blocks, messages.TextBlock(s))
			} else if !l.refused {
				l.drop(place+"[*]", "a text of only white space, which is not allowed here")
			}
		case "image_url":
			if b := l.image(get(part, "image_url")); b != nil {
				blocks = append(blocks, b)
			}
		case "file":
			if b := l.file(get(part, "file")); b != nil {
				blocks = append(blocks, b)
			}
		case "input_audio":
			l.refuse(place+"[*].input_audio", "audio is not supported")
		default:
			l.refuse(place+"[*].type", "unknown type")
		}
		l.others(place+"[*]", part, "type", kind)
	}
	if len(blocks) == 0 && !l.refused {
		l.refuse(place, "an empty user message is not allowed here")
	}
	return blocks
}

// image converts an image in the request or at a URL.
func (l *openAILine) image(v jsontext.Value) client.ContentBlockParam {
	const place = "body.messages[*].content[*].image_url"
	url, ok := text(v)
	if !ok {
		list := l.object(place, v)
		url = l.string(place+".url", get(list, "url"))
		l.others(place, list, "url", "detail")
		if detail, _ := text(get(list, "detail")); detail != "" && detail != "auto" {
			l.drop(place+".detail", "it has no counterpart: the tokens of an image depend on its size")
		}
	}
	if strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://") {
		return messages.ImageURL(url)
	}
	data, declared, ok := dataURL(url)
	if !ok {
		l.refuse(place, "neither a base64 data URL nor an http URL")
		return nil
	}
	image, err := messages.Image(data)
	if err != nil {
		l.refuse(place, err.Error())
		return nil
	}
	if source, ok := image.Source.(*client.Base64ImageSource); ok && string(source.MediaType) != declared {
		l.change(place, "the media type does not match the bytes, whose type is used")
	}
	return image
}

// file converts a document in the request.
func (l *openAILine) file(v jsontext.Value) client.ContentBlockParam {
	const place = "body.messages[*].content[*].file"
	list := l.object(place, v)
	if get(list, "file_id") != nil {
		l.refuse(place+".file_id", "the file is not on this service: put its data into the request, or upload it with the Files API")
		return nil
	}
	l.others(place, list, "file_data", "filename")
	data, _, ok := dataURL(l.string(place+".file_data", get(list, "file_data")))
	if !ok {
		l.refuse(place+".file_data", "not a base64 data URL")
		return nil
	}
	document, err := messages.Document(data)
	if err != nil {
		l.refuse(place, err.Error())
		return nil
	}
	document.Title, _ = text(get(list, "filename"))
	return document
}

// dataURL returns the bytes and the media type of a base64 data URL.
func dataURL(url string) (data []byte, media string, ok bool) {
	rest, ok := strings.CutPrefix(url, "data:")
	if !ok {
		return nil, "", false
	}
	head, encoded, ok := strings.Cut(rest, ",")
	head, isBase64 := strings.CutSuffix(head, ";base64")
	if !ok || !isBase64 {
		return nil, "", false
	}
	data, err := base64.StdEncoding.DecodeString(strings.TrimRight(encoded, " \t\r\n"))
	if err != nil {
		data, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, " \t\r\n="))
	}
	media, _, mediaErr := mime.ParseMediaType(head)
	if mediaErr != nil {
		media = head
	}
	return data, media, err == nil
}

// assistant converts an assistant message.
func (l *openAILine) assistant(m []member) {
	const place = "body.messages[*]"
	var blocks client.ContentBlocks
	if v := get(m, "content"); v != nil && v.Kind() != 'n' {
		for _, b := range l.texts(place+".content", v) {
			blocks = append(blocks, b)
		}
	}
	if v := get(m, "refusal"); v != nil && v.Kind() != 'n' {
		l.change(place+".refusal", "a refusal of the assistant becomes text")
		blocks = append(blocks, messages.TextBlock(l.string(place+".refusal", v)))
	}
	if v := get(m, "tool_calls"); v != nil && v.Kind() != 'n' {
		blocks = append(blocks, l.toolCalls(v)...)
	}
	for _, name := range []string{"audio", "function_call"} {
		if v := get(m, name); v != nil && v.Kind() != 'n' {
			l.refuse(place+"."+name, "it cannot be converted")
		}
	}
	if v := get(m, "annotations"); v != nil && v.Kind() != 'n' && string(v) != "[]" {
		l.drop(place+".annotations", noCounterpart)
	}
	switch {
	case len(blocks) == 0 && !l.refused:
		l.drop(place, "an empty assistant message is not allowed here")
	case len(blocks) == 1:
		if b, ok := blocks[0].(*client.TextBlockParam); ok {
			l.params.Messages = append(l.params.Messages, client.AssistantText(b.Text))
			return
		}
		fallthrough
	default:
		if len(blocks) > 0 {
			l.params.Messages = append(l.params.Messages, &client.AssistantMessage{Content: blocks})
		}
	}
}

// toolResult converts a tool message.
func (l *openAILine) toolResult(m []member) client.ContentBlockParam {
	const place = "body.messages[*]"
	r := &client.ToolResultBlockParam{ToolUseID: l.string(place+".tool_call_id", get(m, "tool_call_id"))}
	switch blocks := l.texts(place+".content", get(m, "content")); len(blocks) {
	case 0:
	case 1:
		r.Content = client.TextContent(blocks[0].Text)
	default:
		var list client.ToolResultContentBlocks
		for _, b := range blocks {
			list = append(list, b)
		}
		r.Content = list
	}
	return r
}
