package bulk_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/contract"
)

// succeededWith returns the result of a succeeded request, with a usage.
func succeededWith(t testing.TB, usage string) *client.Item {
	t.Helper()
	return item(t, `{"custom_id":"a","result":{"type":"succeeded","message":{"type":"message","model":"opus","usage":`+usage+`}}}`)
}

func TestTotalsTokens(t *testing.T) {
	t.Parallel()
	step := func(kind, model string, n int) string {
		return fmt.Sprintf(`{"type":%q,"model":%q,"input_tokens":%d,"output_tokens":%d,"cache_read_input_tokens":%d,"cache_creation_input_tokens":%d,"cache_creation":{"ephemeral_1h_input_tokens":%d,"ephemeral_5m_input_tokens":%d}}`,
			kind, model, n, 2*n, 3*n, 9*n, 4*n, 5*n)
	}
	of := func(n int64) bulk.Tokens {
		return bulk.Tokens{Input: n, Output: 2 * n, CacheRead: 3 * n, CacheWrite1h: 4 * n, CacheWrite5m: 5 * n}
	}
	sum := func(ns ...int64) (all bulk.Tokens) {
		for _, n := range ns {
			all = of(n + all.Input)
		}
		return all
	}
	usage := func(n int, rest string) string {
		return strings.TrimSuffix(strings.Replace(step("message", "x", n), `"type":"message","model":"x",`, "", 1), "}") + rest + "}"
	}
	type models = map[client.Model]bulk.Tokens
	for name, tt := range map[string]struct {
		usage   string
		want    models
		unknown int64
	}{
		"plain/nothing":          {`{}`, nil, 0},
		"plain/null":             {`null`, nil, 0},
		"plain/all kinds":        {usage(1, ""), models{"opus": of(1)}, 0},
		"plain/thinking":         {`{"input_tokens":5,"output_tokens":50,"output_tokens_details":{"thinking_tokens":20}}`, models{"opus": {Input: 5, Output: 50, Thinking: 20}}, 0},
		"cache/no time to live":  {`{"cache_creation_input_tokens":7,"cache_creation":null}`, models{"opus": {CacheWrite5m: 7}}, 0},
		"cache/some of them":     {`{"cache_creation_input_tokens":7,"cache_creation":{"ephemeral_1h_input_tokens":4}}`, models{"opus": {CacheWrite5m: 3, CacheWrite1h: 4}}, 0},
		"cache/only by TTL":      {`{"cache_creation_input_tokens":null,"cache_creation":{"ephemeral_1h_input_tokens":4,"ephemeral_5m_input_tokens":5}}`, models{"opus": {CacheWrite5m: 5, CacheWrite1h: 4}}, 0},
		"steps/of the response":  {usage(3, `,"iterations":[`+step("message", "opus", 1)+`,`+step("message", "", 2)+`]`), models{"opus": of(3)}, 0},
		"steps/compaction":       {usage(3, `,"iterations":[`+step("compaction", "", 4)+`,`+step("message", "opus", 3)+`]`), models{"opus": sum(3, 4)}, 0},
		"steps/advisor":          {usage(3, `,"iterations":[`+step("message", "opus", 3)+`,`+step("advisor_message", "fable", 10)+`,`+step("advisor_message", "fable", 20)+`]`), models{"opus": of(3), "fable": sum(10, 20)}, 0},
		"steps/advisor, same":    {usage(3, `,"iterations":[`+step("advisor_message", "opus", 10)+`]`), models{"opus": sum(3, 10)}, 0},
		"steps/other name":       {usage(3, `,"iterations":[`+step("message", "opus-20261001", 3)+`]`), models{"opus": of(3)}, 0},
		"fallback/declined":      {usage(3, `,"iterations":[{"type":"message","model":"fable","input_tokens":408,"output_tokens":0},`+step("fallback_message", "opus", 3)+`]`), models{"opus": of(3)}, 0},
		"fallback/after output":  {usage(3, `,"iterations":[`+step("message", "fable", 7)+`,`+step("message", "opus", 1)+`,`+step("fallback_message", "opus", 2)+`]`), models{"opus": of(3), "fable": of(7)}, 0},
		"fallback/no model":      {usage(3, `,"iterations":[`+step("message", "", 7)+`,`+step("fallback_message", "opus", 2)+`]`), models{"opus": of(3)}, 0},
		"unknown/step":           {usage(3, `,"iterations":[{"type":"dream","input_tokens":5}]`), models{"opus": of(3)}, 1},
		"unknown/compaction too": {usage(3, `,"iterations":[{"type":"dream"},`+step("compaction", "", 1)+`,{"type":"dream"}]`), models{"opus": sum(3, 1)}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got bulk.Totals
			got.Add(succeededWith(t, tt.usage))
			want := bulk.Totals{Results: map[string]int64{"succeeded": 1}, Models: tt.want, UnknownSteps: tt.unknown}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTotalsKnowAllOfTheContract fails if the contract has a kind of step, or a property of a usage, whose counting has not
// been decided.
func TestTotalsKnowAllOfTheContract(t *testing.T) {
	t.Parallel()
	schemas := contract.Load().Components.Schemas
	for schema, known := range map[string]string{
		"BetaUsage":                         "cache_creation cache_creation_input_tokens cache_read_input_tokens fallback_credit inference_geo input_tokens iterations output_tokens output_tokens_details server_tool_use service_tier speed",
		"BetaServerToolUsage":               "web_fetch_requests web_search_requests",
		"BetaCacheCreation":                 "ephemeral_1h_input_tokens ephemeral_5m_input_tokens",
		"BetaOutputTokensDetails":           "thinking_tokens",
		"BetaMessageIterationUsage":         "cache_creation cache_creation_input_tokens cache_read_input_tokens input_tokens model output_tokens type",
		"BetaCompactionIterationUsage":      "cache_creation cache_creation_input_tokens cache_read_input_tokens input_tokens output_tokens type",
		"BetaAdvisorMessageIterationUsage":  "cache_creation cache_creation_input_tokens cache_read_input_tokens input_tokens model output_tokens type",
		"BetaFallbackMessageIterationUsage": "cache_creation cache_creation_input_tokens cache_read_input_tokens input_tokens model output_tokens type",
	} {
		for name := range schemas[schema].Value.Properties {
			if !strings.Contains(" "+known+" ", " "+name+" ") {
				t.Errorf("%s of %s: its counting has not been decided", name, schema)
			}
		}
	}
	for name := range schemas["BetaUsageIteration"].Value.Discriminator.Mapping {
		if !strings.Contains(" message compaction advisor_message fallback_message ", " "+name+" ") {
			t.Errorf("steps of type %s: their counting has not been decided", name)
		}
	}
}

func TestTotalsResults(t *testing.T) {
	t.Parallel()
	var got bulk.Totals
	if !got.IsZero() || got.Tokens() != (bulk.Tokens{}) {
		t.Errorf("got %+v", got)
	}
	got.Add(nil)
	got.Add(&client.Item{CustomID: "a"})
	if !got.IsZero() {
		t.Errorf("got %+v", got)
	}
	for _, result := range []string{`{"type":"expired"}`, `{"type":"canceled"}`, `{"type":"canceled"}`, `{"type":"postponed"}`, `{"type":"errored","error":{"type":"error","error":{"type":"api_error","message":"x"}}}`} {
		got.Add(item(t, `{"custom_id":"a","result":`+result+`}`))
	}
	got.Add(succeededWith(t, `{"server_tool_use":{"web_search_requests":3,"odd":"x","half":1.5,"none":null,"web_fetch_requests":0,"code_execution_requests":2},"other":{"server_tool_use":{"z":1}}}`))
	got.Add(succeededWith(t, `{"server_tool_use":{"web_search_requests":1,"web_fetch_requests":4,"Web_Search_Requests":50}}`))
	got.Add(succeededWith(t, `{"Server_Tool_Use":{"web_search_requests":50}}`))
	got.Add(&client.Item{CustomID: "a", Result: &client.SucceededResult{Message: client.Message{Usage: client.Usage{ServerToolUse: &gen.BetaServerToolUsage{WebFetchRequests: 1}}}}})
	want := bulk.Totals{
		Results:     map[string]int64{"succeeded": 4, "expired": 1, "canceled": 2, "postponed": 1, "errored": 1},
		ServerTools: map[string]int64{"web_search_requests": 4, "web_fetch_requests": 5, "code_execution_requests": 2, "Web_Search_Requests": 50},
	}
	if diff := cmp.Diff(want, got); diff != "" || got.IsZero() {
		t.Error(diff)
	}
}

// TestTotalsMerge adds items at random to several totals, and merges them.
func TestTotalsMerge(t *testing.T) {
	t.Parallel()
	var pool []*client.Item
	for i := range 50 {
		pool = append(pool, succeededWith(t, fmt.Sprintf(`{"input_tokens":%d,"output_tokens":7,"server_tool_use":{"web_search_requests":%d},"iterations":[{"type":"dream"},{"type":"advisor_message","model":"m%d","input_tokens":9}]}`, i, i%3, i%4)))
		pool = append(pool, item(t, fmt.Sprintf(expired, "a")))
	}
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 10))
		var all bulk.Totals
		parts := make([]bulk.Totals, 1+random.IntN(4))
		for range random.IntN(60) {
			i := pool[random.IntN(len(pool))]
			all.Add(i)
			parts[random.IntN(len(parts))].Add(i)
		}
		var merged bulk.Totals
		var copies []bulk.Totals
		for _, p := range parts {
			copies = append(copies, p.Clone())
			merged.Merge(p)
		}
		merged.Merge(bulk.Totals{})
		if diff := cmp.Diff(all, merged); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
		merged.Add(pool[0])
		if diff := cmp.Diff(copies, parts); diff != "" {
			t.Fatalf("seed %d: merging changed a part: %s", seed, diff)
		}
	}
}

func TestCost(t *testing.T) {
	t.Parallel()
	opus := bulk.Price{Input: 5, CacheWrite5m: 6.25, CacheWrite1h: 10, CacheRead: 0.5, Output: 25}
	prices := bulk.Prices{
		Models:      map[client.Model]bulk.Price{"opus": opus, "haiku": {Input: 1, Output: 5}, "tiny": {Input: 1e-9}},
		ServerTools: map[string]float64{"web_search_requests": 0.01, "web_fetch_requests": 0},
	}
	type models = map[client.Model]bulk.Tokens
	type tools = map[string]int64
	for name, tt := range map[string]struct {
		totals bulk.Totals
		want   string
		err    string
	}{
		"zero/nothing":       {bulk.Totals{}, "0.00", ""},
		"zero/only results":  {bulk.Totals{Results: tools{"expired": 5}}, "0.00", ""},
		"half/input":         {bulk.Totals{Models: models{"opus": {Input: 1e6}}}, "2.50", ""},
		"half/output":        {bulk.Totals{Models: models{"opus": {Output: 1e6, Thinking: 5e5}}}, "12.50", ""},
		"half/writes 5m":     {bulk.Totals{Models: models{"opus": {CacheWrite5m: 1e6}}}, "3.125", ""},
		"half/writes 1h":     {bulk.Totals{Models: models{"opus": {CacheWrite1h: 1e6}}}, "5.00", ""},
		"half/reads":         {bulk.Totals{Models: models{"opus": {CacheRead: 1e6}}}, "0.25", ""},
		"whole/tools":        {bulk.Totals{ServerTools: tools{"web_search_requests": 7, "web_fetch_requests": 100}}, "0.07", ""},
		"sum/everything":     {bulk.Totals{Models: models{"opus": {Input: 1, CacheWrite5m: 1, CacheWrite1h: 1, CacheRead: 1, Output: 1}, "haiku": {Input: 3}}, ServerTools: tools{"web_search_requests": 1}}, "0.010024875", ""},
		"round/exact":        {bulk.Totals{Models: models{"opus": {CacheRead: 1}, "haiku": {Input: 1}}}, "0.00000075", ""},
		"round/up":           {bulk.Totals{Models: models{"tiny": {Input: 1e6}}}, "0.000000001", ""},
		"round/down":         {bulk.Totals{Models: models{"tiny": {Input: 1e6 - 1}}}, "0.00", ""},
		"missing/model":      {bulk.Totals{Models: models{"opus": {Input: 1e6}, "sonnet": {Input: 7, Output: 8}}}, "2.50", "no price for sonnet (7 input, 8 output tokens)"},
		"missing/kind":       {bulk.Totals{Models: models{"haiku": {Input: 1e6, CacheRead: 9, CacheWrite5m: 1, CacheWrite1h: 2}}}, "0.50", "no price for haiku (1 5m cache write, 2 1h cache write, 9 cache read tokens)"},
		"missing/tool":       {bulk.Totals{ServerTools: tools{"web_search_requests": 1, "code_execution_requests": 2}}, "0.01", "no price for 2 code_execution_requests"},
		"missing/several":    {bulk.Totals{Models: models{"b": {Input: 1}, "a": {Output: 2}}, ServerTools: tools{"x": 3}}, "0.00", "no price for a (2 output tokens); b (1 input tokens); 3 x"},
		"missing/not needed": {bulk.Totals{Models: models{"sonnet": {}}}, "0.00", ""},
		"large/all":          {bulk.Totals{Models: models{"opus": {Input: 1e13 + 1}}}, "25000000.0000025", ""},
		"large/too large":    {bulk.Totals{Models: models{"opus": {Input: math.MaxInt64}}}, "0.00", "the cost is more than Money can hold"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.totals.Cost(prices)
			text := ""
			if err != nil {
				text = err.Error()
				if got != 0 {
					t.Errorf("%v together with the error", got)
				}
			}
			if missing, ok := errors.AsType[*bulk.PriceError](err); ok {
				got = missing.Rest
			}
			if got.String() != tt.want || text != tt.err {
				t.Errorf("got %v, %q", got, text)
			}
		})
	}
	for _, bad := range []float64{-1, math.NaN(), math.Inf(1), 1e10} {
		one := bulk.Totals{Models: models{"opus": {Input: 1}}, ServerTools: tools{"x": 1}}
		if cost, err := one.Cost(bulk.Prices{Models: map[client.Model]bulk.Price{"opus": {Input: bad}}}); cost != 0 || err == nil || !strings.HasPrefix(err.Error(), "price of opus: ") {
			t.Errorf("price %v: got %v, %v", bad, cost, err)
		}
		if cost, err := one.Cost(bulk.Prices{ServerTools: map[string]float64{"x": bad}}); cost != 0 || err == nil || !strings.HasPrefix(err.Error(), "price of x: ") {
			t.Errorf("price %v: got %v, %v", bad, cost, err)
		}
	}
}

// TestCostLosesNothing adds up 100,000 items whose costs are not exact as floats, and compares with fractions.
func TestCostLosesNothing(t *testing.T) {
	t.Parallel()
	prices := bulk.Prices{Models: map[client.Model]bulk.Price{"opus": {Input: 0.1, CacheRead: 0.03, Output: 0.7, CacheWrite5m: 0.125, CacheWrite1h: 0.2}}}
	random := rand.New(rand.NewPCG(1, 11))
	var totals bulk.Totals
	var hundredths int64 // of the cost of a million at list prices
	for range 100_000 {
		in, out, read := random.Int64N(5000), random.Int64N(900), random.Int64N(20_000)
		totals.Add(&client.Item{CustomID: "a", Result: &client.SucceededResult{Message: client.Message{
			Model: "opus", Usage: client.Usage{InputTokens: in, OutputTokens: out, CacheReadInputTokens: &read},
		}}})
		hundredths += 10*in + 70*out + 3*read
	}
	exact := big.NewRat(hundredths*1_000_000_000, 100*2*1_000_000)
	got, err := totals.Cost(prices)
	if err != nil {
		t.Fatal(err)
	}
	off := new(big.Rat).Sub(exact, new(big.Rat).SetInt64(int64(got)))
	if off.Abs(off).Cmp(big.NewRat(1, 2)) > 0 {
		t.Errorf("got %v, off by %s billionths", got, off.FloatString(3))
	}
	if totals.Results["succeeded"] != 100_000 || got < 30e9 {
		t.Errorf("got %+v, %v", totals, got)
	}
}

func TestMoneyString(t *testing.T) {
	t.Parallel()
	for money, want := range map[bulk.Money]string{
		0: "0.00", 1: "0.000000001", 10_000_000: "0.01", 1_000_000_000: "1.00", 1_230_000_000: "1.23", 1_234_500_000: "1.2345",
		-1_500_000_000: "-1.50", -1: "-0.000000001", math.MaxInt64: "9223372036.854775807", math.MinInt64: "-9223372036.854775808",
	} {
		if got := money.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := bulk.Money(1_250_000_000).Float64(); got != 1.25 {
		t.Errorf("got %v", got)
	}
}
