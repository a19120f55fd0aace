package contract_test

import (
	"context"
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-111a911e/messagebatches/internal/contract"
)

// valid: the contract is OpenAPI. Examples have a rule of their own, which lets open enums be open.
func valid(d *document, report reporter) {
	doc, err := contract.Parse(d.text)
	if err == nil {
		err = doc.Validate(context.Background(), openapi3.DisableExamplesValidation())
	}
	at := d.root
	var component *openapi3.ComponentValidationError
	if errors.As(err, &component) {
		at = at.at("components", component.Section+"s", component.Name)
	}
	if err != nil {
		report(at, "%v", err)
	}
}

// examplesExist: every body has named examples, and every other component has an example, except unions with a
// discriminator and the parts of open unions. Mocks prefer the example of a schema to those of the response, so schemas
// of bodies have none. Results have an example of each type.
func examplesExist(d *document, report reporter) {
	bodies := make(map[string]bool)
	for _, o := range d.objects {
		if o.in() == "content" && o.has("schema") {
			bodies[path.Base(o.at("schema", "$ref").value)] = true
		}
	}
	for _, o := range d.objects {
		switch has := len(o.at("examples").all) > 0; {
		case !o.isComponent(), o.has("discriminator"), d.isInner(o), d.inner(o).has("discriminator"), o.has("x-unknown-member"):
		case has && bodies[o.key()]:
			report(o.at("examples"), "hides the named examples of bodies from mocks")
		case !has && !bodies[o.key()]:
			report(o, "lacks an example")
		}
		if o.in() != "content" || !o.has("schema") {
			continue
		}
		if len(o.at("examples").all) == 0 {
			report(o, "lacks examples")
		}
		var types []string
		for _, e := range o.at("examples").all {
			named := d.resolve(e)
			if named == e {
				report(e, "want a reference to a named example")
			}
			types = append(types, named.at("value", "result", "type").value)
		}
		if o.at("schema", "$ref").value != "#/components/schemas/BetaMessageBatchIndividualResponse" {
			continue
		}
		for _, kind := range d.inner(d.component("BetaMessageBatchResult")).at("discriminator", "mapping").keys() {
			if !slices.Contains(types, kind) {
				report(o.at("examples"), "lacks a result that is %s", kind)
			}
		}
	}
}

// anchorsAreAbsent: anything used twice is a component, because some tools cannot read anchors.
func anchorsAreAbsent(d *document, report reporter) {
	for i, line := range strings.Split(d.text, "\n") {
		if anchor.MatchString(line) {
			report(&node{line: i + 1}, "an anchor of YAML: make it a component")
		}
	}
}

var anchor = regexp.MustCompile(`(^|: |- )[&*][a-z][\w-]*$`)

// statuses are the types of errors by HTTP status.
var statuses = map[string]string{
	"400": "invalid_request_error", "401": "authentication_error", "402": "billing_error", "403": "permission_error",
	"404": "not_found_error", "409": "conflict_error", "413": "request_too_large", "429": "rate_limit_error",
	"500": "api_error", "503": "api_error", "504": "timeout_error", "529": "overloaded_error",
}

// errorsHaveTheirStatus: each response that is an error is a component, and its examples are errors of its status.
func errorsHaveTheirStatus(d *document, report reporter) {
	for _, op := range d.operations {
		for _, r := range op.at("responses").all {
			if r.key() == "200" {
				continue
			}
			shared := d.resolve(r)
			if shared == r {
				report(r, "want a reference to a response that operations share")
			}
			for _, e := range shared.at("content", "application/json", "examples").all {
				kind := d.resolve(e).at("value", "error", "type")
				if want := statuses[r.key()]; want != "" && kind.value != want {
					report(r, "the error of %s is %s, want %s", e.key(), kind.value, want)
				}
			}
		}
	}
}

// examplesFit: every example is valid.
func examplesFit(d *document, report reporter) {
	doc, err := contract.ParseForChecks(d.text)
	if err != nil {
		report(d.root, "%v", err)
		return
	}
	left := 0
	for _, o := range d.objects {
		if o.isComponent() {
			left += len(o.at("examples").all)
		}
	}
	left += len(d.root.at("components", "examples").all)
	for _, e := range contract.Examples(doc) {
		left--
		example := d.root.at(e.Path...)
		err := doc.Components.Schemas[e.Component].Value.VisitJSON(e.Value, openapi3.EnableFormatValidation())
		var fault *openapi3.SchemaError
		if errors.As(err, &fault) {
			report(example.at(fault.JSONPointer()...), "%s", fault.Reason)
		}
	}
	if left != 0 {
		report(d.root, "%d examples were not found, and not checked", left)
	}
}
