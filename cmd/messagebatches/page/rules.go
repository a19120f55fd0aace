package page

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// extensions are the extensions that readers see, in this order. Each is converted to sentences in Markdown.
var extensions = []struct {
	name      string
	sentences func(*yaml.Node) []string
}{
	{"x-needs-beta", needsBeta},
	{"x-deprecated", deprecated},
	{"x-refused", each(refused)},
	{"x-across", each(across)},
	{"x-json-schema", each(jsonSchema)},
	{"x-other-properties", others},
	{"x-facts", each(fact)},
}

// rules returns the extensions of a schema as sentences.
func rules(schema *yaml.Node) (sentences []string) {
	for _, x := range extensions {
		if v := property(schema, x.name); v != nil {
			sentences = append(sentences, x.sentences(v)...)
		}
	}
	return sentences
}

// each returns a function that converts a list to sentences, one per entry, with its hint and source.
func each(sentence func(*yaml.Node) string) func(*yaml.Node) []string {
	return func(list *yaml.Node) (sentences []string) {
		for _, entry := range list.Content {
			s := sentence(entry)
			if hint := property(entry, "hint"); hint != nil {
				s = strings.TrimSuffix(s, ".") + ": " + hint.Value + "."
			}
			if from := property(entry, "source"); from != nil {
				s = strings.TrimSuffix(s, ".") + " (" + from.Value + ")."
			}
			sentences = append(sentences, s)
		}
		return sentences
	}
}

// A clause is the part of a sentence for a key. The value replaces %s.
type clause struct {
	key, text string
	value     func(*yaml.Node) string
}

// write returns the clauses for all keys of an entry. A key without a clause is a bug: it is written as UNKNOWN, which a test
// looks for.
func write(entry *yaml.Node, known []clause) (parts []string) {
	seen := map[string]bool{"hint": true, "source": true, "severity": true}
	for _, c := range known {
		seen[c.key] = true
		switch v := property(entry, c.key); {
		case v == nil || c.text == "":
		case c.value == nil:
			parts = append(parts, c.text)
		default:
			parts = append(parts, fmt.Sprintf(c.text, c.value(v)))
		}
	}
	for i := 0; i+1 < len(entry.Content); i += 2 {
		if key := entry.Content[i].Value; !seen[key] {
			parts = append(parts, "UNKNOWN "+key)
		}
	}
	return parts
}

var refusal = []clause{
	{"batch", "in a batch", nil},
	{"versions", "with version %s", oneOf},
	{"models", "by the models listed as %s under `model`", code},
	{"role", "in a message of the role %s", code},
	{"position", "in %s", func(v *yaml.Node) string {
		return map[string]string{
			"first": "the first message", "last": "the last message", "not-last": "a message before the last", "end": "the end of the last message",
		}[v.Value]
	}},
	{"with-text", "if the message has text and no other blocks", nil},
	{"beside", "beside %s", allOf},
	{"without", "without %s", oneOf},
	{"where", "if %s", where},
	{"where-not", "unless %s", where},
	{"values", "if it is %s", oneOf},
	{"except", "unless it is %s", oneOf},
	{"matching", "if it matches %s", code},
	{"not-matching", "if it does not match %s", code},
	{"at-least", "if it is not less than %s", code},
	{"above", "if it exceeds %s of the model, as listed under `model`", code},
	{"below", "if it is less than %s", plain},
	{"of", "", nil},
	{"unless", "unless %s", func(v *yaml.Node) string {
		return strings.Join(write(v, []clause{{"betas", "the call has the beta %s", oneOf}, {"beside", "the request has %s", allOf}}), " and ")
	}},
}

func refused(entry *yaml.Node) string {
	verb := "Refused "
	if property(entry, "severity") != nil {
		verb = "May be refused "
	}
	sentence := verb + strings.Join(write(entry, refusal), ", ")
	if of := property(entry, "of"); of != nil {
		sentence = strings.Replace(sentence, "if it ", "if its "+code(of)+" ", 1)
	}
	return sentence + "."
}

func across(entry *yaml.Node) string {
	get := func(key string, value func(*yaml.Node) string) string {
		if v := property(entry, key); v != nil {
			return value(v)
		}
		return ""
	}
	all := get("each", oneOf)
	if w := get("among", where); w != "" {
		all += " where " + w
	}
	which := get("where", where)
	switch rule := get("rule", plain); rule {
	case "count":
		most := get("most", plain)
		if fact := get("most-of", code); fact != "" {
			most = "the model's " + fact
		}
		if which != "" {
			all += " where " + which
		}
		return fmt.Sprintf("At most %s of %s.", most, all)
	case "unique":
		return fmt.Sprintf("No two of %s are equal.", all)
	case "ordered":
		return fmt.Sprintf("%s of %s, in this order, are sorted: %s (absent is %s).", get("by", code), get("each", allOf), get("ranks", then), get("default", code))
	case "refers":
		number := "an"
		if get("once", plain) == "true" {
			number = "exactly one"
		}
		return fmt.Sprintf("Each %s has %s equal among %s.", all, number, get("to", code))
	case "paired":
		calls, results := property(entry, "calls"), property(entry, "results")
		return fmt.Sprintf("In %s, each %s is followed by one %s at the beginning of the next message, whose %s is its %s.", all,
			code(property(calls, "type")), code(property(results, "type")), code(property(results, "id")), code(property(calls, "id")))
	case "placed":
		return fmt.Sprintf("%s where %s come after %s and before %s. Several in a row count as one.", all, which, get("after", places), get("before", places))
	case "first":
		return fmt.Sprintf("In %s, those where %s come first.", all, which)
	case "not-all":
		return fmt.Sprintf("%s may not hold for all of %s.", which, all)
	case "all-or-none":
		return fmt.Sprintf("In %s, %s holds for all or none.", all, which)
	default:
		return "UNKNOWN " + rule
	}
}

var schemaRule = []clause{
	{"at", "", nil},
	{"where", "if %s", where},
	{"of", "in schemas of type %s", code},
	{"refused", "no %s", oneOf},
	{"want", "required: %s", where},
	{"only", "if present: %s", where},
	{"names", "property names match %s", code},
	{"most-optional", "at most %s optional properties in all schemas of the request", plain},
	{"most-unions", "at most %s properties of several types, likewise", plain},
}

func jsonSchema(entry *yaml.Node) string {
	begin := "At every level of the schema: "
	if at := property(entry, "at"); at != nil && at.Value == "top" {
		begin = "At the top level of the schema: "
	}
	return begin + strings.Join(write(entry, schemaRule), ", ") + "."
}

func fact(entry *yaml.Node) string {
	name := code(property(entry, "fact"))
	if v := property(entry, "value"); v != nil {
		name += " " + v.Value
	}
	if with := property(entry, "with"); with != nil {
		name += " with the beta " + code(with)
	}
	return "Models listed as " + name + ": " + list(property(entry, "models"), "and") + "."
}

// needsBeta returns a sentence for a list of betas, or one per value for a map of such lists.
func needsBeta(v *yaml.Node) (sentences []string) {
	if v.Kind == yaml.SequenceNode {
		return []string{"Needs the beta " + oneOf(v) + "."}
	}
	for i := 0; i+1 < len(v.Content); i += 2 {
		sentences = append(sentences, code(v.Content[i])+" needs the beta "+oneOf(v.Content[i+1])+".")
	}
	return sentences
}

// deprecated returns a sentence for deprecated values, with their end and replacement if they are known.
func deprecated(v *yaml.Node) []string {
	var parts []string
	for i := 0; i+1 < len(v.Content); i += 2 {
		part := code(v.Content[i])
		var details []string
		if end := property(v.Content[i+1], "end"); end != nil {
			details = append(details, "ends on "+end.Value)
		}
		if instead := property(v.Content[i+1], "instead"); instead != nil {
			details = append(details, "use "+code(instead))
		}
		if details != nil {
			part += " (" + strings.Join(details, ", ") + ")"
		}
		parts = append(parts, part)
	}
	if parts == nil {
		return nil
	}
	return []string{"Deprecated: " + strings.Join(parts, ", ") + "."}
}

// others returns sentences about names that are not properties: those that a batch refuses, and those of other APIs.
func others(v *yaml.Node) (sentences []string) {
	var batch, foreign []string
	for i := 0; i+1 < len(v.Content); i += 2 {
		name, entry := code(v.Content[i]), v.Content[i+1]
		if values := property(entry, "values"); values != nil {
			name += " with the value " + oneOf(values)
		}
		if instead := property(entry, "instead"); instead != nil {
			name += " (use " + code(instead) + ")"
		}
		if property(entry, "batch") != nil {
			batch = append(batch, name)
		} else {
			foreign = append(foreign, name)
		}
	}
	if batch != nil {
		sentences = append(sentences, "Refused in a batch: "+strings.Join(batch, ", ")+".")
	}
	if foreign != nil {
		sentences = append(sentences, "Names from other APIs, not accepted: "+strings.Join(foreign, ", ")+".")
	}
	return sentences
}

func plain(v *yaml.Node) string { return v.Value }

// code returns a scalar or an empty list as code.
func code(v *yaml.Node) string {
	switch {
	case v.Kind == yaml.SequenceNode && v.Content == nil:
		return "`[]`"
	case v.Value == "":
		return "empty"
	default:
		return "`" + v.Value + "`"
	}
}

// oneOf joins the items of a list with or, allOf with and, and then with then.
func oneOf(v *yaml.Node) string { return list(v, "or") }
func allOf(v *yaml.Node) string { return list(v, "and") }
func then(v *yaml.Node) string  { return list(v, "then") }

func list(v *yaml.Node, word string) string {
	var items []string
	for _, item := range v.Content {
		items = append(items, code(item))
	}
	if last := len(items) - 1; last > 0 {
		return strings.Join(items[:last], ", ") + " " + word + " " + items[last]
	}
	return strings.Join(items, "")
}

// where returns the conditions of a map from paths to values.
func where(v *yaml.Node) string {
	var parts []string
	for i := 0; i+1 < len(v.Content); i += 2 {
		parts = append(parts, code(v.Content[i])+" is "+oneOf(v.Content[i+1]))
	}
	return strings.Join(parts, " and ")
}

// places returns a list of message positions, joined with or.
func places(v *yaml.Node) string {
	var parts []string
	for _, p := range v.Content {
		parts = append(parts, strings.Join(write(p, []clause{
			{"role", "a message of the role %s", code},
			{"ends-in", "that ends in %s", oneOf},
			{"end", "the end", nil},
		}), " "))
	}
	return strings.Join(parts, " or ")
}
