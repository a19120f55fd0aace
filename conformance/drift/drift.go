// Package drift compares the contract with the official SDK, which is generated from Anthropic's own description of the
// API. Each difference is a mistake in the contract, a change in the API, or a known exception.
//
// It compares the calls, with their parameters and responses and everything in them: properties and which of them are
// required, members of unions, values of enums, constants, JSON kinds, and which properties and values are deprecated.
// Parameters of create that exist only in the SDK's beta namespace must need a beta in the contract. It does not
// compare what Go types do not express: which properties may be null, defaults, limits and patterns.
//
// # Places
//
// The place of a difference is the path to it. A root is a call (create, retrieve, list, cancel, delete, results), a
// response (batch, page, deletion, result), or details, which are those of an error. Then .name is a property or a
// member of a union, the latter by its type, role or JSON kind; [] is an item of a list, {} a value of a map, and
// =value a value of an enum. A suffix (required) means that the property is required, (deprecated) that it is
// deprecated, and (beta) that it needs a beta. Types that several places share are compared once, at the shortest path.
package drift

import (
	"fmt"
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// A Report is the outcome of a comparison. The numbers count items that both sides have.
type Report struct {
	Types, Properties, Required, Members, Values, Deprecations int // numbers of items compared

	// Differences are in the order of the comparison.
	Differences []Difference

	stale []int // numbers of exception lines that match nothing, from 0
}

// A Difference is a place and what differs there.
type Difference struct {
	Place string // type, property, member or value: see the package's documentation
	Text  string // one line
}

func (d Difference) String() string { return d.Place + ": " + d.Text }

func (r *Report) add(place, format string, args ...any) {
	r.Differences = append(r.Differences, Difference{place, fmt.Sprintf(format, args...)})
}

// Summary returns a line with the numbers of items compared.
func (r *Report) Summary() string {
	return fmt.Sprintf("compared %d types, %d properties (%d required), %d union members, %d enum values and %d deprecations",
		r.Types, r.Properties, r.Required, r.Members, r.Values, r.Deprecations)
}

// calls are the operations of the contract, the methods of the SDK that call them, and the names of their roots.
var calls = []struct{ operation, method, params, response string }{
	{"createMessageBatch", "New", "create", "batch"},
	{"retrieveMessageBatch", "Get", "retrieve", "batch"},
	{"listMessageBatches", "List", "list", "page"},
	{"cancelMessageBatch", "Cancel", "cancel", "batch"},
	{"deleteMessageBatch", "Delete", "delete", "deletion"},
	{"retrieveMessageBatchResults", "ResultsStreaming", "results", "result"},
}

// Compare compares a contract with the SDK.
func Compare(doc *openapi3.T) (*Report, error) {
	sdk, err := loadSDK()
	if err != nil {
		return nil, err
	}
	w := newWalk(new(Report))
	methods, operations := sdk.methods(), operations(doc)
	names := slices.Collect(maps.Keys(methods))
	for _, c := range calls {
		if i := slices.Index(names, c.method); i >= 0 {
			names[i] = c.operation
		}
	}
	common := w.names("", names, slices.Collect(maps.Keys(operations)))
	for _, c := range calls {
		if slices.Contains(common, c.operation) {
			method, operation := methods[c.method], operations[c.operation]
			w.add(c.params, sdk.params(method), operationParams(operation))
			w.add(c.response, sdk.response(method), operationResponse(operation))
		}
	}
	w.add("details", sdk.details(), contractNode(doc.Components.Schemas["BetaErrorDetails"]))
	w.run()
	w.report.namespaces(sdk, doc)
	return w.report, nil
}
