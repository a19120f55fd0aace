package bulk

import (
	"encoding/json"
	"maps"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
)

// Totals add up results and what they used. The zero Totals are empty and ready to use. They are plain values: several
// goroutines each have their own, and [Totals.Merge] joins them.
type Totals struct {
	// Results is how many results there are, by type: "succeeded", "errored", "canceled", "expired", and what is newer
	// than the contract.
	Results map[string]int64

	// Models are the tokens of each model, under the name that the answers give it.
	Models map[gen.Model]Tokens

	// ServerTools is how often server tools were used, by the name that usage.server_tool_use gives the uses, such as
	// "web_search_requests".
	ServerTools map[string]int64

	// UnknownSteps is how many steps of answers (usage.iterations) are of a type that is newer than the contract. Whether
	// their tokens are among the others, nobody knows here.
	UnknownSteps int64
}

// Tokens are numbers of tokens by kind. Each token is in one of them, but for those of Thinking.
type Tokens struct {
	// Input are input tokens that the cache had no part in.
	Input int64

	// CacheWrite5m and CacheWrite1h are input tokens that were written to the cache, by time to live. Those without one
	// are counted for 5 minutes, which is the default.
	CacheWrite5m, CacheWrite1h int64

	// CacheRead are input tokens that were read from the cache.
	CacheRead int64

	// Output are output tokens, with those of thinking.
	Output int64

	// Thinking are the output tokens of thinking, as far as they are told: of answers, not of steps beside them. They are
	// a part of Output.
	Thinking int64
}

// Add counts a result, and the tokens of its message if it succeeded, whatever the stop_reason: no other result is billed.
// A nil item is passed over.
//
// The tokens of a message are those of its usage, which counts each run of the model that answered, and of the steps that
// are not in it: compactions, advice (under the advisor's model), and what a model put out before it declined and a
// fallback model took over (under the model that declined; without any output that is not billed).
func (t *Totals) Add(item *client.Item) {
	if item == nil || item.Result == nil {
		return
	}
	add(&t.Results, item.Result.Discriminator(), 1)
	m := item.Message()
	if m == nil {
		return
	}
	u := &m.Usage
	answer := tokens(u.InputTokens, u.OutputTokens, value(u.CacheReadInputTokens), value(u.CacheCreationInputTokens), u.CacheCreation)
	if u.OutputTokensDetails != nil {
		answer.Thinking = u.OutputTokensDetails.ThinkingTokens
	}
	t.addTokens(m.Model, answer)
	t.addSteps(m)
	for name, n := range serverToolUses(item) {
		add(&t.ServerTools, name, n)
	}
}

// addSteps adds the tokens of the steps that are not in the usage of the message.
func (t *Totals) addSteps(m *client.Message) {
	var fallback gen.Model // that answered, if one did
	for _, step := range m.Usage.Iterations {
		if s, ok := step.(*gen.BetaFallbackMessageIterationUsage); ok {
			fallback = s.Model
		}
	}
	for _, step := range m.Usage.Iterations {
		switch s := step.(type) {
		case *gen.BetaCompactionIterationUsage:
			t.addTokens(m.Model, tokens(s.InputTokens, s.OutputTokens, s.CacheReadInputTokens, s.CacheCreationInputTokens, s.CacheCreation))
		case *gen.BetaAdvisorMessageIterationUsage:
			t.addTokens(s.Model, tokens(s.InputTokens, s.OutputTokens, s.CacheReadInputTokens, s.CacheCreationInputTokens, s.CacheCreation))
		case *gen.BetaMessageIterationUsage:
			if declined := fallback != "" && s.Model != "" && s.Model != fallback; declined && s.OutputTokens > 0 {
				t.addTokens(s.Model, tokens(s.InputTokens, s.OutputTokens, s.CacheReadInputTokens, s.CacheCreationInputTokens, s.CacheCreation))
			}
		case *gen.Unknown:
			t.UnknownSteps++
		}
	}
}

// Merge adds other, which stays as it is.
func (t *Totals) Merge(other Totals) {
	for name, n := range other.Results {
		add(&t.Results, name, n)
	}
	for model, n := range other.Models {
		t.addTokens(model, n)
	}
	for name, n := range other.ServerTools {
		add(&t.ServerTools, name, n)
	}
	t.UnknownSteps += other.UnknownSteps
}

// IsZero reports whether nothing was added.
func (t Totals) IsZero() bool {
	return len(t.Results) == 0 && len(t.Models) == 0 && len(t.ServerTools) == 0 && t.UnknownSteps == 0
}

// Clone returns a copy that does not change with t.
func (t Totals) Clone() Totals {
	t.Results, t.Models, t.ServerTools = maps.Clone(t.Results), maps.Clone(t.Models), maps.Clone(t.ServerTools)
	return t
}

// Tokens returns the tokens of all models.
func (t Totals) Tokens() Tokens {
	var sum Tokens
	for _, n := range t.Models {
		sum = sum.plus(n)
	}
	return sum
}

func (t *Totals) addTokens(model gen.Model, n Tokens) {
	if n == (Tokens{}) {
		return
	}
	if t.Models == nil {
		t.Models = make(map[gen.Model]Tokens)
	}
	t.Models[model] = t.Models[model].plus(n)
}

func (n Tokens) plus(o Tokens) Tokens {
	n.Input += o.Input
	n.CacheWrite5m += o.CacheWrite5m
	n.CacheWrite1h += o.CacheWrite1h
	n.CacheRead += o.CacheRead
	n.Output += o.Output
	n.Thinking += o.Thinking
	return n
}

// tokens makes Tokens of a usage. The writes by time to live are a part of all writes, or the only thing told of them.
func tokens(input, output, reads, writes int64, byTTL *gen.BetaCacheCreation) Tokens {
	n := Tokens{Input: input, Output: output, CacheRead: reads}
	if byTTL != nil {
		n.CacheWrite5m, n.CacheWrite1h = byTTL.Ephemeral5mInputTokens, byTTL.Ephemeral1hInputTokens
	}
	n.CacheWrite5m += max(0, writes-n.CacheWrite5m-n.CacheWrite1h)
	return n
}

// serverToolUses returns how often server tools were used, with those that the contract does not know.
func serverToolUses(item *client.Item) map[string]int64 {
	known := item.Message().Usage.ServerToolUse
	if known == nil {
		return nil
	}
	uses := map[string]int64{"web_fetch_requests": known.WebFetchRequests, "web_search_requests": known.WebSearchRequests}
	var line struct {
		Result struct {
			Message struct {
				Usage struct {
					Uses map[string]any `json:"server_tool_use"`
				} `json:"usage"`
			} `json:"message"`
		} `json:"result"`
	}
	if len(item.Raw) > 0 && json.Unmarshal(item.Raw, &line) == nil {
		for name, n := range line.Result.Message.Usage.Uses {
			if n, ok := n.(float64); ok {
				uses[name] = int64(n)
			}
		}
	}
	return uses
}

func add(counts *map[string]int64, name string, n int64) {
	if n == 0 {
		return
	}
	if *counts == nil {
		*counts = make(map[string]int64)
	}
	(*counts)[name] += n
}

func value(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}
