package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
)

// Texts as they are in requests and results: prose has escapes and characters of two to four bytes.
const (
	prose = "He said \"no\" — naïve, überhaupt nicht;\n\tthen 你好 and 👋. "
	plain = "The quick brown fox jumps over the lazy dog. "
)

func decodeWorkloads() []workload {
	prose, plain := strings.Repeat(prose, 60), strings.Repeat(plain, 85)
	line := func(content string) string { return resultLine("request-123", content) }
	last := func(content string) string {
		return `{"custom_id":"request-123","result":{"message":{"id":"msg_014VwiXbi91y3JMjcpyGBHX5","role":"assistant","model":"claude-opus-5","content":[` + content + `],"stop_reason":"end_turn","stop_sequence":null,` + usage + `,"type":"message"},"type":"succeeded"}}` + "\n"
	}
	text := func(s string) string { return `{"type":"text","text":` + quote(s) + `}` }
	tool := `{"type":"tool_use","id":"toolu_01D7FLrfh4GYq7yT1ULFeyMV","name":"search","input":{"query":"weather in Zürich","limit":10,"filters":{"from":"2026-01-01","tags":["a","b","c"],"nested":{"x":[1,2,3.5,null,true]}}}}`
	return []workload{
		besideSonic("sonic-long", 0.95, line(text(plain))),
		besideSonic("sonic-prose", 0.95, line(text(prose))),
		besideSonic("sonic-short", 1, line(text("Yes."))),
		besideSonic("sonic-tools", 1, line(text("I will search.")+strings.Repeat(","+tool, 8))),
		decode("decode-long", 18, line(text(plain))),
		decode("decode-prose", 11, line(text(prose))),
		decode("decode-short", 25, line(text("Yes."))),
		decode("decode-type-last", 15, last(`{"text":`+quote(plain)+`,"type":"text"}`)),
		decode("decode-tools", 18, line(text("I will search.")+strings.Repeat(","+tool, 8))),
	}
}

const usage = `"usage":{"input_tokens":11,"output_tokens":36,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"service_tier":"batch"}`

func resultLine(id, content string) string {
	return `{"custom_id":"` + id + `","result":{"type":"succeeded","message":{"id":"msg_014VwiXbi91y3JMjcpyGBHX5","type":"message","role":"assistant","model":"claude-opus-5","content":[` + content + `],"stop_reason":"end_turn","stop_sequence":null,` + usage + `}}}` + "\n"
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// decode reads result lines and their id, texts, tool inputs, stop reason and usage.
func decode(name string, target float64, line string) workload {
	return workload{name, target, sdk, func() sides { return decodeSides(line) }}
}

// besideSonic is decode compared with sonic.
func besideSonic(name string, target float64, line string) workload {
	return workload{name, target, "sonic", func() sides {
		s := decodeSides(line)
		n := s.items
		data := []byte(strings.Repeat(line, n))
		s.other = func() int { return decodePlain(data) }
		return s
	}}
}

func decodeSides(line string) sides {
	n := max(200, 4<<20/len(line))
	data := []byte(strings.Repeat(line, n))
	return sides{bytes: len(data), items: n, computes: true,
		ours: func() (sum int) {
			for line := range bytes.Lines(data) {
				var r gen.BetaMessageBatchIndividualResponse
				if err := r.UnmarshalJSON(line); err != nil {
					panic(err)
				}
				sum += len(r.CustomID) + read(&r.Result.(*gen.BetaMessageBatchSucceededResult).Message)
			}
			return sum
		},
		other: func() (sum int) {
			for line := range bytes.Lines(data) {
				var r anthropic.BetaMessageBatchIndividualResponse
				if err := json.Unmarshal(line, &r); err != nil {
					panic(err)
				}
				m := r.Result.AsSucceeded().Message
				sum += len(r.CustomID) + len(m.ID) + len(m.StopReason) + int(m.Usage.InputTokens+m.Usage.OutputTokens)
				for _, b := range m.Content {
					switch b := b.AsAny().(type) {
					case anthropic.BetaTextBlock:
						sum += len(b.Text)
					case anthropic.BetaToolUseBlock:
						sum += len(b.Name) + len(b.JSON.Input.Raw())
					}
				}
			}
			return sum
		},
		ceiling: func() {
			d := jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true))
			for {
				if _, err := d.ReadToken(); err == io.EOF {
					return
				} else if err != nil {
					panic(err)
				}
			}
		},
	}
}

// read reads the fields of a message that the benchmarks use.
func read(m *gen.BetaMessage) int {
	sum := len(m.ID) + len(m.StopReason) + int(m.Usage.InputTokens+m.Usage.OutputTokens)
	for _, b := range m.Content {
		switch b := b.(type) {
		case *gen.BetaTextBlock:
			sum += len(b.Text)
		case *gen.BetaToolUseBlock:
			sum += len(b.Name) + len(b.Input)
		}
	}
	return sum
}
