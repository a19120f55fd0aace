// Bench measures the codecs of this project against the official SDK: both get the same bytes and give the same fields,
// in one process, in turns, for several rounds. The median of the rounds' ratios counts, because machines are noisy.
//
// It prints a line for each workload: RATIO name value >= target.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
)

var rounds = flag.Int("rounds", 9, "how many rounds to measure")

func main() {
	flag.Parse()
	ok := true
	for _, w := range workloads() {
		ok = w.measure(*rounds) && ok
	}
	if !ok {
		os.Exit(1)
	}
}

// A workload is work that ours and theirs do on the same bytes. Both return a sum over the fields that they read out,
// which must be equal.
type workload struct {
	name         string
	target       float64
	bytes        int
	ours, theirs func() int
	ceiling      func() // what no decoder on jsontext can be faster than; nil if there is none
}

func (w workload) measure(rounds int) bool {
	if a, b := w.ours(), w.theirs(); a != b {
		fmt.Fprintf(os.Stderr, "bench: %s: ours reads %d, theirs %d\n", w.name, a, b)
		return false
	}
	var ratios, speeds, ceilings []float64
	for range rounds {
		ours := duration(func() { w.ours() })
		theirs := duration(func() { w.theirs() })
		ratios = append(ratios, theirs.Seconds()/ours.Seconds())
		speeds = append(speeds, float64(w.bytes)/1e6/ours.Seconds())
		if w.ceiling != nil {
			ceilings = append(ceilings, float64(w.bytes)/1e6/duration(w.ceiling).Seconds())
		}
	}
	ratio := median(ratios)
	fmt.Printf("RATIO %s %.1f >= %.0f\n", w.name, ratio, w.target)
	fmt.Printf("      %.0f MB/s, %.0f allocations against %.0f", median(speeds), allocations(w.ours), allocations(w.theirs))
	if w.ceiling != nil {
		fmt.Printf("; scanning tokens alone: %.0f MB/s", median(ceilings))
	}
	fmt.Println()
	return ratio >= w.target
}

func duration(f func()) time.Duration {
	runtime.GC()
	began := time.Now()
	f()
	return time.Since(began)
}

func allocations(f func() int) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs - before.Mallocs)
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

func workloads() []workload {
	prose := strings.Repeat("He said \"no\" — naïve, überhaupt nicht;\n\tthen 你好 and 👋. ", 60)
	plain := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 85)
	const usage = `"usage":{"input_tokens":11,"output_tokens":36,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"service_tier":"batch"}`
	line := func(content string) string {
		return `{"custom_id":"request-123","result":{"type":"succeeded","message":{"id":"msg_014VwiXbi91y3JMjcpyGBHX5","type":"message","role":"assistant","model":"claude-opus-5","content":[` + content + `],"stop_reason":"end_turn","stop_sequence":null,` + usage + `}}}` + "\n"
	}
	last := func(content string) string {
		return `{"custom_id":"request-123","result":{"message":{"id":"msg_014VwiXbi91y3JMjcpyGBHX5","role":"assistant","model":"claude-opus-5","content":[` + content + `],"stop_reason":"end_turn","stop_sequence":null,` + usage + `,"type":"message"},"type":"succeeded"}}` + "\n"
	}
	text := func(s string) string { return `{"type":"text","text":` + quote(s) + `}` }
	tool := `{"type":"tool_use","id":"toolu_01D7FLrfh4GYq7yT1ULFeyMV","name":"search","input":{"query":"weather in Zürich","limit":10,"filters":{"from":"2026-01-01","tags":["a","b","c"],"nested":{"x":[1,2,3.5,null,true]}}}}`
	return []workload{
		decode("decode-long", 12, line(text(plain))),
		decode("decode-prose", 9, line(text(prose))),
		decode("decode-short", 25, line(text("Yes."))),
		decode("decode-type-last", 6, last(`{"text":`+quote(plain)+`,"type":"text"}`)),
		decode("decode-tools", 8, line(text("I will search.")+strings.Repeat(","+tool, 8))),
		encode("encode-small", 15, 5<<20, 200),
		encode("encode-large", 15, 20<<20, 20_000),
	}
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// decode reads result lines and takes id, texts, tool inputs, stop reason and usage out of them.
func decode(name string, target float64, line string) workload {
	n := max(200, 4<<20/len(line))
	data := []byte(strings.Repeat(line, n))
	return workload{name: name, target: target, bytes: len(data),
		ours: func() (sum int) {
			for line := range bytes.Lines(data) {
				var r gen.BetaMessageBatchIndividualResponse
				if err := r.UnmarshalJSON(line); err != nil {
					panic(err)
				}
				m := r.Result.(*gen.BetaMessageBatchSucceededResult).Message
				sum += len(r.CustomID) + len(m.ID) + len(m.StopReason) + int(m.Usage.InputTokens+m.Usage.OutputTokens)
				for _, b := range m.Content {
					switch b := b.(type) {
					case *gen.BetaTextBlock:
						sum += len(b.Text)
					case *gen.BetaToolUseBlock:
						sum += len(b.Name) + len(b.Input)
					}
				}
			}
			return sum
		},
		theirs: func() (sum int) {
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

// encode writes the body of a create call of about size bytes.
func encode(name string, target float64, size, text int) workload {
	n := size / (text + 150)
	content := strings.Repeat("The quick brown fox said \"no\".\n", text/30+1)[:text]
	var ours gen.BetaCreateMessageBatchParams
	var theirs anthropic.BetaMessageBatchNewParams
	for i := range n {
		id := fmt.Sprintf("request-%d", i)
		ours.Requests = append(ours.Requests, gen.BetaMessageBatchIndividualRequestParams{CustomID: id, Params: gen.BetaCreateMessageParams{
			Model: gen.ModelClaudeOpus5, MaxTokens: 1024,
			Messages: []gen.BetaMessageParam{&gen.BetaUserMessageParam{Content: gen.BetaMessageContentBlocks{&gen.BetaTextBlockParam{Text: content}}}},
		}})
		theirs.Requests = append(theirs.Requests, anthropic.BetaMessageBatchNewParamsRequest{CustomID: id, Params: anthropic.BetaMessageBatchNewParamsRequestParams{
			Model: "claude-opus-5", MaxTokens: 1024,
			Messages: []anthropic.BetaMessageParam{anthropic.NewBetaUserMessage(anthropic.NewBetaTextBlock(content))},
		}})
	}
	b, err := ours.AppendJSON(nil)
	if err != nil {
		panic(err)
	}
	buf := make([]byte, 0, len(b))
	return workload{name: name, target: target, bytes: len(b),
		ours: func() int {
			b, err := ours.AppendJSON(buf[:0])
			if err != nil {
				panic(err)
			}
			return len(b)
		},
		theirs: func() int {
			b, err := json.Marshal(theirs)
			if err != nil {
				panic(err)
			}
			return len(b)
		},
	}
}
