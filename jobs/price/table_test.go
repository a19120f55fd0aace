package price_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestLookup(t *testing.T) {
	t.Parallel()
	table := price.Default()
	if len(table.Sources) == 0 || table.Currency != "USD" {
		t.Errorf("sources %q, currency %q", table.Sources, table.Currency)
	}
	for _, m := range table.Models {
		if m.Source == "" {
			t.Errorf("%s has no source", m.Name)
		}
	}
	for name, c := range map[string]struct {
		model client.Model
		day   string
		input float64
		read  float64
	}{
		"alias":          {client.ModelClaudeHaiku45, "2026-11-29", 1, 0.1},
		"snapshot":       {client.ModelClaudeHaiku4520251001, "2026-11-29", 1, 0.1},
		"old/snapshot":   {"claude-sonnet-4-20250514", "2026-11-29", 3, 0.3},
		"date/before":    {client.ModelClaudeSonnet55, "2026-10-06", 2, 0.2},
		"date/from":      {client.ModelClaudeSonnet55, "2026-10-07", 2, 0.1},
		"unknown":        {"claude-nobody-9", "2026-11-29", 0, 0},
		"unknown/prefix": {"claude-haiku-4-5-fast", "2026-11-29", 0, 0},
	} {
		m, ok := table.Lookup(c.model, day(c.day))
		if ok != (c.input > 0) || m.Input != c.input || m.CacheRead != c.read {
			t.Errorf("%s: %+v, %v", name, m, ok)
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	const good = `{"dated":"2026-01-02","currency":"EUR","models":[{"model":"m","input":1}]}`
	table, err := price.Read(strings.NewReader(good + "\n"))
	if err != nil || table.Currency != "EUR" || table.Models[0].Input != 1 {
		t.Errorf("%+v, %v", table, err)
	}
	for name, text := range map[string]string{
		"form/empty":     ``,
		"form/behind":    good + good,
		"form/unknown":   `{"dated":"2026-01-02","modles":[]}`,
		"dated/missing":  `{}`,
		"dated/odd":      `{"dated":"2 January"}`,
		"model/no name":  `{"dated":"2026-01-02","models":[{"input":1}]}`,
		"model/twice":    `{"dated":"2026-01-02","models":[{"model":"m"},{"model":"m"}]}`,
		"model/from":     `{"dated":"2026-01-02","models":[{"model":"m","from":"soon"}]}`,
		"price/negative": `{"dated":"2026-01-02","models":[{"model":"m","output":-1}]}`,
		"price/huge":     `{"dated":"2026-01-02","models":[{"model":"m","output":1e300}]}`,
		"price/above":    `{"dated":"2026-01-02","models":[{"model":"m","above":{"tokens":1,"output":-1}}]}`,
		"price/tool":     `{"dated":"2026-01-02","server_tools":{"x":-1}}`,
		"factor/zero":    `{"dated":"2026-01-02","inference_geo":{"x":0}}`,
	} {
		if table, err := price.Read(strings.NewReader(text)); err == nil || table != nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCost(t *testing.T) {
	t.Parallel()
	million := bulk.Tokens{Input: 1e6, CacheWrite5m: 1e6, CacheWrite1h: 1e6, CacheRead: 1e6, Output: 1e6}
	for name, c := range map[string]struct {
		usage price.Usage
		want  string
	}{
		"nothing":       {price.Usage{}, "0.00"},
		"kinds":         {price.Usage{Models: []price.ModelUsage{{Model: "claude-haiku-4-5-20251001", Tokens: million}}}, "4.675"},
		"prompt/short":  {price.Usage{Models: []price.ModelUsage{{Model: "claude-haiku-5-5", Tokens: million}}}, "0.4675"},
		"prompt/long":   {price.Usage{Models: []price.ModelUsage{{Model: "claude-haiku-5-5", Above: 100_000, Tokens: million}}}, "2.3375"},
		"prompt/lower":  {price.Usage{Models: []price.ModelUsage{{Model: "claude-haiku-5-5", Above: 50_000, Tokens: million}}}, "0.4675"},
		"geo/us":        {price.Usage{Models: []price.ModelUsage{{Model: "claude-haiku-4-5", InferenceGeo: "us", Tokens: million}}}, "5.1425"},
		"geo/global":    {price.Usage{Models: []price.ModelUsage{{Model: "claude-haiku-4-5", InferenceGeo: "global", Tokens: million}}}, "4.675"},
		"tools":         {price.Usage{ServerTools: map[string]int64{"web_search_requests": 3, "web_fetch_requests": 9}}, "0.03"},
		"exact/one":     {price.Usage{Models: []price.ModelUsage{{Model: "claude-haiku-4-5", Tokens: bulk.Tokens{Input: 1}}}}, "0.0000005"},
		"missing/model": {price.Usage{Models: []price.ModelUsage{{Model: "x", Tokens: million}, {Model: "claude-haiku-4-5", Tokens: million}}}, "no price for x"},
		"missing/kind":  {price.Usage{Models: []price.ModelUsage{{Model: "claude-fable-5-2", Tokens: million}}}, "no price for claude-fable-5-2 (1000000 cache read tokens)"},
		"missing/tool":  {price.Usage{ServerTools: map[string]int64{"x": 3}}, "no price for 3 x"},
	} {
		cost, err := c.usage.Cost(price.Default(), day("2026-11-29"))
		got := cost.String()
		if err != nil {
			got = err.Error()
			if !errors.As(err, new(*bulk.PriceError)) || cost != 0 {
				t.Errorf("%s: %v, %#v", name, cost, err)
			}
		}
		if !strings.HasPrefix(got, c.want) || err == nil && got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestUsageCounts compares with the counts of package bulk.
func TestUsageCounts(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"plain":      `{"result":{"type":"succeeded","message":{"model":"claude-haiku-4-5","usage":{"input_tokens":5,"output_tokens":6}}}}`,
		"cache":      `{"result":{"type":"succeeded","message":{"model":"claude-haiku-4-5","usage":{"input_tokens":5,"output_tokens":6,"cache_read_input_tokens":7,"cache_creation_input_tokens":8}}}}`,
		"cache/ttl":  `{"result":{"type":"succeeded","message":{"model":"claude-haiku-4-5","usage":{"input_tokens":5,"output_tokens":6,"cache_creation_input_tokens":9,"cache_creation":{"ephemeral_1h_input_tokens":4,"ephemeral_5m_input_tokens":5}}}}}`,
		"thinking":   `{"result":{"type":"succeeded","message":{"model":"claude-haiku-4-5","usage":{"input_tokens":5,"output_tokens":6,"output_tokens_details":{"thinking_tokens":2}}}}}`,
		"tools":      `{"result":{"type":"succeeded","message":{"model":"claude-haiku-4-5","usage":{"input_tokens":5,"output_tokens":6,"server_tool_use":{"web_search_requests":1,"web_fetch_requests":2}}}}}`,
		"iterations": `{"result":{"type":"succeeded","message":{"model":"claude-haiku-4-5","usage":{"input_tokens":5,"output_tokens":6,"iterations":[{"type":"compaction","input_tokens":50,"output_tokens":60,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"cache_creation":null}]}}}}`,
		"nothing":    `{"result":{"type":"succeeded","message":{"model":"claude-haiku-4-5","usage":{"input_tokens":0,"output_tokens":0}}}}`,
		"expired":    `{"result":{"type":"expired"}}`,
		"damaged":    `{"result":`,
	} {
		item := client.ParseItem([]byte(line), 1)
		var want bulk.Totals
		want.Add(&item)
		var got price.Usage
		got.Add(price.Default(), day("2026-11-29"), &item)
		models := make(map[client.Model]bulk.Tokens)
		for _, m := range got.Models {
			models[m.Model] = m.Tokens
		}
		if len(models) == 0 {
			models = nil
		}
		if diff := cmp.Diff(want, bulk.Totals{Results: got.Results, Models: models, ServerTools: got.ServerTools}); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	item := func(model, usage string) *client.Item {
		i := client.ParseItem([]byte(`{"custom_id":"a","result":{"type":"succeeded","message":{"id":"m","type":"message","role":"assistant","model":"`+model+
			`","content":[],"stop_reason":"end_turn","stop_sequence":null,"usage":{`+usage+`}}}}`), 0)
		return &i
	}
	table, now := price.Default(), day("2026-11-29")
	var u, other price.Usage
	u.Add(table, now, item("claude-haiku-5-5", `"input_tokens":100000,"output_tokens":5`))
	u.Add(table, now, item("claude-haiku-5-5", `"input_tokens":1,"cache_read_input_tokens":100000,"output_tokens":5,"inference_geo":"us"`))
	other.Add(table, now, item("claude-haiku-4-5-20251001", `"input_tokens":500000,"output_tokens":7,"server_tool_use":{"web_search_requests":2,"web_fetch_requests":0}`))
	other.Add(table, now, item("claude-haiku-5-5", `"input_tokens":2,"output_tokens":1`))
	u.Merge(&other)
	want := price.Usage{
		Results: map[string]int64{"succeeded": 4},
		Models: []price.ModelUsage{
			{Model: "claude-haiku-4-5-20251001", Tokens: bulk.Tokens{Input: 500000, Output: 7}},
			{Model: "claude-haiku-5-5", Tokens: bulk.Tokens{Input: 100002, Output: 6}},
			{Model: "claude-haiku-5-5", InferenceGeo: "us", Above: 100000, Tokens: bulk.Tokens{Input: 1, CacheRead: 100000, Output: 5}},
		},
		ServerTools: map[string]int64{"web_search_requests": 2},
	}
	if diff := cmp.Diff(want, u); diff != "" {
		t.Error(diff)
	}
	if got := u.Tokens(); got != (bulk.Tokens{Input: 600003, CacheRead: 100000, Output: 18}) {
		t.Errorf("%+v", got)
	}
}
