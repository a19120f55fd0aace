package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/bytedance/sonic"
	"github.com/bytedance/sonic/encoder"
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

// A plainBatch is the body of a create call as a program would write it that needs no unions.
type plainBatch struct {
	Requests []plainRequest `json:"requests"`
}

type plainRequest struct {
	CustomID string      `json:"custom_id"`
	Params   plainParams `json:"params"`
}

type plainParams struct {
	MaxTokens int64         `json:"max_tokens"`
	Messages  []plainPrompt `json:"messages"`
	Model     string        `json:"model"`
}

type plainPrompt struct {
	Content []plainText `json:"content"`
	Role    string      `json:"role"`
}

type plainText struct {
	Text string `json:"text"`
	Type string `json:"type"`
}

// encodePlain returns a function that writes a body of n requests with sonic, into a buffer that it uses again, as ours does.
func encodePlain(n int, text string) func() int {
	var batch plainBatch
	for i := range n {
		batch.Requests = append(batch.Requests, plainRequest{fmt.Sprintf("request-%d", i), plainParams{
			1024, []plainPrompt{{[]plainText{{text, "text"}}, "user"}}, "claude-opus-5"}})
	}
	var buf []byte
	return func() int {
		buf = buf[:0]
		if err := encoder.EncodeInto(&buf, &batch, encoder.ValidateString); err != nil {
			panic(err)
		}
		return len(buf)
	}
}
