package preflight

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

// about describes the values that a rule counts.
func (x *across) about() string {
	if len(x.Where) > 0 {
		return " with " + words(x.Where, " ", " and ")
	}
	_, name, _ := strings.Cut(x.Each[0][max(0, strings.LastIndexByte(x.Each[0], '/')):], "/")
	return " " + quote(name)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// deprecation describes the deprecation of a value.
func deprecation(d schema.Deprecation, what, asOf string) string {
	says := "is deprecated"
	switch {
	case d.End != "" && d.End <= asOf:
		says = "ended on " + d.End
	case d.End != "":
		says = "ends on " + d.End
	case d.Instead == "":
		return "no longer needed: leave it out"
	}
	if d.Instead != "" {
		says += ": use " + quote(d.Instead)
	}
	return what + says
}

// kindOf describes a component.
func kindOf(s *schema.Schema) string {
	if tag := s.Constant("type"); tag != "" {
		return quote(tag)
	}
	if role := s.Constant("role"); role != "" {
		return "a message of the " + role
	}
	return "this"
}

// expected describes the values that a node accepts.
func (n *node) expected() string {
	switch n.form {
	case object:
		return "an object"
	case list:
		return "a list"
	case text:
		return "a string"
	case number:
		if n.integer {
			return "a whole number"
		}
		return "a number"
	case boolean:
		return "true or false"
	case union:
		if len(n.byKind) == 1 {
			return "an object"
		}
		var forms []string
		for _, kind := range []jsontext.Kind{'"', '[', '{', 't', '0'} {
			if m := n.byKind[kind]; m != nil {
				forms = append(forms, m.expected())
			}
		}
		return strings.Join(forms, " or ")
	}
	return "a value"
}

func bound(exclusive bool, inclusive, strict string) string {
	if exclusive {
		return strict
	}
	return inclusive
}

// oneOf lists values to choose from.
func oneOf(values []string) string {
	const most = 12
	quoted := make([]string, 0, most)
	for _, v := range values[:min(len(values), most)] {
		quoted = append(quoted, strconv.Quote(v))
	}
	switch n := len(values); {
	case n > most:
		return fmt.Sprintf("one of %s and %d others", strings.Join(quoted, ", "), n-most)
	case n > 1:
		return strings.Join(quoted[:n-1], ", ") + " or " + quoted[n-1]
	}
	return strings.Join(quoted, "")
}

// choice returns the message about a value that is not allowed: the value that was probably meant, or those allowed.
func choice(got string, values []string) string {
	if near := nearest(got, values); near != "" && len(values) > 6 {
		return fmt.Sprintf("is not one of the %d known values%s", len(values), didYouMean(near))
	}
	return "must be " + oneOf(values) + didYouMean(nearest(got, values))
}

func didYouMean(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %q?", name)
}

// ruleOf returns the rule that a refusal belongs to: the first of these that it depends on.
func ruleOf(r schema.Refusal) Rule {
	switch {
	case r.Batch:
		return RefusedByBatch
	case r.Versions != nil:
		return RefusedByVersion
	case r.Models != "" || r.Above != "":
		return RefusedByModel
	case r.Matching != "" || r.NotMatching != "":
		return RefusedValue
	case r.Beside != nil || r.Without != nil || r.Where != nil || r.WhereNot != nil || r.AtLeast != "":
		return Conflict
	case r.Role != "" || r.Position != "" && r.Values == nil:
		return Misplaced
	}
	return RefusedValue
}

func severityOf(text string) Severity {
	if text == "warning" {
		return Warning
	}
	return Error
}

// what names the refused value.
func (r *refusal) what() string {
	switch {
	case r.Of != "":
		return quote(r.Of)
	case r.property != "":
		return quote(r.property)
	}
	return r.kind
}

// hint returns a hint with a colon before it, or "".
func hint(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}

// words describes conditions: paths and their values.
func words(where map[string]any, is, and string) string {
	var parts []string
	for _, path := range sortedKeys(where) {
		parts = append(parts, fmt.Sprintf("%q%s%s", path, is, either(literals(where[path].([]any)))))
	}
	return strings.Join(parts, and)
}

// either lists values.
func either(values []literal) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = v.String()
	}
	return strings.Join(parts, " or ")
}

// join lists names.
func join(names []string, and string) string {
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = quote(n)
	}
	return strings.Join(parts, and)
}

// placedWords returns the message about a message in the wrong place.
func placedWords(x *across, after bool) string {
	places, word := x.Before, "before"
	if after {
		places, word = x.After, "after"
	}
	var parts []string
	for _, p := range places {
		switch {
		case p.End:
			parts = append(parts, "the last message itself")
		case p.EndsIn != nil:
			parts = append(parts, fmt.Sprintf("one of the %s that ends in %s", p.Role, oneOf(p.EndsIn)))
		default:
			parts = append(parts, "one of the "+p.Role)
		}
	}
	return fmt.Sprintf("a message with %s must come %s %s", words(x.Where, " ", " and "), word, strings.Join(parts, " or "))
}

func quote(text string) string { return strconv.Quote(text) }
