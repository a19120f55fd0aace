package price_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

// TestExperience: prompts have twice the expected tokens, half of them read from the cache, and answers have a tenth of
// max_tokens.
func TestExperience(t *testing.T) {
	t.Parallel()
	table, now := price.Default(), day("2026-11-29")
	estimate := func(n int64) *price.Estimate {
		return &price.Estimate{
			Requests: n,
			Models:   []price.ModelEstimate{{Model: "claude-haiku-4-5", MaxTokens: n * 1000, Input: price.Range{Expected: n * 100}}},
			Expected: price.Usage{Models: []price.ModelUsage{{Model: "claude-haiku-4-5", Tokens: bulk.Tokens{Input: n * 100, Output: n * 250}}}, ServerTools: map[string]int64{"x": n}},
		}
	}
	used := func(n int64) *price.Usage {
		return &price.Usage{
			Results: map[string]int64{"succeeded": n, "expired": n}, // half of them
			Models:  []price.ModelUsage{{Model: "claude-haiku-4-5-20251001", Tokens: bulk.Tokens{Input: n * 100, CacheRead: n * 100, Output: n * 100}}},
		}
	}
	var x price.Experience
	if diff := cmp.Diff(estimate(10).Expected, x.Expect(table, now, estimate(10))); diff != "" {
		t.Errorf("without experience:\n%s", diff)
	}
	x.Add(table, now, estimate(20), &price.Usage{Results: map[string]int64{"expired": 20}})
	x.Add(table, now, estimate(38), used(19))
	if diff := cmp.Diff(estimate(10).Expected, x.Expect(table, now, estimate(10))); diff != "" {
		t.Errorf("with 19 results:\n%s", diff)
	}
	x.Add(table, now, estimate(2), used(1))
	want := price.Usage{
		Models:      []price.ModelUsage{{Model: "claude-haiku-4-5", Tokens: bulk.Tokens{Input: 1000, CacheRead: 1000, Output: 1000}}},
		ServerTools: map[string]int64{"x": 10},
	}
	if diff := cmp.Diff(want, x.Expect(table, now, estimate(10))); diff != "" {
		t.Errorf("with 20 results:\n%s", diff)
	}
	other := estimate(10)
	other.Models[0].Model, other.Expected.Models[0].Model = "claude-opus-4-5", "claude-opus-4-5"
	if diff := cmp.Diff(other.Expected, x.Expect(table, now, other)); diff != "" {
		t.Errorf("another model:\n%s", diff)
	}
}
