package messagebatches_test

import (
	"slices"
	"strings"
)

// unionsHaveTheirForm: a union has a name, and two or more members that have names and are no unions themselves. One
// with null is a reference, then null.
func unionsHaveTheirForm(d *document, report reporter) {
	isReference := func(n *node) bool { return len(n.all) == 1 && n.has("$ref") }
	for _, s := range d.schemas {
		union, either := s.at("oneOf"), s.at("anyOf")
		if union.exists() && !s.isComponent() {
			report(s, "a union inside another schema: make it a component")
		}
		if union.exists() && len(union.all) < 2 {
			report(union, "a union of less than two")
		}
		for _, member := range union.all {
			target := d.resolve(member)
			switch kinds := target.at("type").values(); {
			case !isReference(member):
				report(member, "a member of a union is a reference and nothing else")
			case target.has("oneOf"):
				report(member, "a union in a union: name its members here")
			case len(kinds) != 1 || kinds[0] == "null":
				report(member, "null in a union: allow it where the union is used")
			}
		}
		null := either.at("1")
		if either.exists() && (len(either.all) != 2 || !isReference(either.at("0")) || len(null.all) != 1 || null.at("type").value != "null") {
			report(either, "want a reference, then `type: 'null'`")
		}
	}
}

// unionsDecide: every value belongs to one member, and its discriminator or its JSON kind tells to which.
func unionsDecide(d *document, report reporter) {
	for _, s := range d.schemas {
		if s.has("discriminator") {
			discriminatorDecides(d, s, report)
		} else if s.has("oneOf") {
			kindDecides(d, s, report)
		}
	}
}

func discriminatorDecides(d *document, union *node, report reporter) {
	property := union.at("discriminator", "propertyName").value
	mapping := union.at("discriminator", "mapping")
	targets := make(map[string]string) // by value of the property
	byDefault := union.at("x-default-member")
	optional := ""
	for _, m := range union.at("oneOf").all {
		member := d.resolve(m)
		values := constants(member.at("properties", property))
		if !slices.Contains(member.at("required").values(), property) {
			optional = member.key()
		}
		if len(values) == 0 || optional == member.key() && optional != byDefault.value {
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
	if byDefault.exists() && byDefault.value != optional {
		report(byDefault, "want a member that does not require %s", property)
	}
	for _, m := range mapping.all {
		if m.value != targets[m.key()] {
			report(m, "%s does not mean %s", m.key(), m.value)
		}
	}
}

// kindDecides allows objects that differ in the constant of their type, beside members that are no objects.
func kindDecides(d *document, union *node, report reporter) {
	const untyped = "object "
	seen := make(map[string]bool)
	objects := 0
	for _, m := range union.at("oneOf").all {
		member := d.resolve(m)
		look := strings.Replace(member.at("type").value, "integer", "number", 1)
		if look == "object" {
			objects++
			look = untyped + strings.Join(constants(member.at("properties", "type")), " ")
		}
		if seen[look] || objects > 1 && (look == untyped || seen[untyped]) {
			report(m, "%s cannot be told from an earlier member", member.key())
		}
		seen[look] = true
	}
	if objects > 1 && objects == len(union.at("oneOf").all) {
		report(union, "a union of objects needs a discriminator")
	}
}

// constants returns what a property is always one of, or nothing.
func constants(property *node) []string {
	return slices.Concat(property.at("const").values(), property.at("enum").values())
}
