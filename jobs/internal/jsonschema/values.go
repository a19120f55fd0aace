package jsonschema

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// object checks the keywords of objects.
func (c *checker) object(schema map[string]any, v map[string]any) *Error {
	for _, name := range list(schema["required"]) {
		if name, ok := name.(string); ok {
			if _, ok := v[name]; !ok {
				return c.wrong("%.100q is missing", name)
			}
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	others, restricted := schema["additionalProperties"]
	names := make([]string, 0, len(v))
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if inner, ok := properties[name]; ok {
			if wrong := c.at("."+name, inner, v[name]); wrong != nil {
				return wrong
			}
			continue
		}
		if others == false {
			return c.wrong("has a property that is not in the schema")
		}
		if restricted {
			if wrong := c.at(".*", others, v[name]); wrong != nil {
				return wrong
			}
		}
	}
	return nil
}

// array checks the keywords of arrays.
func (c *checker) array(schema map[string]any, v []any) *Error {
	if wrong := c.length(schema, "minItems", "maxItems", len(v)); wrong != nil {
		return wrong
	}
	first := list(schema["prefixItems"])
	items, all := schema["items"]
	for i, one := range v {
		inner := items
		switch {
		case i < len(first):
			inner = first[i]
		case !all:
			return nil
		}
		if wrong := c.at("["+strconv.Itoa(i)+"]", inner, one); wrong != nil {
			return wrong
		}
	}
	return nil
}

// text checks the keywords of strings.
func (c *checker) text(schema map[string]any, v string) *Error {
	if wrong := c.length(schema, "minLength", "maxLength", utf8.RuneCountInString(v)); wrong != nil {
		return wrong
	}
	if pattern, ok := schema["pattern"].(string); ok {
		if p := c.schema.patterns[pattern]; p != nil && !p.MatchString(v) {
			return c.wrong("does not match the pattern")
		}
	}
	return nil
}

// length checks the number of items or characters.
func (c *checker) length(schema map[string]any, least, most string, n int) *Error {
	if limit, ok := number(schema[least]); ok && float64(n) < limit {
		return c.wrong("shorter than %s", least)
	}
	if limit, ok := number(schema[most]); ok && float64(n) > limit {
		return c.wrong("longer than %s", most)
	}
	return nil
}

// number checks the keywords of numbers.
func (c *checker) number(schema map[string]any, text json.Number) *Error {
	v, ok := number(text)
	if !ok {
		return nil
	}
	for _, bound := range []struct {
		name  string
		holds func(limit float64) bool
	}{
		{"minimum", func(limit float64) bool { return v >= limit }},
		{"maximum", func(limit float64) bool { return v <= limit }},
		{"exclusiveMinimum", func(limit float64) bool { return v > limit }},
		{"exclusiveMaximum", func(limit float64) bool { return v < limit }},
		{"multipleOf", func(step float64) bool {
			return step == 0 || step != math.Trunc(step) || math.Mod(v, step) == 0
		}},
	} {
		if limit, ok := number(schema[bound.name]); ok && !bound.holds(limit) {
			return c.wrong("not within %s", bound.name)
		}
	}
	return nil
}

// number returns a JSON number, rounded.
func number(v any) (float64, bool) {
	text, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := text.Float64()
	return f, err == nil
}

// isInteger reports whether a number is an integer, such as 1.0 and 1e3.
func isInteger(n json.Number) bool {
	if !strings.ContainsAny(string(n), ".eE") {
		return true
	}
	f, ok := number(n)
	return ok && f == math.Trunc(f)
}

// equal compares JSON values.
func equal(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		if !ok || a == b {
			return ok
		}
		x, ok1 := number(a)
		y, ok2 := number(b)
		// Integers with different digits are different, even if they are equal when rounded.
		written := !strings.ContainsAny(string(a)+string(b), ".eE")
		return ok1 && ok2 && x == y && !written
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name, v := range a {
			if other, ok := b[name]; !ok || !equal(v, other) {
				return false
			}
		}
		return true
	}
	return a == b
}
