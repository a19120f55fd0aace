package gen_test

import (
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/gen"
)

// BenchmarkDecode reads lines of results as conformance/cmd/bench does, without comparing with the official SDK.
func BenchmarkDecode(b *testing.B) {
	text := func(s string) string { return `{"type":"text","text":"` + s + `"}` }
	const tool = `{"type":"tool_use","id":"toolu_01D7FLrfh4GYq7yT1ULFeyMV","name":"search","input":{"query":"weather in Zürich","limit":10,"tags":["a","b",[1,2.5,null]]}}`
	for _, w := range []struct{ name, content string }{
		{"short", text("Yes.")},
		{"long", text(strings.Repeat("The quick brown fox jumps over the lazy dog. ", 85))},
		{"prose", text(strings.Repeat(`He said \"no\" — naïve, überhaupt nicht;\n\tthen 你好 and 👋. `, 60))},
		{"tools", text("I will search.") + strings.Repeat(","+tool, 8)},
		{"blocks", text("a") + strings.Repeat(","+text("b"), 100)},
	} {
		line := []byte(resultLine(w.content))
		b.Run(w.name, func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				var r gen.BetaMessageBatchIndividualResponse
				if err := r.UnmarshalJSON(line); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// resultLine is the result of a request that succeeded.
func resultLine(content string) string {
	return `{"custom_id":"request-123","result":{"type":"succeeded","message":{"id":"msg_014VwiXbi91y3JMjcpyGBHX5","type":"message","role":"assistant","model":"claude-opus-5","content":[` + content + `],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":36,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"service_tier":"batch"}}}}`
}
