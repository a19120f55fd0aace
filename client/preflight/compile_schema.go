package preflight

import (
	"fmt"
	"strings"

	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

func keywords(values map[string][]any) (all []keyword) {
	for _, name := range sortedKeys(values) {
		all = append(all, keyword{name, literals(values[name])})
	}
	return all
}

func (c *compiler) schemaRule(at string, s schema.JSONSchemaRule) *schemaRule {
	r := &schemaRule{JSONSchemaRule: s, severity: severityOf(s.Severity), near: conditions{least: -1}, of: []byte(quote(s.Of)), want: keywords(s.Want), only: keywords(s.Only)}
	for _, text := range sortedKeys(s.Where) {
		r.near.hit = append(r.near.hit, c.register(text, s.Where[text].([]any)))
		if strings.HasPrefix(text, "/") {
			panic("preflight: the rules of a JSON Schema in " + at + " depend on the whole request")
		}
		r.begin = append(r.begin, c.path(text))
	}
	place := "in a JSON Schema here"
	if s.At == "top" {
		place = "at the top of a JSON Schema here"
	}
	for _, keyword := range s.Refused {
		r.says = append(r.says, fmt.Sprintf("the service refuses %q %s", keyword, place))
	}
	for _, k := range r.want {
		of := "a schema"
		if s.Of != "" {
			of = fmt.Sprintf("a schema of type %q", s.Of)
		}
		r.says = append(r.says, fmt.Sprintf("%s needs %q: %s here", of, k.name, either(k.values)))
	}
	for _, k := range r.only {
		r.says = append(r.says, fmt.Sprintf("%q may only be %s here", k.name, either(k.values)))
	}
	if s.Names != "" {
		r.names = newPattern(s.Names)
		r.says = append(r.says, "the name of a property must match "+s.Names)
	}
	return r
}

// keywordKinds returns the kinds of keyword values: if the value is an object, and if it is a list.
func keywordKinds() map[string][]keywordKind {
	return map[string][]keywordKind{
		"properties": {properties}, "patternProperties": {byName}, "$defs": {byName}, "definitions": {byName}, "dependentSchemas": {byName},
		"items": {subschema, subschemas}, "anyOf": {data, subschemas}, "oneOf": {data, subschemas}, "allOf": {data, subschemas}, "prefixItems": {data, subschemas},
		"additionalProperties": {subschema}, "not": {subschema}, "if": {subschema}, "then": {subschema}, "else": {subschema}, "contains": {subschema},
		"propertyNames": {subschema}, "unevaluatedItems": {subschema}, "unevaluatedProperties": {subschema}, "additionalItems": {subschema},
		"type": {types, types}, "required": {data, required},
	}
}

func newInspection(rules []*schemaRule) *inspection {
	i := &inspection{rules: rules, keywords: make(map[string]*looked)}
	for keyword, kinds := range keywordKinds() {
		l := &looked{inObject: kinds[0], several: keyword == "anyOf"}
		if len(kinds) > 1 {
			l.inList = kinds[1]
		}
		i.keywords[keyword] = l
	}
	wanted := 0
	for _, r := range rules {
		r.places++
		i.names = i.names || r.names != nil
		add := func(name string, s seek) {
			if i.keywords[name] == nil {
				i.keywords[name] = &looked{}
			}
			i.keywords[name].seeks = append(i.keywords[name].seeks, s)
		}
		for n, name := range r.Refused {
			add(name, seek{rule: r, says: n})
		}
		for n, k := range r.want {
			add(k.name, seek{rule: r, says: len(r.Refused) + n, values: k.values, want: 1 << wanted})
			wanted++
		}
		for n, k := range r.only {
			add(k.name, seek{rule: r, says: len(r.Refused) + len(r.want) + n, values: k.values})
		}
	}
	return i
}
