package preflight

import (
	"fmt"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

// compiled is the contract, compiled for walking.
var compiled = sync.OnceValue(func() *compiler {
	c := newCompiler(schema.Components())
	c.root = c.component("BetaMessageBatchIndividualRequestParams", reach{})
	c.turns()
	return c
})

// root is the node of one request of a batch.
func root() *node { return compiled().root }

func (c *compiler) ref(s *schema.Schema, at reach) *node {
	if name := s.Component(); name != "" {
		return c.component(name, at)
	}
	return c.compile(s, "", at)
}

func (c *compiler) component(name string, at reach) *node {
	if n := c.nodes[name+" "+at.key()]; n != nil {
		return n
	}
	return c.compile(c.components[name], name, at)
}

func (c *compiler) compile(s *schema.Schema, name string, at reach) *node {
	if s.AnyOf != nil { // a reference that may be null
		n := *c.ref(s.AnyOf[0], at)
		n.nullable = true
		return &n
	}
	n := &node{name: name, maxItems: -1, maxLength: -1}
	if name != "" {
		c.nodes[name+" "+at.key()] = n
		n.betas = s.NeedsBeta.Any
	}
	n.nullable = s.Type.Includes("null")
	if s.OneOf != nil {
		c.union(n, s, at)
		return n
	}
	c.rules(n, s, &at)
	switch {
	case s.Type.Includes("object"):
		c.object(n, s, at)
	case s.Type.Includes("array"):
		n.form, n.minItems = list, s.MinItems
		n.items = c.ref(s.Items, reach{trail: at.trail.element(), apart: at.apart})
		if s.MaxItems != nil {
			n.maxItems = *s.MaxItems
		}
	case s.Type.Includes("string"):
		n.text(s)
	case s.Type.Includes("integer"), s.Type.Includes("number"):
		n.form, n.integer = number, s.Type.Includes("integer")
		n.minimum, n.maximum = s.Minimum, s.Maximum
		if x := s.ExclusiveMinimum; x != nil {
			n.minimum, n.exclusiveMin = x, true
		}
		if x := s.ExclusiveMaximum; x != nil {
			n.maximum, n.exclusiveMax = x, true
		}
	case s.Type.Includes("boolean"):
		n.form = boolean
	default:
		n.form, n.nullable = anything, true
	}
	return n
}

func (n *node) text(s *schema.Schema) {
	n.form = text
	values := s.Enum
	if s.Const != nil {
		values = []any{s.Const}
	}
	var names []string
	for _, v := range values {
		if v != nil {
			names = append(names, fmt.Sprint(v))
		}
	}
	if s.IsOpenEnum() {
		n.known = names
	} else {
		n.enum = names
	}
	n.models, n.deprecated, n.valueBetas = s.Facts != nil, s.Deprecated, s.NeedsBeta.ByValue
	n.base64 = s.ContentEncoding == "base64"
	n.minLength = s.MinLength
	if s.MaxLength != nil {
		n.maxLength = *s.MaxLength
	}
	if s.Pattern != "" {
		n.pattern = newPattern(s.Pattern)
	}
	n.plain = n.enum == nil && n.known == nil && n.pattern == nil && !n.base64 && n.maxLength < 0 && n.minLength <= 1
}

func (c *compiler) object(n *node, s *schema.Schema, at reach) {
	n.form = object
	n.properties = make(map[string]*property, len(s.Properties))
	n.free = s.AdditionalProperties.Any
	n.tag, n.role = s.Constant("type"), s.Constant("role")
	n.echo, n.sameRole, n.others = s.Echo, s.SameRole, s.Others
	if s.AdditionalProperties.Schema != nil {
		n.values = c.ref(s.AdditionalProperties.Schema, reach{trail: at.trail.property(""), apart: at.apart})
	}
	at.apart = at.apart || !at.params && s.Properties["model"] != nil && s.Properties["model"].Component() == "Model"
	for name, ref := range s.Properties {
		n.properties[name] = c.property(n, name, ref, at)
		n.names = append(n.names, name)
	}
	slices.Sort(n.names)
	if len(n.names) > 64 {
		panic("preflight: an object of the contract has more than 64 properties")
	}
	for i, name := range n.names {
		n.properties[name].bit = 1 << i
	}
	for _, name := range s.Required {
		n.required = append(n.required, n.properties[name])
	}
}

func (c *compiler) property(n *node, name string, ref *schema.Schema, at reach) *property {
	p := &property{name: name, betas: ref.NeedsBeta.Any}
	if ref.NeedsBeta.ByValue != nil {
		panic("preflight: " + n.name + "/" + name + " needs betas by value, which components may")
	}
	inner := reach{trail: at.trail.property(name), apart: at.apart}
	request := n.name == "BetaMessageBatchIndividualRequestParams"
	if request && name == "params" {
		inner.params, inner.trail = true, inner.trail.with(c.absolute...)
	}
	p.customID = request && name == "custom_id"
	var elements []*refusal
	for _, r := range c.refused[n.name+"/"+name] {
		switch {
		case at.apart && r.late():
		case r.Of != "":
			inner.refusals, inner.of = append(inner.refusals, r), r.Of
		case r.ofStrings() && c.resolve(ref).Type.Includes("array"):
			elements = append(elements, r)
		default:
			p.refusals = append(p.refusals, r)
		}
	}
	if at.of == name {
		p.refusals = append(p.refusals, at.refusals...)
	}
	for _, r := range p.refusals {
		r.places++
	}
	schemas := c.schemas[n.name+"/"+name]
	if component := ref.Component(); component != "" {
		schemas = slices.Concat(schemas, c.schemas[component])
	}
	if schemas != nil {
		p.schemas = newInspection(schemas)
	}
	if across := c.across[n.name+"/"+name]; across != nil {
		inner.above = append(inner.above, &unionRules{n.name + "/" + name, nil, across})
	}
	p.node = c.ref(ref, inner)
	if elements != nil {
		p.node = p.node.withRefusals(elements)
	}
	p.special = p.betas != nil || p.refusals != nil || p.schemas != nil || p.customID
	return p
}

// withRefusals returns a list whose elements are refused.
func (n *node) withRefusals(refusals []*refusal) *node {
	l := *n
	l.refusals = slices.Concat(l.refusals, refusals)
	for _, r := range refusals {
		r.places++
	}
	return &l
}

// resolve returns the schema that s refers to.
func (c *compiler) resolve(s *schema.Schema) *schema.Schema {
	for {
		switch name := s.Component(); {
		case name != "":
			s = c.components[name]
		case s.AnyOf != nil:
			s = s.AnyOf[0]
		default:
			return s
		}
	}
}

func (c *compiler) union(n *node, s *schema.Schema, at reach) {
	n.form = union
	n.members = make(map[string]*node)
	n.byKind = make(map[jsontext.Kind]*node)
	if c.refused[n.name] != nil || c.across[n.name] != nil {
		at.above = append(slices.Clone(at.above), &unionRules{n.name, c.refused[n.name], c.across[n.name]})
	}
	if s.Discriminator != nil {
		n.by = s.Discriminator.PropertyName
		for tag, ref := range s.Discriminator.Mapping {
			n.members[tag] = c.component(schema.Name(ref), at)
			n.tags = append(n.tags, tag)
		}
	}
	for _, ref := range s.OneOf {
		m := c.ref(ref, at)
		switch m.form {
		case text:
			n.byKind['"'] = m
		case list:
			n.byKind['['] = m
		case number:
			n.byKind['0'] = m
		case boolean:
			n.byKind['t'], n.byKind['f'] = m, m
		case object:
			n.byKind['{'] = m
			if s.Discriminator == nil && m.tag != "" {
				n.members[m.tag] = m
				n.tags = append(n.tags, m.tag)
			}
		}
	}
	if n.by == "" && len(n.members) > 1 {
		n.by = "type"
	}
	if name := s.DefaultMember(); name != "" {
		n.members[""] = c.component(name, at)
	}
	slices.Sort(n.tags)
}
