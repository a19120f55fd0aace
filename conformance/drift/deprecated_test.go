package drift

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
)

const fixture = `
openapi: 3.1.0
info: {title: a, version: '1'}
paths: {}
components:
  schemas:
    Model:
      type: string
      enum: [a-1, a-2, a-3]
      x-deprecated: {a-1: {since: 2026-01-01, end: '2027-01-22', instead: a-3}, a-2: {}}
    Params:
      type: object
      properties:
        model: {$ref: '#/components/schemas/Model'}
        old: {type: string, deprecated: true}
        servers: {type: array, items: {$ref: '#/components/schemas/Server'}, x-needs-beta: [servers-1]}
        thread: {anyOf: [{$ref: '#/components/schemas/Thread'}, {type: 'null'}]}
        display: {type: string, enum: [full, updates], x-needs-beta: {updates: [display-1]}}
        both: {oneOf: [{$ref: '#/components/schemas/Thread'}, {$ref: '#/components/schemas/Word'}]}
        either: {oneOf: [{$ref: '#/components/schemas/Thread'}, {$ref: '#/components/schemas/Server'}]}
    Word: {type: string, const: a, x-needs-beta: [threads-2]}
    Server: {type: object, properties: {name: {type: string}}}
    Thread: {type: object, x-needs-beta: [threads-1], properties: {id: {type: string}}}
`

func fixtureNode(t *testing.T, name string) node {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(fixture))
	if err != nil {
		t.Fatal(err)
	}
	return contractNode(&openapi3.SchemaRef{Ref: "#/" + name, Value: doc.Components.Schemas[name].Value})
}

func TestContractDeprecated(t *testing.T) {
	t.Parallel()
	want := map[string]string{"a-1": "2027-01-22", "a-2": ""}
	if diff := cmp.Diff(want, fixtureNode(t, "Model").shape().deprecatedValues); diff != "" {
		t.Errorf("values (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"old"}, fixtureNode(t, "Params").shape().deprecatedParts); diff != "" {
		t.Errorf("properties (-want +got)\n%s", diff)
	}
}

func TestDeprecations(t *testing.T) {
	t.Parallel()
	w := newWalk(new(Report))
	names := []string{"both", "end", "gone", "new", "none", "open"}
	w.deprecations("model=", names,
		map[string]string{"both": "2027-01-22", "end": "2027-01-22", "new": "", "open": ""},
		map[string]string{"both": "2027-01-22", "end": "2027-02-01", "gone": "", "open": "2027-03-01"})
	want := []Difference{
		{"model=end(deprecated)", "ends on 2027-01-22 in the SDK, on 2027-02-01 in the contract"},
		{"model=gone(deprecated)", sdkLacks},
		{"model=new(deprecated)", contractLacks},
	}
	if diff := cmp.Diff(want, w.report.Differences); diff != "" || w.report.Deprecations != 2 {
		t.Errorf("%d agree, (-want +got)\n%s", w.report.Deprecations, diff)
	}
}

// TestSDKDeprecated reads the comments of the SDK: models have an end, betas have none.
func TestSDKDeprecated(t *testing.T) {
	t.Parallel()
	sdk, err := loadSDK()
	if err != nil {
		t.Fatal(err)
	}
	for name, wantEnd := range map[string]bool{"Model": true, "AnthropicBeta": false} {
		ends := sdk.deprecatedValues(sdk.scope.Lookup(name).Type())
		if len(ends) == 0 {
			t.Errorf("%s has no deprecated values", name)
		}
		for value, end := range ends {
			if (end != "") != wantEnd {
				t.Errorf("%s %s ends on %q", name, value, end)
			}
		}
	}
}
