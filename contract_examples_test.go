package messagebatches_test

import (
	"context"
	"errors"

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

// examplesExist: every body has an example, and every component except unions with a discriminator.
func examplesExist(d *document, report reporter) {
	for _, o := range d.objects {
		isBody := o.in() == "content" && o.has("schema")
		if (isBody || o.isComponent() && !o.has("discriminator")) && !o.has("example") {
			report(o, "lacks an example")
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
		if o.has("example") {
			left++
		}
	}
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
