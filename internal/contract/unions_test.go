package contract_test

import (
	"slices"
	"strings"
)

// members returns the members of a union, without the one for unknown members. Other schemas have none.
func (d *document) members(n *node) []*node {
	arms := slices.Concat(n.at("oneOf").all, n.at("anyOf").all)
	if len(arms) < 2 || slices.ContainsFunc(arms, func(m *node) bool { return !m.has("$ref") }) {
		return nil
	}
	return slices.DeleteFunc(arms, func(arm *node) bool { return d.resolve(arm).has("x-unknown-member") })
}

// unknown returns the last member of a union, if it is the one for unknown members.
func (d *document) unknown(n *node) *node {
	for _, arm := range n.at("anyOf").all {
		if target := d.resolve(arm); target.has("x-unknown-member") {
			return target
		}
	}
	return n.at("x-unknown-member", "none")
}

// known returns the values of an enum, open or closed.
func (n *node) known() *node {
	if n.isOpenEnum() {
		return n.at("anyOf", "0", "enum")
	}
	return n.at("enum")
}

// isOpenEnum reports whether n is an open enum: anyOf of the known values and of any string.
func (n *node) isOpenEnum() bool {
	arms := n.at("anyOf")
	return len(arms.all) == 2 && arms.at("0").has("enum") && arms.at("1", "type").value == "string" && !arms.at("1").has("enum")
}

// inner returns the union among the members of an anyOf.
func (d *document) inner(union *node) *node {
	for _, m := range d.members(union) {
		if target := d.resolve(m); m.in() == "anyOf" && target.has("oneOf") {
			return target
		}
	}
	return union.at("discriminator", "none")
}

// unionsHaveTheirForm: a union has a name and two or more members, which are references. A closed union is a oneOf. An
// open union is an anyOf of its known members, a union named KnownX if it comes first, and NewerX for unknown members.
// In an anyOf, a custom member without a discriminator may come before a union with one. Other uses of anyOf are a
// reference or null, and the values of an open enum or any string.
func unionsHaveTheirForm(d *document, report reporter) {
	isReference := func(n *node) bool { return len(n.all) == 1 && n.has("$ref") }
	for _, s := range d.schemas {
		arms, either := s.at("oneOf"), s.at("anyOf")
		isUnion := arms.exists() || d.members(s) != nil
		switch null := either.at("1"); {
		case isUnion, !either.exists(), s.isOpenEnum() && s.isComponent():
		case s.isOpenEnum():
			report(s, "an open enum inside another schema: make it a component")
		case len(either.all) != 2 || !isReference(either.at("0")) || len(null.all) != 1 || null.at("type").value != "null":
			report(either, "want a reference, then `type: 'null'`")
		}
		if !isUnion {
			continue
		}
		if !arms.exists() {
			arms = either
		}
		if !s.isComponent() {
			report(s, "a union inside another schema: make it a component")
		}
		if len(arms.all) < 2 {
			report(arms, "a union of less than two")
		}
		for i, member := range arms.all {
			target := d.resolve(member)
			switch kinds := target.at("type").values(); {
			case !isReference(member):
				report(member, "a member of a union is a reference and nothing else")
			case target.has("x-unknown-member") && (arms != either || i != len(arms.all)-1):
				report(member, "unknown members come last in an anyOf")
			case target.has("x-unknown-member") && target.key() != "Newer"+s.key():
				report(member, "want the name Newer%s", s.key())
			case target.has("oneOf") && arms == either && i == 0 && target.key() != "Known"+s.key():
				report(member, "want the name Known%s", s.key())
			case target.has("oneOf") && arms == either && (i == 0 || i == 1 && !d.resolve(arms.all[0]).has("oneOf")):
			case target.has("oneOf"), target.has("anyOf"):
				report(member, "a union in a union: name its members here")
			case len(kinds) != 1 || kinds[0] == "null":
				report(member, "null in a union: allow it where the union is used")
			}
		}
	}
}

// unionsDecide: every value belongs to one member, which its discriminator or its JSON kind determines.
func unionsDecide(d *document, report reporter) {
	for _, s := range d.schemas {
		inner := d.inner(s)
		switch {
		case s.has("discriminator"):
			discriminatorDecides(d, s, report)
		case inner.exists() && len(d.members(s)) > 1:
			absenceDecides(d, s, inner, report)
		case len(d.members(s)) > 1:
			kindDecides(d, s, report)
		}
	}
}

func discriminatorDecides(d *document, union *node, report reporter) {
	property := union.at("discriminator", "propertyName").value
	mapping := union.at("discriminator", "mapping")
	targets := make(map[string]string) // by value of the property
	for _, m := range d.members(union) {
		member := d.resolve(m)
		values := constants(member.at("properties", property))
		if len(values) == 0 || !slices.Contains(member.at("required").values(), property) {
			report(m, "%s needs a constant %s that is required", member.key(), property)
		}
		for _, value := range values {
			if targets[value] != "" {
				report(m, "%s means an earlier member", value)
			}
			targets[value] = m.at("$ref").value
			if !mapping.has(value) {
				report(mapping, "lacks %s, which means %s", value, member.key())
			}
		}
	}
	for _, m := range mapping.all {
		if m.value != targets[m.key()] {
			report(m, "%s does not mean %s", m.key(), m.value)
		}
	}
}

// absenceDecides: a value belongs to the first member if it lacks the discriminator of the union that comes second, or
// if its discriminator has a value of the first member.
func absenceDecides(d *document, union, inner *node, report reporter) {
	first := d.resolve(d.members(union)[0])
	property := inner.at("discriminator", "propertyName").value
	tags := constants(first.at("properties", property))
	if len(tags) == 0 || slices.Contains(first.at("required").values(), property) {
		report(union.at("anyOf", "0"), "%s needs a constant %s that is not required", first.key(), property)
	}
	for _, tag := range tags {
		if inner.at("discriminator", "mapping").has(tag) {
			report(union.at("anyOf", "1"), "%s means %s too", tag, first.key())
		}
	}
}

// kindDecides allows objects that differ in the constant of their type, next to members that are not objects.
func kindDecides(d *document, union *node, report reporter) {
	const untyped = "object "
	seen := make(map[string]bool)
	objects := 0
	for _, m := range d.members(union) {
		member := d.resolve(m)
		look := strings.Replace(member.at("type").value, "integer", "number", 1)
		if look == "object" {
			objects++
			look = untyped + strings.Join(constants(member.at("properties", "type")), " ")
		}
		if seen[look] || objects > 1 && (look == untyped || seen[untyped]) {
			report(m, "%s cannot be distinguished from an earlier member", member.key())
		}
		seen[look] = true
	}
	if objects > 1 && objects == len(d.members(union)) {
		report(union, "a union of objects needs a discriminator")
	}
}

// responsesAreOpen: a union or an enum of responses accepts values newer than the contract. One that only requests use
// does not, because the service refuses values that it does not know.
func responsesAreOpen(d *document, report reporter) {
	for _, s := range d.schemas {
		response := d.responses[s.in3().pointer()]
		switch {
		case d.members(s) != nil && response && !d.unknown(s).exists() && !d.isInner(s):
			report(s, "a union of responses: want a member with x-unknown-member at the end of its anyOf")
		case d.unknown(s).exists() && !response:
			report(d.unknown(s), "only requests use this union, and the service refuses a member that it does not know")
		case d.unknown(s).exists():
			d.unknownFits(s, report)
		case s.has("enum") && response && !d.requests[s.in3().pointer()] && s.key() != "type" && s.in() != "anyOf" && s.key() != "not":
			report(s.at("enum"), "an enum of responses: want anyOf of the values and of any string")
		}
	}
}

// in3 returns the component that n is in.
func (n *node) in3() *node { return &node{path: n.path[:min(3, len(n.path))]} }

// isInner reports whether a union is a member of another union, which may have the unknown members.
func (d *document) isInner(s *node) bool {
	return slices.ContainsFunc(d.schemas, func(o *node) bool { return o != s && d.inner(o) == s })
}

// unknownFits: the member for unknown members accepts objects whose type is not that of a known member.
func (d *document) unknownFits(union *node, report reporter) {
	arm := d.unknown(union)
	var tags []string
	for _, member := range d.alternatives(union) {
		if !member.has("x-unknown-member") {
			tags = append(tags, constants(member.at("properties", "type"))...)
		}
	}
	want, from := []string{"description", "type", "x-unknown-member", "allOf", "not"}, d.resolve(arm.at("allOf", "0"))
	if len(tags) == 0 { // there are no objects among the members
		want, from = []string{"description", "type", "x-unknown-member", "additionalProperties"}, arm
	}
	keys := slices.DeleteFunc(arm.keys(), func(key string) bool { return key == "required" || key == "properties" }) // the properties of all members
	if !slices.Equal(keys, want) || arm.at("type").value != "object" || from.at("additionalProperties").value != "true" {
		report(arm, "want an object that may have any property")
		return
	}
	not := arm.at("not", "properties", "type", "enum")
	for _, tag := range tags {
		if !slices.Contains(not.values(), tag) {
			report(not, "%s is a known member: want it under not", tag)
		}
	}
	for _, tag := range not.values() {
		if !slices.Contains(tags, tag) {
			report(not, "%s is not a known member", tag)
		}
	}
}

// constants returns the values to which a property is restricted, if any.
func constants(property *node) []string {
	return slices.Concat(property.at("const").values(), property.at("enum").values())
}
