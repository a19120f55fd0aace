package contract_test

import (
	"encoding/json"
	"os"
	"path"
	"slices"
	"strings"
)

// facts are statements about places: components, their properties as Component/property, and operations.
type facts map[string][]string

// compare reports facts that only one side has, unless there is a reason for it. Reasons are found by patterns of place
// and text.
func compare(d *document, report reporter, contract, testdata facts, reasons map[string]string) {
	used := make(map[string]bool)
	differ := func(place, text string) {
		for pattern := range reasons {
			if ok, _ := path.Match(pattern, place+": "+text); ok {
				used[pattern] = true
				return
			}
		}
		report(d.place(place), "%s", text)
	}
	has := func(f facts, place string) bool { _, ok := f[place]; return ok }
	oneSided := func(said, known facts, newPlace, newText string) {
		for place, texts := range said {
			component := path.Dir(place)
			switch {
			case has(said, component) && !has(known, component): // reported already
			case !has(known, place):
				differ(place, newPlace+path.Base(place))
			default:
				for _, text := range texts {
					if !slices.Contains(known[place], text) {
						differ(place, newText+text)
					}
				}
			}
		}
	}
	oneSided(contract, testdata, "inventory.json lacks ", "inventory.json lacks ")
	oneSided(testdata, contract, "lacks ", "want ")
	for pattern, reason := range reasons {
		if !used[pattern] {
			report(d.root, "%q no longer occurs: %s", pattern, reason)
		}
	}
}

// place returns the node of a place, as far as it exists.
func (d *document) place(place string) *node {
	for _, op := range d.operations {
		if op.at("operationId").value == place {
			return op.at("parameters")
		}
	}
	name, property, ok := strings.Cut(place, "/")
	if !ok {
		return d.component(name)
	}
	return d.component(name).at("properties", property)
}

// readFacts reads a file in testdata.
func readFacts[T any](name string) T {
	var v T
	b, err := os.ReadFile("testdata/" + name)
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		panic(err)
	}
	return v
}
