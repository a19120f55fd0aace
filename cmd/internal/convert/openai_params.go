package convert

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client"
)

// body converts the body of a request.
func (l *openAILine) body(list []member) {
	l.params.MaxTokens = l.options.MaxTokens
	if get(list, "max_tokens") == nil && get(list, "max_completion_tokens") == nil {
		l.change("body.max_tokens", "it is missing but required here: the default is used")
	}
	l.model(get(list, "model"))
	if get(list, "max_tokens") != nil && get(list, "max_completion_tokens") != nil {
		l.drop("body.max_tokens", "max_completion_tokens replaces it")
	}
	if get(list, "messages") == nil {
		l.refuse("body.messages", "it is missing")
	}
	for _, m := range list {
		if m.value.Kind() == 'n' || m.name == "max_tokens" && get(list, "max_completion_tokens") != nil {
			continue
		}
		l.param(m)
	}
	l.finishTools()
}

// model chooses the model.
func (l *openAILine) model(v jsontext.Value) {
	name := l.string("body.model", v)
	to, ok := l.options.Models[name]
	if !ok && strings.HasPrefix(name, "claude") {
		to, ok = name, true
	}
	if !ok {
		to, ok = l.options.Models[""]
	}
	if !ok && !l.refused {
		l.refused = true
		l.note(Refused, "body.model", "no model is set for this name: use --model MODEL, or --model NAME=MODEL", name)
	}
	l.params.Model = client.Model(to)
}

// Messages about parameters without a counterpart.
const (
	noCounterpart = "it has no counterpart"
	noPenalty     = "penalties for repetition are not supported"
	sayInSystem   = "it has no counterpart: say it in the system prompt"
)

// param converts one parameter.
func (l *openAILine) param(m member) {
	place := "body." + m.name
	switch m.name {
	case "model":
	case "messages":
		l.messages(m.value)
	case "max_tokens", "max_completion_tokens":
		l.maxTokens(place, m.value)
	case "temperature":
		l.params.Temperature = l.number(place, m.value)
		if t := l.params.Temperature; t != nil && *t > 1 {
			*t = 1
			l.change(place, "the maximum here is 1: 1 is used")
		}
	case "top_p":
		l.params.TopP = l.number(place, m.value)
	case "stop":
		l.stop(m.value)
	case "n":
		if string(m.value) != "1" {
			l.refuse(place, "a request has only one answer: send it several times, with different custom_ids")
		}
	case "user", "safety_identifier":
		if l.params.Metadata == nil {
			l.params.Metadata = new(client.Metadata)
		}
		if l.params.Metadata.UserID != "" {
			l.drop(place, "there is only one user_id, and the request already has one")
			break
		}
		l.params.Metadata.UserID = l.string(place, m.value)
	case "tools":
		l.tools(m.value)
	case "tool_choice":
		l.toolChoice(m.value)
	case "parallel_tool_calls":
		l.parallel = string(m.value) == "false"
	case "response_format":
		l.responseFormat(m.value)
	case "reasoning_effort":
		l.effort(place, m.value)
	case "functions", "function_call":
		l.refuse(place, "it is deprecated and cannot be converted: use tools and tool_choice")
	case "audio":
		l.refuse(place, "audio is not supported")
	default:
		l.without(place, m)
	}
}

// without adds a note about a parameter without a counterpart, unless its value is what happens here anyway.
func (l *openAILine) without(place string, m member) {
	value := m.value.Clone()
	_ = value.Compact() // it is valid JSON
	switch m.name {
	case "stream":
		if string(value) != "false" {
			l.drop(place, "batches are not streamed")
		}
	case "stream_options":
		l.drop(place, "batches are not streamed")
	case "modalities":
		if string(value) != `["text"]` {
			l.refuse(place, "only text answers are supported")
		}
	case "store", "logprobs":
		if string(value) != "false" {
			l.drop(place, noCounterpart)
		}
	case "presence_penalty", "frequency_penalty":
		if n, err := value.Clone(), json.Unmarshal(value, new(float64)); err != nil || strings.Trim(string(n), "0.-") != "" {
			l.drop(place, noPenalty)
		}
	case "logit_bias", "metadata":
		if string(value) != "{}" {
			l.drop(place, noCounterpart)
		}
	case "seed":
		l.drop(place, "it has no counterpart: results vary")
	case "verbosity":
		l.drop(place, sayInSystem)
	case "web_search_options":
		l.drop(place, "it is not converted: use the tool web_search instead")
	case "prompt_cache_key", "prompt_cache_retention":
		l.drop(place, "it is not converted: use cache_control instead")
	case "prediction", "service_tier", "top_logprobs":
		l.drop(place, noCounterpart)
	default:
		l.drop(place, "unknown parameter")
	}
}

func (l *openAILine) maxTokens(place string, v jsontext.Value) {
	var n int64
	if json.Unmarshal(v, &n) != nil || n < 1 {
		l.refuse(place, "not a number of 1 or more")
		return
	}
	l.params.MaxTokens = n
}

func (l *openAILine) number(place string, v jsontext.Value) *float64 {
	n := new(float64)
	if json.Unmarshal(v, n) != nil {
		l.refuse(place, "not a number")
		return nil
	}
	return n
}

func (l *openAILine) stop(v jsontext.Value) {
	list := []jsontext.Value{v}
	if v.Kind() == '[' {
		list, _ = elements(v) // it is valid JSON
	}
	for _, e := range list {
		s := l.string("body.stop", e)
		if strings.TrimSpace(s) == "" {
			l.drop("body.stop", "a stop sequence of only white space is not allowed here")
			continue
		}
		l.params.StopSequences = append(l.params.StopSequences, s)
	}
}

func (l *openAILine) effort(place string, v jsontext.Value) {
	level := l.string(place, v)
	switch level {
	case "low", "medium", "high", "xhigh":
	case "minimal":
		l.change(place, "effort minimal does not exist here: low is used")
		level = "low"
	case "none":
		l.drop(place, "effort none does not exist here: \"thinking\" turns thinking off, if the model allows it")
		return
	default:
		l.drop(place, "unknown effort")
		return
	}
	l.outputConfig().Effort = client.Effort(level)
}

func (l *openAILine) outputConfig() *client.OutputConfig {
	if l.params.OutputConfig == nil {
		l.params.OutputConfig = new(client.OutputConfig)
	}
	return l.params.OutputConfig
}

// responseFormat converts the format of the answer, which must be a JSON schema.
func (l *openAILine) responseFormat(v jsontext.Value) {
	const place = "body.response_format"
	list := l.object(place, v)
	switch kind, _ := text(get(list, "type")); kind {
	case "text":
		l.others(place, list, "type")
		return
	case "json_object":
		l.drop(place, "JSON mode without a schema does not exist here: ask for JSON in the prompt, or use type json_schema")
		return
	case "json_schema":
	default:
		l.refuse(place, "unknown format")
		return
	}
	l.others(place, list, "type", "json_schema")
	schema := l.object(place+".json_schema", get(list, "json_schema"))
	l.others(place+".json_schema", schema, "schema", "strict")
	if string(get(schema, "strict")) != "true" {
		l.change(place+".json_schema.strict", "the schema is always enforced here")
	}
	if s := get(schema, "schema"); s.Kind() == '{' {
		l.outputConfig().Format = &client.JSONOutputFormat{Schema: bytes.Clone(s)}
	} else {
		l.refuse(place+".json_schema.schema", "not an object")
	}
}
