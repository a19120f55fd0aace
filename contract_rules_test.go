package messagebatches_test

import (
	"regexp"
	"slices"
	"strings"
)

var operationID = regexp.MustCompile(`^[a-z]+MessageBatch[A-Za-z]*$`)

// operationsAreComplete: an operation has an id that says what it does, a summary, and an answer for every outcome.
func operationsAreComplete(d *document, report reporter) {
	for _, op := range d.operations {
		if id := op.at("operationId"); !operationID.MatchString(id.value) {
			report(id, "want a verb and MessageBatch")
		}
		if !op.has("summary") {
			report(op, "lacks a summary")
		}
		for _, status := range []string{"200", "4XX", "5XX"} {
			if !op.at("responses").has(status) {
				report(op.at("responses"), "lacks %s", status)
			}
		}
	}
}

// componentsAreUsed: an operation leads to every component.
func componentsAreUsed(d *document, report reporter) {
	used := make(map[string]bool)
	d.reach(d.root.at("paths"), used)
	for _, requirement := range d.root.at("security").all {
		for _, scheme := range requirement.all {
			used[d.root.at("components", "securitySchemes", scheme.key()).pointer()] = true
		}
	}
	for _, components := range d.root.at("components").all {
		for _, c := range components.all {
			if !used[c.pointer()] {
				report(c, "no operation leads here")
			}
		}
	}
}

var kindInName = regexp.MustCompile(`(String|Int|Any)(?:[^a-z]|$)`)

// namesDoNotNameKinds: a component is named for what it means, not for its JSON kind, unless the API says the word.
func namesDoNotNameKinds(d *document, report reporter) {
	for _, s := range d.components() {
		kind := kindInName.FindStringSubmatch(s.key())
		if kind != nil && s.at("properties", "type", "const").value != strings.ToLower(kind[1]) {
			report(s, "%s is a JSON kind", kind[1])
		}
	}
}

// propertiesAreInOrder: properties and required are sorted. What is required exists, and what has only one value is
// required, for it tells what the object is; the default member of a union is told otherwise.
func propertiesAreInOrder(d *document, report reporter) {
	var defaults []string
	for _, s := range d.schemas {
		defaults = append(defaults, s.at("x-default-member").values()...)
	}
	for _, s := range d.schemas {
		required := s.at("required")
		last := ""
		for _, p := range s.at("properties").all {
			if p.key() < last {
				report(p, "%s belongs before %s", p.key(), last)
			}
			last = p.key()
			if p.has("const") && !slices.Contains(required.values(), last) && !slices.Contains(defaults, s.key()) {
				report(p, "a constant that is not required")
			}
		}
		last = ""
		for _, name := range required.all {
			if name.value < last {
				report(name, "%s belongs before %s", name.value, last)
			}
			last = name.value
			if !s.at("properties").has(last) {
				report(name, "there is no property %s", last)
			}
		}
	}
}

// enumsStandOnce: an enum of two places is a component. Components may have the same values and mean different things.
func enumsStandOnce(d *document, report reporter) {
	places := make(map[string][]*node)
	for _, s := range d.schemas {
		if values := s.at("enum").values(); len(values) > 1 {
			key := strings.Join(slices.Sorted(slices.Values(values)), "\n")
			places[key] = append(places[key], s)
		}
	}
	for _, same := range places {
		for _, s := range same {
			if len(same) > 1 && !s.isComponent() {
				report(s.at("enum"), "these values stand in %d places: make them a component", len(same))
			}
		}
	}
}

var explained = regexp.MustCompile(`(?m)^#   (x-[a-z-]+): `)

// extensionsAreExplained: the head of the contract says what each extension means and what it looks like.
func extensionsAreExplained(d *document, report reporter) {
	var names []string
	for _, m := range explained.FindAllStringSubmatch(d.text, -1) {
		names = append(names, m[1])
	}
	for _, o := range d.objects {
		for _, x := range o.all {
			if strings.HasPrefix(x.key(), "x-") && !(slices.Contains(names, x.key()) && d.extensionFits(o, x)) {
				report(x, "%s is not as the head of the contract explains it", x.key())
			}
		}
	}
}

// extensionFits reports whether x is right for the schema s. The rule for unions looks closer at x-default-member.
func (d *document) extensionFits(s, x *node) bool {
	eachIn := func(known []string) bool {
		isNew := func(value string) bool { return !slices.Contains(known, value) }
		return len(x.all) > 0 && !slices.ContainsFunc(x.values(), isNew)
	}
	switch x.key() {
	case "x-open-enum":
		return x.value == "true" && s.has("enum")
	case "x-strict":
		members := s.at("oneOf").all
		if !s.has("oneOf") {
			members = []*node{s}
		}
		lacks := func(m *node) bool { return !eachIn(d.resolve(m).at("properties").keys()) }
		return s.isComponent() && d.answers[s.pointer()] && !slices.ContainsFunc(members, lacks)
	case "x-default-member":
		return x.value != "" && s.has("discriminator")
	case "x-refused-by-versions":
		return s.isProperty() && eachIn(d.component("AnthropicVersion").at("enum").values())
	case "x-refused-in-batches":
		isBoolean := s.at("type").value == "boolean"
		return s.isProperty() && (x.value == "true" || eachIn(s.at("enum").values()) || isBoolean && eachIn([]string{"false", "true"}))
	case "x-needs-beta":
		return (s.isProperty() || s.has("properties")) && eachIn(d.component("AnthropicBeta").at("enum").values())
	}
	return false
}
