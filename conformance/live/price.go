package live

import (
	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
)

// The model that the script uses, and its list prices in dollars for a million tokens. Source: docs about-claude/pricing
// 2026-08-22.
const (
	model     = client.ModelClaudeHaiku45
	pricesDay = "2026-08-22"
)

var prices = bulk.Prices{Models: map[client.Model]bulk.Price{
	model: {Input: 1, CacheWrite5m: 1.25, CacheWrite1h: 2, CacheRead: 0.10, Output: 5},
}}

// framing bounds the tokens that the service adds to a request.
const framing = 100

// bound returns the maximum cost of requests: an input token is at least one byte of their JSON, and each request uses
// all of its max_tokens.
func bound(requests []client.Request) (bulk.Money, error) {
	var used bulk.Tokens
	for _, r := range requests {
		text, err := r.AppendJSON(nil)
		if err != nil {
			return 0, err
		}
		used.Input += int64(len(text)) + framing
		used.Output += maxTokens
	}
	return bulk.Totals{Models: map[client.Model]bulk.Tokens{model: used}}.Cost(prices)
}
