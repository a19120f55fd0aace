package contract_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/seed-111a911e/messagebatches"
	"github.com/seed-111a911e/messagebatches/internal/contract"
)

// newSchemas returns a compiler of the contract's unchanged components, for a plain JSON Schema validator that does not
// know extensions and discriminators.
func newSchemas(t *testing.T) func(component string) *jsonschema.Schema {
	t.Helper()
	var document map[string]any
	if err := yaml.Unmarshal([]byte(messagebatches.OpenAPI()), &document); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler() // 2020-12, as OpenAPI 3.1 says
	if err := c.AddResource("openapi.json", asJSON(t, text)); err != nil {
		t.Fatal(err)
	}
	return func(component string) *jsonschema.Schema {
		s, err := c.Compile("openapi.json#/components/schemas/" + component)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func asJSON(t *testing.T, text []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestJSONSchema validates responses and requests with a JSON Schema validator. It must accept values newer than the
// contract where the service may extend it, and refuse invalid ones.
func TestJSONSchema(t *testing.T) {
	t.Parallel()
	compile := newSchemas(t)
	type testCase struct {
		Name, Component string
		Valid           bool
		Value           json.RawMessage
	}
	for _, tt := range readFacts[[]testCase]("newer.json") {
		t.Run(tt.Component+"/"+tt.Name, func(t *testing.T) {
			if err := compile(tt.Component).Validate(asJSON(t, tt.Value)); (err == nil) != tt.Valid {
				t.Errorf("want valid: %v, got %v", tt.Valid, err)
			}
		})
	}
}

// TestJSONSchemaTakesEveryExtension puts an unknown object, value or property in each place of the contract's example
// responses that may be extended: they must remain valid.
func TestJSONSchemaTakesEveryExtension(t *testing.T) {
	t.Parallel()
	compile := newSchemas(t)
	d, err := parse(messagebatches.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	unions, enums, objects := 0, 0, 0
	for _, s := range d.components() {
		if !d.responses[s.pointer()] || s.has("x-unknown-member") {
			continue
		}
		var newer any
		switch {
		case d.unknown(s).exists():
			unions++
			object := map[string]any{"type": "newer_than_all", "more": true}
			for _, name := range d.unknown(s).at("required").values() { // the properties of all members
				object[name] = "any"
			}
			newer = object
		case s.isOpenEnum():
			enums++
			newer = "newer_than_all"
		case s.has("properties"):
			objects++
			newer = withProperty(t, s.key())
		default:
			continue
		}
		if err := compile(s.key()).Validate(newer); err != nil {
			t.Errorf("%s: %v", s.key(), err)
		}
	}
	if unions == 0 || enums == 0 || objects == 0 {
		t.Error("nothing in the contract may be extended")
	}
	t.Logf("%d unions, %d enums, %d objects", unions, enums, objects)
}

// withProperty returns the example of a component with an unknown property.
func withProperty(t *testing.T, component string) any {
	t.Helper()
	example := contract.ExampleOf(component)
	if example == nil {
		t.Fatalf("%s has no example", component)
	}
	text, err := json.Marshal(example)
	if err != nil {
		t.Fatal(err)
	}
	v, ok := asJSON(t, text).(map[string]any)
	if !ok {
		t.Fatalf("the example of %s is not an object", component)
	}
	v["newer_than_all"] = true
	return v
}
