// Package drift compares the contract with the official SDK, which is generated from Anthropic's own description of
// the API: what the two do not share is a mistake in the contract, news in the API, or a known exception.
//
// It compares the calls, their parameters and answers and all below: properties and which of them are required,
// members of unions, values of enums, constants, JSON kinds, and which properties and values are deprecated. What create
// takes only in the SDK's beta namespace has to need a beta in the contract. It does not compare what Go types do not
// say: which properties may be null, defaults, limits and patterns.
//
// # Places
//
// The place of a difference is the path to it. A root is a call (create, retrieve, list, cancel, delete, results),
// what calls answer (batch, page, deletion, result) or details, those of an error. Then .name is a property or a
// member of a union, the latter by its type, role or JSON kind; [] are the items of a list, {} the values of a map,
// =value is a value of an enum. At the end (required) says that the property has to be there, (deprecated) that it is
// deprecated, and (beta) that it needs a beta. What several places share is compared once, at the shortest path.
package drift

import (
	"fmt"
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// A Report is the outcome of a comparison. The numbers count what both sides have.
type Report struct {
	Types, Properties, Required, Members, Values, Deprecations int // how many were compared

	// Differences are in the order of the comparison.
	Differences []Difference

	stale []int // lines of exceptions that match nothing, counted from 0
}

// A Difference is a place and what is wrong there.
type Difference struct {
	Place string // type, property, member or value: see the package's documentation
	Text  string // one line
}

func (d Difference) String() string { return d.Place + ": " + d.Text }

func (r *Report) add(place, format string, args ...any) {
	r.Differences = append(r.Differences, Difference{place, fmt.Sprintf(format, args...)})
}

// Summary says how much was compared.
func (r *Report) Summary() string {
	return fmt.Sprintf("compared %d types, %d properties (%d required), %d union members, %d enum values and %d deprecations",
		r.Types, r.Properties, r.Required, r.Members, r.Values, r.Deprecations)
}

// calls are the operations of the contract, the methods of the SDK that call them, and the roots of both.
var calls = []struct{ operation, method, params, answer string }{
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
			w.add(c.answer, sdk.answer(method), operationAnswer(operation))
		}
	}
	w.add("details", sdk.details(), contractNode(doc.Components.Schemas["BetaErrorDetails"]))
	w.run()
	w.report.namespaces(sdk, doc)
	return w.report, nil
}
