package contract_test

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

var beginning = regexp.MustCompile(`^(An?|The|One|What|How|Where) `)

// descriptionsSaySomething: everything with a meaning has a description, which consists of sentences and says more than
// the name. The description of a component continues after "Name is".
func descriptionsSaySomething(d *document, report reporter) {
	for _, n := range d.objects {
		named := slices.Contains([]string{"parameters", "headers", "responses", "links", "securitySchemes"}, n.in()) && !n.has("$ref")
		if !named && !n.isOperation() && !n.isProperty() && !n.isComponent() && n.key() != "requestBody" {
			continue
		}
		text := n.at("description")
		known := words(n.pointer() + " " + n.at("name").value)
		isNew := func(word string) bool { return !slices.Contains(known, word) }
		switch {
		case text.value == "":
			report(n, "lacks a description")
		case !strings.HasSuffix(text.value, "."):
			report(text, "want a period at the end")
		case n.isComponent() && !beginning.MatchString(text.value):
			report(text, "want A, An, The, One, What, How or Where at the beginning")
		case !slices.ContainsFunc(words(text.value), isNew):
			report(text, "says no more than the name")
		}
	}
}

var foreign = regexp.MustCompile(`\b(answer(s|ed)?|[Ll]eft out|given? back|[Tt]his project|document was written|what became of|goes on)\b`)

// wordsArePlain: texts use the standard terms: a response, not an answer; a default, not what holds if something is
// left out; a block that is sent back, not given back.
func wordsArePlain(d *document, report reporter) {
	for _, n := range d.objects {
		for _, text := range []*node{n.at("description"), n.at("summary")} {
			if word := foreign.FindString(text.value); word != "" {
				report(text, "%q is not the field's word", word)
			}
		}
	}
}

var (
	wordPattern = regexp.MustCompile(`[A-Z]?[a-z]+|[A-Z]+`)
	fillers     = strings.Fields("a an the one what how where of for in to is")
)

// words returns the meaningful words of a name or a text, in the singular.
func words(text string) []string {
	var words []string
	for _, word := range wordPattern.FindAllString(text, -1) {
		if word = strings.ToLower(word); !slices.Contains(fillers, word) {
			words = append(words, strings.TrimSuffix(word, "s"))
		}
	}
	return words
}

// The order of keys by place. The contract uses no other keys.
var (
	documentKeys   = strings.Fields("openapi info externalDocs servers security tags paths components")
	componentsKeys = strings.Fields("securitySchemes parameters headers responses links examples schemas")
	operationKeys  = strings.Fields("operationId tags summary description parameters requestBody responses")
	parameterKeys  = strings.Fields("name in required description schema")
	componentKeys  = strings.Fields(`title description externalDocs type x-unknown-member x-strict x-needs-beta x-deprecated x-facts
		x-refused x-echo x-same-role x-other-properties x-across x-json-schema
		allOf not additionalProperties required properties anyOf oneOf discriminator enum const minLength x-source items examples`)
	schemaKeys = strings.Fields(`$ref anyOf oneOf description type required properties not enum const format
		contentEncoding default minimum exclusiveMinimum maximum minLength maxLength pattern minItems maxItems x-source items
		additionalProperties deprecated x-json-schema x-across x-refused x-needs-beta`)
)

func keysAreInOrder(d *document, report reporter) {
	check := func(n *node, order []string) {
		last := 0
		for _, child := range n.all {
			i := slices.Index(order, child.key())
			if i < 0 {
				report(child, "the contract does not use %s here", child.key())
			} else if i < last {
				report(child, "%s belongs before %s", child.key(), order[last])
			}
			last = max(i, last)
		}
	}
	check(d.root, documentKeys)
	check(d.root.at("components"), componentsKeys)
	for _, o := range d.objects {
		switch {
		case o.isOperation():
			check(o, operationKeys)
		case o.in() == "parameters" && !o.has("$ref"):
			check(o, parameterKeys)
		case o.isComponent():
			check(o, componentKeys)
		case o.isSchema():
			check(o, schemaKeys)
		}
	}
}

var (
	partLine = regexp.MustCompile(`^ *# ── (\w+)(: [^─]+)? ─+$`)
	parts    = strings.Fields("Headers Batch Results Errors Request Content Tools Thinking Message Usage")
)

// partsAreInOrder: comment lines mark the parts, in the order given by the head of the contract.
func partsAreInOrder(d *document, report reporter) {
	next := 0
	for i, line := range strings.Split(d.text, "\n") {
		m := partLine.FindStringSubmatch(line)
		switch {
		case m == nil, m[2] != "" && next > 0 && m[1] == parts[next-1]:
		case m[2] == "" && next < len(parts) && m[1] == parts[next]:
			next++
		default:
			report(&node{line: i + 1}, "%s is out of order", m[1])
		}
	}
	if next < len(parts) {
		report(d.root.at("components", "schemas"), "part %s is missing", parts[next])
	}
}

func linesAreShort(d *document, report reporter) {
	for i, line := range strings.Split(d.text, "\n") {
		if n := utf8.RuneCountInString(line); n > 120 {
			report(&node{line: i + 1}, "%d columns", n)
		}
	}
}
