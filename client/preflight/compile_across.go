package preflight

import (
	"slices"
	"strings"

	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

// acrossKind returns the name that preflight has for a rule of the contract.
func acrossKind(rule string) Rule {
	switch rule {
	case "count":
		return TooMany
	case "unique":
		return Duplicate
	case "ordered", "first":
		return Order
	case "paired":
		return Unpaired
	case "placed":
		return Misplaced
	case "refers":
		return Unresolved
	case "not-all":
		return NotAll
	case "all-or-none":
		return Mixed
	}
	panic("preflight: the contract has an unknown rule " + rule)
}

func (c *compiler) acrossRule(s schema.Across) *across {
	x := &across{Across: s, number: len(c.rulesAll), rule: acrossKind(s.Rule), severity: severityOf(s.Severity)}
	c.rulesAll = append(c.rulesAll, x)
	lead := func(text string, each int) {
		p := c.path(text)
		c.targets[p] = append(c.targets[p], target{x, each})
		if !strings.HasPrefix(text, "/") {
			x.begin = append(x.begin, p)
		}
	}
	for i, text := range s.Each {
		lead(text, i)
	}
	if s.To != "" {
		lead(s.To, -1)
	}
	for _, text := range s.Without {
		x.without = append(x.without, c.register(text, nil))
	}
	switch s.Rule {
	case "paired":
		x.pair, c.pairs = c.pairs, c.pairs+1
	case "placed":
		x.row, c.rows = c.rows, c.rows+1
	}
	return x
}

// item returns what a rule does with values of a schema, or false if they do not concern it.
func (c *compiler) item(t target, s *schema.Schema) (item, bool) {
	x := t.rule
	i := item{target: t, by: -1}
	watch := func(text string, values []any) int {
		i.begin = append(i.begin, c.path(text))
		return c.register(text, values)
	}
	meets := func(where map[string]any, hit *[]int) bool {
		for _, text := range sortedKeys(where) {
			values := where[text].([]any)
			switch name, _, _ := strings.Cut(text, "/"); {
			case s.Properties[name] == nil:
				return false
			case s.Constant(text) != "":
				if !slices.Contains(values, any(s.Constant(text))) {
					return false
				}
			default:
				*hit = append(*hit, watch(text, values))
			}
		}
		return true
	}
	if t.each >= 0 {
		i.among, i.where = meets(x.Among, &i.amongHit), meets(x.Where, &i.whereHit)
	}
	switch x.Rule {
	case "count":
		if !i.where {
			return i, false
		}
	case "all-or-none":
		if !i.among {
			return i, false
		}
	case "ordered":
		ranks := make([]any, len(x.Ranks))
		for k, r := range x.Ranks {
			ranks[k] = r
		}
		i.by = watch(x.By, ranks)
	case "paired":
		switch s.Constant("type") {
		case x.Calls.Type:
			i.call, i.by = true, watch(x.Calls.ID, nil)
		case x.Results.Type:
			i.result, i.by = true, watch(x.Results.ID, nil)
		}
	}
	x.places++
	return i, true
}

// turns finds the roles whose messages may contain a rule's calls and results. The rule ignores other messages.
func (c *compiler) turns() {
	for _, x := range c.rulesAll {
		if x.Rule != "paired" {
			continue
		}
		x.roles = make(map[string]bool)
		for _, n := range c.nodes {
			if n.role != "" && n.leadsTo(x, make(map[*node]bool)) {
				x.roles[n.role] = true
			}
		}
	}
}

// leadsTo reports whether a call or a result of the rule may be in a value.
func (n *node) leadsTo(x *across, seen map[*node]bool) bool {
	if n == nil || seen[n] {
		return false
	}
	seen[n] = true
	if n.rules != nil && slices.ContainsFunc(n.rules.items, func(i item) bool { return i.rule == x && (i.call || i.result) }) {
		return true
	}
	if n.items.leadsTo(x, seen) {
		return true
	}
	for _, p := range n.properties {
		if p.node.leadsTo(x, seen) {
			return true
		}
	}
	for _, m := range n.members {
		if m.leadsTo(x, seen) {
			return true
		}
	}
	for _, m := range n.byKind {
		if m.leadsTo(x, seen) {
			return true
		}
	}
	return false
}
