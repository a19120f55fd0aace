package contract_test

import (
	"regexp"
	"slices"
	"strings"
)

var operationID = regexp.MustCompile(`^[a-z]+MessageBatch[A-Za-z]*$`)

// operationsAreComplete: an operation has a descriptive id, a summary, and a response for every outcome. A resource may
// not exist, and a body may be too large.
func operationsAreComplete(d *document, report reporter) {
	for _, op := range d.operations {
		if id := op.at("operationId"); !operationID.MatchString(id.value) {
			report(id, "want a verb and MessageBatch")
		}
		if !op.has("summary") {
			report(op, "lacks a summary")
		}
		outcomes := strings.Fields("200 400 401 403 429 500 503 504 529 4XX 5XX")
		if strings.Contains(op.in(), "{") {
			outcomes = append(outcomes, "404")
		}
		if op.has("requestBody") {
			outcomes = append(outcomes, "402", "409", "413")
		}
		for _, status := range outcomes {
			if !op.at("responses").has(status) {
				report(op.at("responses"), "lacks %s", status)
			}
		}
	}
}

// componentsAreUsed: every component is reachable from an operation.
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

// namesDoNotNameKinds: a component is named for its meaning, not for its JSON kind, unless the API uses the word.
func namesDoNotNameKinds(d *document, report reporter) {
	for _, s := range d.components() {
		kind := kindInName.FindStringSubmatch(s.key())
		if kind != nil && s.at("properties", "type", "const").value != strings.ToLower(kind[1]) {
			report(s, "%s is a JSON kind", kind[1])
		}
	}
}

// propertiesAreInOrder: required properties come first; they, the others and the list required are sorted. Required
// properties exist, and a property with only one value is required, because it identifies the object.
func propertiesAreInOrder(d *document, report reporter) {
	for _, s := range d.schemas {
		required := s.at("required")
		isRequired := func(p *node) bool { return slices.Contains(required.values(), p.key()) }
		var before *node
		for _, p := range s.at("properties").all {
			if before != nil && (isRequired(p) && !isRequired(before) || isRequired(p) == isRequired(before) && p.key() < before.key()) {
				report(p, "%s belongs before %s", p.key(), before.key())
			}
			before = p
			if p.has("const") && !isRequired(p) {
				report(p, "a constant that is not required")
			}
		}
		last := ""
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

// enumsAppearOnce: an enum that is used in two places is a component. Components may have the same values and different
// meanings.
func enumsAppearOnce(d *document, report reporter) {
	places := make(map[string][]*node)
	for _, s := range d.schemas {
		if values := s.at("enum").values(); len(values) > 1 && s.key() != "not" {
			key := strings.Join(slices.Sorted(slices.Values(values)), "\n")
			places[key] = append(places[key], s)
		}
	}
	for _, same := range places {
		for _, s := range same {
			if len(same) > 1 && !s.isComponent() && s.in() != "anyOf" {
				report(s.at("enum"), "these values are in %d places: make them a component", len(same))
			}
		}
	}
}
