package preflight

import (
	"fmt"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// nameHints name the equivalents of properties of other APIs, by the component in which they are used and their name.
// The contract names more of them (x-other-properties), without details.
var nameHints = sync.OnceValue(func() map[string]map[string]string {
	return map[string]map[string]string{
		"BetaMessageBatchIndividualRequestParams": {
			"body":       `use "params"`,
			"request":    `use "params"`,
			"modelInput": `use "params"`,
			"recordId":   `use "custom_id"`,
			"id":         `use "custom_id"`,
			"key":        `use "custom_id"`,
			"method":     `remove it: all requests are Messages requests`,
			"url":        `remove it: all requests are Messages requests`,
			"model":      `it belongs into "params"`,
			"max_tokens": `it belongs into "params"`,
			"messages":   `it belongs into "params"`,
			"system":     `it belongs into "params"`,
			"prompt":     `use the list "messages" in "params"`,
		},
		"BetaCreateMessageParams": {
			"prompt":                `use "messages": [{"role": "user", "content": "..."}]`,
			"input":                 `use "messages": [{"role": "user", "content": "..."}]`,
			"contents":              `use "messages": [{"role": "user", "content": "..."}]`,
			"instructions":          `use "system"`,
			"system_prompt":         `use "system"`,
			"systemPrompt":          `use "system"`,
			"system_instruction":    `use "system"`,
			"systemInstruction":     `use "system"`,
			"max_tokens_to_sample":  `use "max_tokens"`,
			"max_completion_tokens": `use "max_tokens"`,
			"max_output_tokens":     `use "max_tokens"`,
			"maxOutputTokens":       `use "max_tokens"`,
			"max_new_tokens":        `use "max_tokens"`,
			"stop":                  `use "stop_sequences", a list of strings`,
			"functions":             `use "tools", each with "name", "description" and "input_schema"`,
			"function_call":         `use "tool_choice", such as {"type": "tool", "name": "..."}`,
			"tool_config":           `use "tool_choice"`,
			"toolConfig":            `use "tools" and "tool_choice"`,
			"parallel_tool_calls":   `use "tool_choice" with "disable_parallel_tool_use"`,
			"response_format":       `use "output_config": {"format": {"type": "json_schema", "schema": {...}}}`,
			"response_schema":       `use "output_config": {"format": {"type": "json_schema", "schema": {...}}}`,
			"reasoning_effort":      `use "output_config" with "effort", or "thinking"`,
			"reasoning":             `use "output_config" with "effort", or "thinking"`,
			"verbosity":             `it has no equivalent, ask for it in "system"`,
			"user":                  `use "metadata" with "user_id"`,
			"generation_config":     `its parameters are beside "messages": "max_tokens", "temperature", "top_p"`,
			"generationConfig":      `its parameters are beside "messages": "max_tokens", "temperature", "top_p"`,
			"inferenceConfig":       `its parameters are beside "messages": "max_tokens", "temperature", "top_p"`,
			"n":                     `send the request several times, each with its own "custom_id"`,
			"candidateCount":        `send the request several times, each with its own "custom_id"`,
			"seed":                  `it has no equivalent, results vary`,
			"logit_bias":            `it has no equivalent`,
			"logprobs":              `it has no equivalent`,
			"top_logprobs":          `it has no equivalent`,
			"presence_penalty":      `it has no equivalent`,
			"frequency_penalty":     `it has no equivalent`,
			"repetition_penalty":    `it has no equivalent`,
			"safety_settings":       `it has no equivalent`,
			"safetySettings":        `it has no equivalent`,
			"modalities":            `it has no equivalent`,
			"stream_options":        `remove it: batches are not streamed`,
			"anthropic_version":     `remove it: the version is a header of the create call`,
			"anthropic_beta":        `remove it: betas are a header of the create call`,
			"betas":                 `remove it: betas are a header of the create call`,
			"extra_headers":         `remove it: headers belong to the create call`,
			"extra_body":            `put its properties beside "messages"`,
			"custom_id":             `it belongs beside "params"`,
		},
		"BetaTool": {
			"function":   `its "name" and "description" are those of the tool, and its "parameters" are "input_schema"`,
			"parameters": `use "input_schema"`,
		},
		"BetaUserMessageParam": {
			"tool_call_id": `use a block {"type": "tool_result", "tool_use_id": "..."} in "content"`,
			"parts":        `use "content"`,
			"text":         `use "content"`,
			"name":         `it has no equivalent`,
		},
		"BetaAssistantMessageParam": {
			"tool_calls":    `use blocks {"type": "tool_use", "id": "...", "name": "...", "input": {...}} in "content"`,
			"function_call": `use a block {"type": "tool_use", "id": "...", "name": "...", "input": {...}} in "content"`,
			"parts":         `use "content"`,
			"text":          `use "content"`,
			"name":          `it has no equivalent`,
			"refusal":       `leave it out`,
		},
		"BetaImageBlockParam": {
			"image_url":  `use "source": {"type": "url", "url": "..."}`,
			"url":        `use "source": {"type": "url", "url": "..."}`,
			"data":       `use "source": {"type": "base64", "media_type": "...", "data": "..."}`,
			"media_type": `use "source": {"type": "base64", "media_type": "...", "data": "..."}`,
		},
		"BetaToolUseBlockParam": {
			"function":     `its "name" is that of the block, and its "arguments" are "input", an object`,
			"arguments":    `use "input", an object`,
			"tool_call_id": `use "id"`,
		},
		"BetaToolResultBlockParam": {
			"tool_call_id": `use "tool_use_id"`,
			"output":       `use "content"`,
			"result":       `use "content"`,
		},
		"BetaToolChoiceTool": {
			"function": `use "name"`,
		},
	}
})

// tagHints name the equivalents of discriminator values of other APIs, by union.
var tagHints = sync.OnceValue(func() map[string]map[string]string {
	return map[string]map[string]string{
		"BetaMessageParam": {
			"developer": `use the parameter "system"`,
			"tool":      `use a user message with a block {"type": "tool_result"}`,
			"function":  `use a user message with a block {"type": "tool_result"}`,
			"model":     `use "assistant"`,
			"ai":        `use "assistant"`,
			"bot":       `use "assistant"`,
			"human":     `use "user"`,
		},
		"BetaContentBlockParam": {
			"image_url":            `use {"type": "image", "source": {"type": "url", "url": "..."}}`,
			"input_image":          `use {"type": "image", "source": {...}}`,
			"input_text":           `use "text"`,
			"output_text":          `use "text"`,
			"file":                 `use {"type": "document", "source": {...}}`,
			"input_file":           `use {"type": "document", "source": {...}}`,
			"pdf":                  `use {"type": "document", "source": {...}}`,
			"tool_call":            `use "tool_use"`,
			"function_call":        `use "tool_use"`,
			"function_call_output": `use "tool_result"`,
			"reasoning":            `use "thinking" as the service sent it, or leave it out`,
			"input_audio":          `it has no equivalent`,
			"audio":                `it has no equivalent`,
			"video":                `it has no equivalent`,
		},
		"BetaToolUnion": {
			"function": `leave "type" out, and put "name", "description" and "input_schema" into the tool itself`,
		},
		"BetaToolChoice": {
			"required": `use "any"`,
			"function": `use {"type": "tool", "name": "..."}`,
		},
	}
})

// stringHints say what to use where other APIs have a string.
var stringHints = sync.OnceValue(func() map[string]string {
	return map[string]string{
		"BetaToolChoice": `use {"type": "auto"}, "any", "tool" or "none"`,
	}
})

// nameHint returns the hint for a property that n does not have, or "".
func (n *node) nameHint(name string) string {
	if hint := nameHints()[n.name][name]; hint != "" {
		return hint
	}
	other, ok := n.others[name]
	switch {
	case !ok || other.Batch:
		return ""
	case other.Instead != "":
		return fmt.Sprintf("use %q", other.Instead)
	}
	return "it has no equivalent"
}

// tagHint returns the hint for an unknown value of n's discriminator, or "".
func (n *node) tagHint(tag string) string {
	if hint := tagHints()[n.name][tag]; hint != "" {
		return fmt.Sprintf("there is no such %s: %s", n.by, hint)
	}
	return ""
}

// kindHint returns the hint for a value of a kind that n does not allow, with a colon before it, or "".
func (n *node) kindHint(kind jsontext.Kind) string {
	if hint := stringHints()[n.name]; hint != "" && kind == '"' {
		return ": " + hint
	}
	return ""
}

// refusedInBatch reports whether a batch refuses a property whatever its value, so that no hint suggests it.
func (p *property) refusedInBatch() bool {
	return slices.ContainsFunc(p.refusals, func(r *refusal) bool { return r.Batch && r.Role == "" })
}
