package contract

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// An Example is an example of a component, from the component itself or from a body.
type Example struct {
	Path      []string // of its value, which may be in a named example
	Component string   // the schema that it is an example of
	Value     any      // the decoded value
}

// ExampleOf returns an example of a component, or nil. For a body it is the first named example.
func ExampleOf(component string) any { return firstExamples()[component] }

var firstExamples = sync.OnceValue(func() map[string]any {
	first := make(map[string]any)
	for _, e := range Examples(Load()) {
		if _, ok := first[e.Component]; !ok {
			first[e.Component] = e.Value
		}
	}
	return first
})

// Examples returns the examples of all schemas, requests and responses. A named example is returned once.
func Examples(doc *openapi3.T) []Example {
	var examples []Example
	for name, ref := range doc.Components.Schemas {
		for i, value := range ref.Value.Examples {
			examples = append(examples, Example{[]string{"components", "schemas", name, "examples", strconv.Itoa(i)}, name, value})
		}
	}
	content := func(c openapi3.Content) {
		for _, media := range c {
			for _, named := range media.Examples {
				at := strings.Split(strings.TrimPrefix(named.Ref, "#/"), "/")
				examples = append(examples, Example{append(at, "value"), path.Base(media.Schema.Ref), named.Value.Value})
			}
		}
	}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody != nil {
				content(op.RequestBody.Value.Content)
			}
			for _, response := range op.Responses.Map() {
				content(response.Value.Content)
			}
		}
	}
	slices.SortFunc(examples, func(a, b Example) int { return slices.Compare(a.Path, b.Path) })
	return slices.CompactFunc(examples, func(a, b Example) bool { return slices.Equal(a.Path, b.Path) })
}
