package page

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/seed-111a911e/messagebatches"
)

func TestRules(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ yaml, want string }{
		"beta/three":       {"x-needs-beta: [a, b, c]", "Needs the beta `a`, `b` or `c`."},
		"beta/value":       {"x-needs-beta: {v: [a]}", "`v` needs the beta `a`."},
		"deprecated/":      {"x-deprecated: {a: {end: '2027-01-22', instead: c}, b: {}}", "Deprecated: `a` (ends on 2027-01-22, use `c`), `b`."},
		"refused/values":   {"x-refused: [{batch: true, values: ['', []], source: docs a}]", "Refused in a batch, if it is empty or `[]` (docs a)."},
		"refused/fact":     {"x-refused: [{models: f, except: [1]}]", "Refused by the models listed as `f` under `model`, unless it is `1`."},
		"refused/above":    {"x-refused: [{above: f}]", "Refused if it exceeds `f` of the model, as listed under `model`."},
		"refused/of":       {"x-refused: [{below: 5, of: v}]", "Refused if its `v` is less than 5."},
		"refused/message":  {"x-refused: [{role: user, position: not-last, with-text: true}]", "Refused in a message of the role `user`, in a message before the last, if the message has text and no other blocks."},
		"refused/beside":   {"x-refused: [{beside: [a, b], without: [c], hint: use a, severity: warning}]", "May be refused beside `a` and `b`, without `c`: use a."},
		"refused/where":    {"x-refused: [{where: {a/b: [1, 2]}, where-not: {c: [3]}}]", "Refused if `a/b` is `1` or `2`, unless `c` is `3`."},
		"refused/matching": {"x-refused: [{versions: [v], matching: a, not-matching: b}]", "Refused with version `v`, if it matches `a`, if it does not match `b`."},
		"refused/unless":   {"x-refused: [{at-least: /m, unless: {betas: [b], beside: [/t]}}]", "Refused if it is not less than `/m`, unless the call has the beta `b` and the request has `/t`."},
		"across/count":     {"x-across: [{rule: count, each: [/a], where: {t: [b]}, most: 4}]", "At most 4 of `/a` where `t` is `b`."},
		"across/most of":   {"x-across: [{rule: count, each: [/a], most-of: f}]", "At most the model's `f` of `/a`."},
		"across/unique":    {"x-across: [{rule: unique, each: ['*/a', '*/b']}]", "No two of `*/a` or `*/b` are equal."},
		"across/ordered":   {"x-across: [{rule: ordered, each: [/a, /b], by: ttl, default: 5m, ranks: [1h, 5m]}]", "`ttl` of `/a` and `/b`, in this order, are sorted: `1h` then `5m` (absent is `5m`)."},
		"across/refers":    {"x-across: [{rule: refers, each: [/a], to: /b, once: true}]", "Each `/a` has exactly one equal among `/b`."},
		"across/paired": {
			"x-across: [{rule: paired, each: [/a], calls: {type: c, id: i}, results: {type: r, id: j}}]",
			"In `/a`, each `c` is followed by one `r` at the beginning of the next message, whose `j` is its `i`.",
		},
		"across/placed": {
			"x-across: [{rule: placed, each: [/a], where: {r: [s]}, after: [{role: user}, {role: b, ends-in: [c]}], before: [{end: true}]}]",
			"`/a` where `r` is `s` come after a message of the role `user` or a message of the role `b` that ends in `c` and before the end. Several in a row count as one.",
		},
		"across/first":       {"x-across: [{rule: first, each: ['*'], where: {t: [a]}}]", "In `*`, those where `t` is `a` come first."},
		"across/not all":     {"x-across: [{rule: not-all, each: [/a], where: {t: [b]}}]", "`t` is `b` may not hold for all of `/a`."},
		"across/all or none": {"x-across: [{rule: all-or-none, each: [/a], among: {t: [b]}, where: {c: [true]}}]", "In `/a` where `t` is `b`, `c` is `true` holds for all or none."},
		"schema/refused":     {"x-json-schema: [{at: top, refused: [a, b]}]", "At the top level of the schema: no `a` or `b`."},
		"schema/want":        {"x-json-schema: [{at: everywhere, where: {s: [true]}, of: object, want: {a: [false]}}]", "At every level of the schema: if `s` is `true`, in schemas of type `object`, required: `a` is `false`."},
		"schema/most":        {"x-json-schema: [{at: everywhere, most-optional: 2, most-unions: 1}]", "At every level of the schema: at most 2 optional properties in all schemas of the request, at most 1 properties of several types, likewise."},
		"others/":            {"x-other-properties: {a: {batch: true, values: [b]}, c: {instead: d}, e: {}}", "Refused in a batch: `a` with the value `b`. Names from other APIs, not accepted: `c` (use `d`), `e`."},
		"facts/":             {"x-facts: [{fact: f, value: 3, with: b, models: [m, n], source: s}]", "Models listed as `f` 3 with the beta `b`: `m` and `n` (s)."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var doc yaml.Node
			if err := yaml.Unmarshal([]byte(tt.yaml), &doc); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, strings.Join(rules(doc.Content[0]), " ")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestRulesOfContract checks that all rules of the contract can be written as sentences.
func TestRulesOfContract(t *testing.T) {
	t.Parallel()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(messagebatches.OpenAPI()), &doc); err != nil {
		t.Fatal(err)
	}
	written := make(map[string]int)
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		for _, x := range extensions {
			if property(n, x.name) != nil {
				written[x.name]++
			}
		}
		for _, sentence := range rules(n) {
			if strings.Contains(sentence, "UNKNOWN") || strings.Contains(sentence, "%!") || !strings.HasSuffix(sentence, ".") {
				t.Errorf("line %d: %s", n.Line, sentence)
			}
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(&doc)
	for _, x := range extensions {
		if written[x.name] == 0 {
			t.Errorf("the contract has no %s", x.name)
		}
	}
}
