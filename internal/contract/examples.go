package contract

import (
	"path"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// An Example is an example of a component, its own or that of a body.
type Example struct {
	Path      []string // where it stands
	Component string   // the schema that it is an example of
	Value     any      // as it was decoded
}

// Examples returns the examples of all schemas, requests and answers.
func Examples(doc *openapi3.T) []Example {
	var examples []Example
	for name, ref := range doc.Components.Schemas {
		if value := ref.Value.Example; value != nil {
			examples = append(examples, Example{[]string{"components", "schemas", name, "example"}, name, value})
		}
	}
	content := func(c openapi3.Content, at ...string) {
		for kind, media := range c {
			if media.Example != nil {
				at := slices.Concat(at, []string{"content", kind, "example"})
				examples = append(examples, Example{at, path.Base(media.Schema.Ref), media.Example})
			}
		}
	}
	for url, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			at := []string{"paths", url, strings.ToLower(method)}
			if op.RequestBody != nil {
				content(op.RequestBody.Value.Content, append(at, "requestBody")...)
			}
			for status, response := range op.Responses.Map() {
				if response.Ref == "" {
					content(response.Value.Content, append(at, "responses", status)...)
				}
			}
		}
	}
	for name, response := range doc.Components.Responses {
		content(response.Value.Content, "components", "responses", name)
	}
	slices.SortFunc(examples, func(a, b Example) int { return slices.Compare(a.Path, b.Path) })
	return examples
}
