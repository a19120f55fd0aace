package price

import (
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
)

// An Experience compares estimates with actual results, by model, to correct further estimates. The zero Experience is
// empty. It is not safe for concurrent use.
type Experience struct {
	models  map[client.Model]*seen
	results int64
}

// seen is the experience with a model: the estimate for the requests that succeeded, and their usage.
type seen struct {
	prompt, maxTokens float64
	used              bulk.Tokens
}

// leastResults is the number of results that an Experience needs to change estimates.
const leastResults = 20

// Add records the actual usage of the requests of an estimate. Requests that did not succeed are not billed and are ignored.
func (x *Experience) Add(t *Table, day time.Time, e *Estimate, used *Usage) {
	succeeded := used.Results["succeeded"]
	if succeeded == 0 || e.Requests == 0 {
		return
	}
	if x.models == nil {
		x.models = make(map[client.Model]*seen)
	}
	x.results += succeeded
	share := float64(succeeded) / float64(e.Requests)
	for _, m := range e.Models {
		s := x.of(t, day, m.Model)
		s.prompt += share * float64(m.Input.Expected)
		s.maxTokens += share * float64(m.MaxTokens)
	}
	for _, m := range used.Models {
		s := x.of(t, day, m.Model)
		sum := Usage{Models: []ModelUsage{{Tokens: s.used}}}
		sum.addModel(ModelUsage{Tokens: m.Tokens})
		s.used = sum.Models[0].Tokens
	}
}

// of returns the experience with a model, under the name of its price.
func (x *Experience) of(t *Table, day time.Time, name client.Model) *seen {
	if m, ok := t.Lookup(name, day); ok {
		name = m.Name
	}
	if x.models[name] == nil {
		x.models[name] = new(seen)
	}
	return x.models[name]
}

// Expect returns the expected usage of the requests of an estimate. It is e.Expected, but once 20 results were added, the
// tokens of each model with results are scaled from their usage.
func (x *Experience) Expect(t *Table, day time.Time, e *Estimate) Usage {
	var u Usage
	u.add(e.Expected.Results, e.Expected.ServerTools)
	maxTokens := make(map[client.Model]int64)
	for _, m := range e.Models {
		maxTokens[m.Model] = m.MaxTokens
	}
	output := make(map[client.Model]int64) // expected, over all rows of a model
	for _, m := range e.Expected.Models {
		output[m.Model] += m.Tokens.Output
	}
	for _, m := range e.Expected.Models {
		if x.results >= leastResults {
			if s := x.of(t, day, m.Model); s.prompt > 0 && s.maxTokens > 0 {
				part := 1.0
				if all := output[m.Model]; all > 0 {
					part = float64(m.Tokens.Output) / float64(all)
				}
				m.Tokens = s.expect(prompt(m.Tokens), part*float64(maxTokens[m.Model]))
			}
		}
		u.addModel(m)
	}
	return u
}

func (s *seen) expect(prompt int64, maxTokens float64) bulk.Tokens {
	in := float64(prompt) / s.prompt
	up := func(n int64, factor float64) int64 { return int64(float64(n)*factor + 0.999) }
	return bulk.Tokens{
		Input: up(s.used.Input, in), CacheWrite5m: up(s.used.CacheWrite5m, in), CacheWrite1h: up(s.used.CacheWrite1h, in), CacheRead: up(s.used.CacheRead, in),
		Output: up(s.used.Output, maxTokens/s.maxTokens),
	}
}
