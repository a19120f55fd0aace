package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/anthropics/anthropic-sdk-go/v2"

	"github.com/seed-111a911e/messagebatches/gen"
)

func encodeWorkloads() []workload {
	return []workload{
		encodeBesideSonic("sonic-encode-plain", 0.25, strings.Repeat(plain, 90)),
		encodeBesideSonic("sonic-encode-prose", 0.25, strings.Repeat(prose, 60)),
		encodeBesideSonic("sonic-encode-short", 0.55, plain),
		encode("encode-small", 25, 5<<20, 200),
		encode("encode-large", 25, 250_000_000, 20_000),
	}
}

// encode writes the body of a create call of about size bytes.
func encode(name string, target float64, size, text int) workload {
	return workload{name, target, sdk, func() sides { return encodeSides(size, document(text)) }}
}

// encodeBesideSonic writes a body of 5 MiB with sonic as the other side. Sonic copies and checks 32 bytes with a few
// instructions of AVX2, which Go has no access to without assembly.
func encodeBesideSonic(name string, target float64, text string) workload {
	return workload{name, target, "sonic", func() sides {
		s := encodeSides(5<<20, text)
		s.other = encodePlain(s.items, text)
		return s
	}}
}

func encodeSides(size int, content string) sides {
	n := size / (len(content) + 150)
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
	return sides{bytes: len(b), items: n, computes: true,
		ours: func() int {
			b, err := ours.AppendJSON(buf[:0])
			if err != nil {
				panic(err)
			}
			return len(b)
		},
		other: func() int {
			b, err := json.Marshal(theirs)
			if err != nil {
				panic(err)
			}
			return len(b)
		},
	}
}

// document returns a text of a given length with line breaks and quotes as in real documents: one character in fifty
// must be escaped.
func document(length int) string {
	const lines = "The quick brown fox jumps over the lazy dog, again and again, until the evening;\n" +
		"\"Enough,\" said the dog, and so it was that both of them went home for the night;\n" +
		"and when the morning came the fox was quick and brown again, and the dog was lazy.\n"
	return strings.Repeat(lines, length/len(lines)+1)[:length]
}
