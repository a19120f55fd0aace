package preflight

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

func newCompiler(components map[string]*schema.Schema) *compiler {
	c := &compiler{
		components: components,
		nodes:      make(map[string]*node),
		asOf:       schema.AsOf(),
		facts:      make(map[string][]schema.Fact),
		paths:      make(map[string]*path),
		byKey:      make(map[string]int),
		marks:      make(map[*path][]int),
		targets:    make(map[*path][]target),
		refused:    make(map[string][]*refusal),
		across:     make(map[string][]*across),
		schemas:    make(map[string][]*schemaRule),
	}
	c.messages, c.content, c.block = c.path("/messages"), c.path("/messages/*/content"), c.path("/messages/*/content/*")
	c.model = c.register("/model", nil)
	for _, f := range components["Model"].Facts {
		c.facts[f.Fact] = append(c.facts[f.Fact], f)
	}
	for _, name := range slices.Sorted(maps.Keys(components)) {
		s := components[name]
		c.extensions(name, "", s)
		for _, property := range slices.Sorted(maps.Keys(s.Properties)) {
			c.extensions(name+"/"+property, property, s.Properties[property])
		}
	}
	return c
}

// extensions compiles the rules of a component or a property.
func (c *compiler) extensions(at, property string, s *schema.Schema) {
	for i, r := range s.Refused {
		c.refused[at] = append(c.refused[at], c.refusal(fmt.Sprint(at, "#", i), property, s, r))
	}
	for _, r := range s.Across {
		if !strings.HasPrefix(at, "BetaCreateMessageBatchParams/") { // rules of the batch are left to a ledger, which counts its IDs
			c.across[at] = append(c.across[at], c.acrossRule(r))
		}
	}
	for _, r := range s.JSONSchema {
		c.schemas[at] = append(c.schemas[at], c.schemaRule(at, r))
	}
}

// rules collects the rules of a node, and adds the paths that begin there to its trail.
func (c *compiler) rules(n *node, s *schema.Schema, at *reach) {
	var r rules
	var begin []*path
	own := func(refusals []*refusal) {
		for _, x := range refusals {
			if at.apart && x.late() {
				continue
			}
			x.places++
			if x.ofStrings() && s.Type.Includes("array") {
				n.refusals = append(n.refusals, x)
			} else {
				r.refusals = append(r.refusals, x)
			}
			begin = append(begin, x.begin...)
			r.local = r.local || !x.near.empty()
		}
	}
	across := func(all []*across) {
		for _, x := range all {
			r.across = append(r.across, x)
			begin = append(begin, x.begin...)
		}
	}
	own(c.refused[n.name])
	across(c.across[n.name])
	for _, u := range at.above {
		own(u.refusals)
		across(u.across)
	}
	at.above = nil
	for name := range s.Properties {
		for _, x := range c.refused[n.name+"/"+name] {
			begin = append(begin, x.begin...)
			r.local = r.local || len(x.begin) > 0
		}
		for _, x := range c.schemas[n.name+"/"+name] {
			begin = append(begin, x.begin...)
			r.local = r.local || len(x.begin) > 0
		}
	}
	for _, p := range at.trail.arrived() {
		r.marks = append(r.marks, c.marks[p]...)
		for _, t := range c.targets[p] {
			if i, ok := c.item(t, s); ok {
				r.items = append(r.items, i)
				begin = append(begin, i.begin...)
			}
		}
		r.messages = r.messages || p == c.messages
		r.content = r.content || p == c.content
		r.block = r.block || p == c.block
	}
	slices.SortFunc(begin, func(x, y *path) int { return cmp.Compare(x.id, y.id) })
	begin = slices.Compact(begin)
	at.trail = at.trail.with(begin...)
	r.params = at.params
	for _, p := range begin {
		r.scope = append(r.scope, c.marks[p]...)
	}
	if r.marks != nil || r.refusals != nil || r.items != nil || r.scope != nil || r.across != nil || r.params || r.messages || r.content || r.block {
		n.rules = &r
	}
}
