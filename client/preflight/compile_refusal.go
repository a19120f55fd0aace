package preflight

import (
	"strings"

	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

func (c *compiler) refusal(id, property string, of *schema.Schema, s schema.Refusal) *refusal {
	r := &refusal{Refusal: s, id: id, property: property, kind: kindOf(of), rule: ruleOf(s), severity: severityOf(s.Severity), text: -1}
	r.values, r.except = literals(s.Values), literals(s.Except)
	if s.Matching != "" {
		r.matching = newPattern(s.Matching)
	}
	if s.NotMatching != "" {
		r.notMatching = newPattern(s.NotMatching)
	}
	r.near.least, r.far.least = -1, -1
	watch := func(text string, values []any) (*conditions, int) {
		i := c.register(text, values)
		if strings.HasPrefix(text, "/") {
			return &r.far, i
		}
		r.begin = append(r.begin, c.path(text))
		return &r.near, i
	}
	for _, text := range s.Beside {
		to, i := watch(text, nil)
		to.hit = append(to.hit, i)
	}
	for _, text := range s.Without {
		to, i := watch(text, nil)
		to.missed = append(to.missed, i)
	}
	for _, text := range sortedKeys(s.Where) {
		to, i := watch(text, s.Where[text].([]any))
		to.hit = append(to.hit, i)
	}
	for _, text := range sortedKeys(s.WhereNot) {
		to, i := watch(text, s.WhereNot[text].([]any))
		to.missed = append(to.missed, i)
	}
	if s.AtLeast != "" {
		to, i := watch(s.AtLeast, nil)
		to.least = i
	}
	if s.Unless != nil {
		for _, text := range s.Unless.Beside {
			_, i := watch(text, nil)
			r.far.unless = append(r.far.unless, i)
		}
	}
	if s.WithText {
		r.text = c.registerOf("content", nil, true)
		c.alias(r.text, "content/*/text")
		r.begin = append(r.begin, c.path("content"), c.path("content/*/text"))
	}
	return r
}
