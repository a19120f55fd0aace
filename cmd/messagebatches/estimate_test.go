package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

func TestEstimate(t *testing.T) {
	t.Parallel()
	const line = `{"custom_id":"a","params":{"model":"%s","max_tokens":100000,"system":[{"type":"text","text":"%s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"q"}]}}` + "\n"
	dir := writeFiles(t, map[string]string{
		"prices.json": `{"dated": "2026-01-01", "currency": "EUR", "models": [{"model": "m", "input": 2, "cache_write_5m": 2.5, "cache_write_1h": 4, "cache_read": 0.2, "output": 10, "text": 1}]}`,
		"a.jsonl":     strings.Repeat(fmt.Sprintf(line, "m", strings.Repeat("many words ", 4000)), 100),
		"b.jsonl":     fmt.Sprintf(line, "other", "few") + "{}\n",
		"r.jsonl":     `{"custom_id":"a","result":{"type":"succeeded","message":{"id":"x","type":"message","role":"assistant","model":"m","content":[],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1000000,"output_tokens":1000000}}}}` + "\n",
	})
	in := func(name string) string { return filepath.Join(dir, name) }
	out, err, status := runCommand("", false, "estimate", in("a.jsonl"), in("b.jsonl"), "--prices", in("prices.json"), "--compare", in("a.jsonl")+"="+in("r.jsonl"), "--output-share", "0.5")
	if status != cli.Issues || err != "" {
		t.Errorf("status %d, %s", status, err)
	}
	rows := strings.Split(strings.ReplaceAll(out, dir, "DIR"), "\n")
	for i, want := range []string{
		"at best  expected  at worst", "m, 100 requests", "tokens in", "read from the cache", "written to the cache", "tokens out  200,000  5,000,000  10,000,000", "cost", "other, 1 request", "tokens in", "tokens out", "cost  no price  no price  no price",
		"total of 101 requests", "", "Prices of 2026-01-01", "The total does not include other: there is no price for that.", "Lines that are not requests are omitted; the first: DIR/b.jsonl: line 2: ",
		"Compared with DIR/a.jsonl=DIR/r.jsonl, 100 requests: estimated ",
	} {
		if i >= len(rows) || !strings.HasPrefix(strings.Join(strings.Fields(rows[i]), " "), strings.Join(strings.Fields(want), " ")) {
			t.Fatalf("row %d does not begin with %s:\n%s", i, want, out)
		}
	}
	if compared := rows[16]; !strings.Contains(compared, "actual cost 6.00 EUR for 1 result: ") || !strings.HasSuffix(compared, " % too high.") {
		t.Error(compared)
	}
	out, _, _ = runCommand("", false, "estimate", in("a.jsonl"), "--prices", in("prices.json"), "--json")
	var got struct {
		Files    []string
		Requests int
		Currency string
		Cost     struct{ Low, Expected, High int64 }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || got.Cost.Low <= 0 || got.Cost.Expected <= got.Cost.Low || got.Cost.High <= got.Cost.Expected {
		t.Errorf("%v, %+v", err, got)
	}
	if diff := cmp.Diff([]any{[]string{in("a.jsonl")}, 100, "EUR"}, []any{got.Files, got.Requests, got.Currency}); diff != "" {
		t.Error(diff)
	}
	if _, err, status := runCommand("", false, "estimate", in("a.jsonl"), "--hit-rate", "2"); status != cli.Failed || !strings.HasPrefix(err, "messagebatches estimate: --hit-rate must be above 0 and at most 1, not 2\n") {
		t.Errorf("status %d, %s", status, err)
	}
	if _, err, status := runCommand("", false, "estimate", in("a.jsonl"), "--prices", in("a.jsonl")); status != cli.Failed || !strings.Contains(err, "a.jsonl is not a table of prices in JSON: ") {
		t.Errorf("status %d, %s", status, err)
	}
}
