package price

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
)

// Usage adds up the usage of results, in as much detail as prices need. It has no content, and can be stored as JSON. The
// zero Usage is empty. It is not safe for concurrent use.
type Usage struct {
	// Results is the number of results by type, as in [bulk.Totals].
	Results map[string]int64 `json:"results,omitempty"`

	// Models has the tokens, by model, place and price.
	Models []ModelUsage `json:"models,omitempty"`

	// ServerTools is the number of uses of each server tool, as in [bulk.Totals].
	ServerTools map[string]int64 `json:"server_tools,omitempty"`
}

// ModelUsage is the usage of one model in one place and at one price.
type ModelUsage struct {
	// Model is the name of the model in the responses.
	Model client.Model `json:"model"`

	// InferenceGeo is where the model ran, if the responses say so.
	InferenceGeo string `json:"inference_geo,omitempty"`

	// Above is [Above.Tokens] if the prompts were longer than that, so that the prices of long prompts apply, and 0
	// otherwise.
	Above int64 `json:"above,omitempty"`

	// Tokens are the tokens of the model, by kind.
	Tokens bulk.Tokens `json:"tokens"`
}

func (m ModelUsage) key() ModelUsage {
	m.Tokens = bulk.Tokens{}
	return m
}

// Add counts a result, as [bulk.Totals.Add] does. The table determines from which length prompts have other prices on that
// day.
func (u *Usage) Add(t *Table, day time.Time, item *client.Item) {
	if item == nil || item.Result == nil {
		return
	}
	if m := item.Message(); m != nil && len(m.Usage.Iterations) == 0 && m.Usage.ServerToolUse == nil && m.Usage.CacheCreation == nil {
		u.count(item.Result.Discriminator())
		tokens := bulk.Tokens{Input: m.Usage.InputTokens, Output: m.Usage.OutputTokens}
		if n := m.Usage.CacheReadInputTokens; n != nil {
			tokens.CacheRead = *n
		}
		if n := m.Usage.CacheCreationInputTokens; n != nil {
			tokens.CacheWrite5m = *n
		}
		if d := m.Usage.OutputTokensDetails; d != nil {
			tokens.Thinking = d.ThinkingTokens
		}
		if tokens != (bulk.Tokens{}) {
			u.addOne(t, day, m.Model, m.Usage.InferenceGeo, tokens)
		}
		return
	}
	u.addSlowly(t, day, item)
}

// count counts a result.
func (u *Usage) count(kind string) {
	if u.Results == nil {
		u.Results = make(map[string]int64)
	}
	u.Results[kind]++
}

// addOne adds the tokens of a model that one response used.
func (u *Usage) addOne(t *Table, day time.Time, model client.Model, geo string, tokens bulk.Tokens) {
	use := ModelUsage{Model: model, InferenceGeo: geo, Tokens: tokens}
	if n := prompt(tokens); t.long(n) {
		if row, ok := t.Lookup(model, day); ok && row.Above != nil && n > row.Above.Tokens {
			use.Above = row.Above.Tokens
		}
	}
	u.addModel(use)
}

// addSlowly adds a result of any kind.
func (u *Usage) addSlowly(t *Table, day time.Time, item *client.Item) {
	var one bulk.Totals
	one.Add(item)
	u.add(one.Results, one.ServerTools)
	geo := ""
	if m := item.Message(); m != nil {
		geo = m.Usage.InferenceGeo
	}
	for model, tokens := range one.Models {
		u.addOne(t, day, model, geo, tokens)
	}
}

// long reports whether any model has other prices for a prompt of this length.
func (t *Table) long(prompt int64) bool {
	return slices.ContainsFunc(t.Models, func(m Model) bool { return m.Above != nil && prompt > m.Above.Tokens })
}

func prompt(t bulk.Tokens) int64 { return t.Input + t.CacheWrite5m + t.CacheWrite1h + t.CacheRead }

func (u *Usage) add(results, tools map[string]int64) {
	for name, n := range results {
		if u.Results == nil {
			u.Results = make(map[string]int64)
		}
		u.Results[name] += n
	}
	for name, n := range tools {
		if u.ServerTools == nil {
			u.ServerTools = make(map[string]int64)
		}
		u.ServerTools[name] += n
	}
}

func (u *Usage) addModel(m ModelUsage) {
	at, there := slices.BinarySearchFunc(u.Models, m, func(a, b ModelUsage) int {
		return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.InferenceGeo, b.InferenceGeo), cmp.Compare(a.Above, b.Above))
	})
	if !there {
		u.Models = slices.Insert(u.Models, at, m.key())
	}
	sum := &u.Models[at].Tokens
	sum.Input += m.Tokens.Input
	sum.CacheWrite5m += m.Tokens.CacheWrite5m
	sum.CacheWrite1h += m.Tokens.CacheWrite1h
	sum.CacheRead += m.Tokens.CacheRead
	sum.Output += m.Tokens.Output
	sum.Thinking += m.Tokens.Thinking
}

// Merge adds other, which it does not modify.
func (u *Usage) Merge(other *Usage) {
	u.add(other.Results, other.ServerTools)
	for _, m := range other.Models {
		u.addModel(m)
	}
}

// Tokens returns the sum of the tokens of all models.
func (u *Usage) Tokens() bulk.Tokens { return u.totals().Tokens() }

func (u *Usage) totals() *bulk.Totals {
	t := bulk.Totals{Results: maps.Clone(u.Results), ServerTools: maps.Clone(u.ServerTools)}
	for _, m := range u.Models {
		t.Merge(bulk.Totals{Models: map[client.Model]bulk.Tokens{m.Model: m.Tokens}})
	}
	return &t
}

// Cost returns the cost of the usage in batches, by the prices of a day, exact to a billionth. If some usage has no price,
// the error is a [*bulk.PriceError], which has the cost of the rest.
func (u *Usage) Cost(t *Table, day time.Time) (bulk.Money, error) {
	totals := bulk.Totals{ServerTools: u.ServerTools, Models: make(map[client.Model]bulk.Tokens)}
	prices := bulk.Prices{ServerTools: t.ServerTools, Models: make(map[client.Model]bulk.Price)}
	for _, m := range u.Models {
		name := m.Model + "\x00" + client.Model(m.InferenceGeo)
		factor := 1.0
		if f, ok := t.InferenceGeo[m.InferenceGeo]; ok {
			factor = f
		}
		row, _ := t.Lookup(m.Model, day)
		rates := row.Rates
		if row.Above != nil && m.Above >= row.Above.Tokens {
			name, rates = name+"\x00above", row.Above.Rates
		}
		prices.Models[name] = rates.price(factor)
		totals.Merge(bulk.Totals{Models: map[client.Model]bulk.Tokens{name: m.Tokens}})
	}
	cost, err := totals.Cost(prices)
	var missing *bulk.PriceError
	if !errors.As(err, &missing) {
		return cost, err
	}
	var named bulk.Totals
	for name, tokens := range missing.Models {
		named.Merge(bulk.Totals{Models: map[client.Model]bulk.Tokens{plainName(name): tokens}})
	}
	missing.Models = named.Models
	return 0, missing
}

// plainName returns the model in a name that Cost has made.
func plainName(name client.Model) client.Model {
	for i := range len(name) {
		if name[i] == 0 {
			return name[:i]
		}
	}
	return name
}
