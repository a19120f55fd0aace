package main

import (
	"bytes"
	"encoding/json"

	"github.com/bytedance/sonic"
)

// sonicAPI configures the fastest JSON library to do the same as our decoder: strings are validated and do not alias
// the input, which may be reused.
var sonicAPI = sonic.Config{ValidateString: true}.Froze()

// A plainLine is a result line as defined by a program that needs no unions. It has the properties of the benchmark's
// lines.
type plainLine struct {
	CustomID string `json:"custom_id"`
	Result   struct {
		Type    string       `json:"type"`
		Message plainMessage `json:"message"`
	} `json:"result"`
}

type plainMessage struct {
	ID           string       `json:"id"`
	Type         string       `json:"type"`
	Role         string       `json:"role"`
	Model        string       `json:"model"`
	Content      []plainBlock `json:"content"`
	StopReason   string       `json:"stop_reason"`
	StopSequence string       `json:"stop_sequence"`
	Usage        struct {
		InputTokens              int64  `json:"input_tokens"`
		OutputTokens             int64  `json:"output_tokens"`
		CacheCreationInputTokens int64  `json:"cache_creation_input_tokens"`
		CacheReadInputTokens     int64  `json:"cache_read_input_tokens"`
		ServiceTier              string `json:"service_tier"`
	} `json:"usage"`
}

type plainBlock struct {
	Type  string          `json:"type"`
	Text  string          `json:"text"`
	ID    string          `json:"id"`
	Name  string          `json:"name"`
	Input json.RawMessage `json:"input"`
}

// decodePlain reads result lines with sonic.
func decodePlain(data []byte) (sum int) {
	for line := range bytes.Lines(data) {
		var r plainLine
		if err := sonicAPI.Unmarshal(line, &r); err != nil {
			panic(err)
		}
		m := &r.Result.Message
		sum += len(r.CustomID) + len(m.ID) + len(m.StopReason) + int(m.Usage.InputTokens+m.Usage.OutputTokens)
		for _, b := range m.Content {
			sum += len(b.Text) + len(b.Name) + len(b.Input)
		}
	}
	return sum
}
