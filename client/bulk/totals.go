package bulk

import (
	"maps"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// Totals add up results and what they used. The zero Totals is empty and ready to use. Totals is not safe for concurrent
// use: use one per goroutine, and combine them with [Totals.Merge].
type Totals struct {
	// Results is the number of results, by type: "succeeded", "errored", "canceled", "expired", and types newer than the
	// contract.
	Results map[string]int64

	// Models are the tokens of each model, by the model name in the response.
	Models map[client.Model]Tokens

	// ServerTools is how often server tools were used, by the names in usage.server_tool_use, such as
	// "web_search_requests".
	ServerTools map[string]int64

	// UnknownSteps is how many steps of responses (usage.iterations) are of a type newer than the contract. Their tokens
	// may or may not be included above.
	UnknownSteps int64
}

// Tokens are numbers of tokens by kind. Each token is counted once, except that Thinking is a part of Output.
type Tokens struct {
	// Input are input tokens neither read from nor written to the cache.
	Input int64 `json:"input"`

	// CacheWrite5m are input tokens written to the cache for 5 minutes, including those without a time to live.
	CacheWrite5m int64 `json:"cache_write_5m"`

	// CacheWrite1h are input tokens written to the cache for an hour.
	CacheWrite1h int64 `json:"cache_write_1h"`

	// CacheRead are input tokens read from the cache.
	CacheRead int64 `json:"cache_read"`

	// Output are output tokens, including those of thinking.
	Output int64 `json:"output"`

	// Thinking are the output tokens of thinking, if the response reports them. It does not for steps outside its own
	// usage.
	Thinking int64 `json:"thinking"`
}

// Add counts a result and, if it succeeded, the tokens of its message, whatever the stop_reason. Other results are not
// billed. A nil item, and a damaged one without a result, count nothing.
//
// The tokens of a message are those of its usage, which includes each run of the model that responded, plus those of the
// steps that it does not include: compactions, advice (under the advisor's model), and the output of a model that declined
// before a fallback model took over (under the model that declined; without output nothing is billed).
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
	own := tokens(u.InputTokens, u.OutputTokens, value(u.CacheReadInputTokens), value(u.CacheCreationInputTokens), u.CacheCreation)
	if u.OutputTokensDetails != nil {
		own.Thinking = u.OutputTokensDetails.ThinkingTokens
	}
	t.addTokens(m.Model, own)
	t.addSteps(m)
	for name, n := range serverToolUses(item) {
		add(&t.ServerTools, name, n)
	}
}

// addSteps adds the tokens of the steps that are not in the usage of the message.
func (t *Totals) addSteps(m *client.Message) {
	var fallback client.Model // that responded, if one did
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

// Merge adds other, without changing it.
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

// Clone returns a copy that is independent of t.
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

func (t *Totals) addTokens(model client.Model, n Tokens) {
	if n == (Tokens{}) {
		return
	}
	if t.Models == nil {
		t.Models = make(map[client.Model]Tokens)
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

// tokens returns the Tokens of a usage. The writes by time to live are part of all writes, or replace a missing total.
func tokens(input, output, reads, writes int64, byTTL *gen.BetaCacheCreation) Tokens {
	n := Tokens{Input: input, Output: output, CacheRead: reads}
	if byTTL != nil {
		n.CacheWrite5m, n.CacheWrite1h = byTTL.Ephemeral5mInputTokens, byTTL.Ephemeral1hInputTokens
	}
	n.CacheWrite5m += max(0, writes-n.CacheWrite5m-n.CacheWrite1h)
	return n
}

// serverToolUses returns how often server tools were used, including tools that the contract does not know, which are only
// in the raw line.
func serverToolUses(item *client.Item) map[string]int64 {
	known := item.Message().Usage.ServerToolUse
	if known == nil {
		return nil
	}
	uses := map[string]int64{"web_fetch_requests": known.WebFetchRequests, "web_search_requests": known.WebSearchRequests}
	if len(item.Raw) == 0 {
		return uses
	}
	d := wire.NewDecoder(item.Raw)
	each(d, []string{"result", "message", "usage", "server_tool_use"}, func(name string) {
		if _, ok := uses[name]; ok || d.Kind() != '0' {
			d.Skip()
			return
		}
		var n int64
		wire.DecodeInt(d, &n)
		uses[name] = n
	})
	_ = d.End() // a malformed number does not affect the others
	return uses
}

// each calls visit with each property of the object at a path; visit must read the value.
func each(d *wire.Decoder, path []string, visit func(name string)) {
	if !d.Object() {
		return
	}
	for name := d.Name(); name != nil; name = d.Name() {
		switch {
		case len(path) == 0:
			visit(string(name))
		case string(name) == path[0]:
			each(d, path[1:], visit)
		default:
			d.Skip()
		}
	}
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
