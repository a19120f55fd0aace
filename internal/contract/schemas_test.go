package contract_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches"
	"github.com/seed-111a911e/messagebatches/internal/contract"
	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

// TestCopyIsCurrent checks that the copy for programs is up to date with the contract.
func TestCopyIsCurrent(t *testing.T) {
	t.Parallel()
	committed, err := os.ReadFile("schema/schemas.gen.json")
	if err != nil {
		t.Fatal(err)
	}
	made, err := contract.Schemas(messagebatches.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(committed), string(made)); diff != "" {
		t.Errorf("schema/schemas.gen.json is out of date: run go generate ./...\n(-committed +generated)\n%s", diff)
	}
}

// TestCopyAgrees compares each schema of the copy with the one that kin-openapi reads.
func TestCopyAgrees(t *testing.T) {
	t.Parallel()
	want := make(map[string]*schema.Schema)
	for name, ref := range contract.Load().Components.Schemas {
		want[name] = expected(ref)
	}
	if diff := cmp.Diff(want, schema.Components()); diff != "" {
		t.Errorf("(-kin-openapi +copy)\n%s", diff)
	}
}

// expected returns the schema that the copy should have.
func expected(ref *openapi3.SchemaRef) *schema.Schema {
	if ref == nil {
		return nil
	}
	if ref.Ref != "" {
		return extend(&schema.Schema{Ref: ref.Ref}, ref.Extensions)
	}
	s := ref.Value
	e := &schema.Schema{
		Type: schema.Types(s.Type.Slice()), AnyOf: expectedAll(s.AnyOf), OneOf: expectedAll(s.OneOf),
		Enum: s.Enum, Const: s.Const,
		Format: s.Format, ContentEncoding: s.ContentEncoding, MinLength: int64(s.MinLength), MaxLength: signed(s.MaxLength), Pattern: s.Pattern,
		Minimum: s.Min, Maximum: s.Max, ExclusiveMinimum: s.ExclusiveMin.Value, ExclusiveMaximum: s.ExclusiveMax.Value,
		Items: expected(s.Items), MinItems: int64(s.MinItems), MaxItems: signed(s.MaxItems),
		Required: s.Required,
	}
	e.AdditionalProperties.Any = s.AdditionalProperties.Has != nil && *s.AdditionalProperties.Has
	e.AdditionalProperties.Schema = expected(s.AdditionalProperties.Schema)
	if s.Properties != nil {
		e.Properties = make(map[string]*schema.Schema)
	}
	for name, property := range s.Properties {
		e.Properties[name] = expected(property)
	}
	if d := s.Discriminator; d != nil {
		e.Discriminator = &schema.Discriminator{PropertyName: d.PropertyName, Mapping: make(map[string]string)}
		for value, member := range d.Mapping {
			e.Discriminator.Mapping[value] = member.Ref
		}
	}
	return extend(e, s.Extensions)
}

func expectedAll(refs openapi3.SchemaRefs) (all []*schema.Schema) {
	for _, ref := range refs {
		all = append(all, expected(ref))
	}
	return all
}

func signed(limit *uint64) *int64 {
	if limit == nil {
		return nil
	}
	return new(int64(*limit))
}

// extend adds extensions to a schema. It omits other keywords, such as a description next to a reference.
func extend(s *schema.Schema, all map[string]any) *schema.Schema {
	kept := make(map[string]any)
	for name, value := range all {
		if strings.HasPrefix(name, "x-") {
			kept[name] = value
		}
	}
	text, err := json.Marshal(kept)
	if err == nil {
		err = jsonv2.Unmarshal(text, s)
	}
	if err != nil {
		panic(err)
	}
	return s
}

// TestCopyHasNoOtherKeywords checks that programs see every keyword in the copy. A new keyword of the contract needs a
// field in schema.Schema, or, if it does not affect values, an entry in annotations.
func TestCopyHasNoOtherKeywords(t *testing.T) {
	t.Parallel()
	var check func(at string, s *schema.Schema)
	check = func(at string, s *schema.Schema) {
		if s == nil {
			return
		}
		for keyword := range s.Extensions {
			if !strings.HasPrefix(keyword, "x-") {
				t.Errorf("%s: package schema does not know %s", at, keyword)
			}
		}
		for name, p := range s.Properties {
			check(at+"/"+name, p)
		}
		for _, m := range s.AnyOf {
			check(at, m)
		}
		for _, m := range s.OneOf {
			check(at, m)
		}
		check(at, s.Items)
		check(at, s.AdditionalProperties.Schema)
	}
	for name, s := range schema.Components() {
		check(name, s)
	}
}

// TestSchemas makes copies of small contracts.
func TestSchemas(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ contract, want, err string }{
		"annotations": {
			`{components: {schemas: {A: {description: d, type: string, default: a, x-open-enum: true}}}}`,
			`{"A": {"type": "string", "x-open-enum": true}}`, "",
		},
		"everywhere": {
			`{components: {schemas: {A: {properties: {p: {examples: [1]}}, items: {description: d}, oneOf: [{examples: [1]}], anyOf: [{examples: [1]}], additionalProperties: {examples: [1]}}}}}`,
			`{"A": {"properties": {"p": {}}, "items": {}, "oneOf": [{}], "anyOf": [{}], "additionalProperties": {}}}`, "",
		},
		"properties with names of annotations": {
			`{components: {schemas: {A: {required: [description], properties: {description: {type: string}, title: {type: string}}}}}}`,
			`{"A": {"required": ["description"], "properties": {"description": {"type": "string"}, "title": {"type": "string"}}}}`, "",
		},
		"order":      {`{components: {schemas: {B: {}, A: {}}}}`, `{"A": {}, "B": {}}`, ""},
		"no schemas": {`{paths: {}}`, "", "no schemas"},
		"not YAML":   {`{`, "", "yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := contract.Schemas(tt.contract)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("got %v, want %q", err, tt.err)
				}
				return
			}
			var gotValue struct{ Schemas any }
			var want any
			if err := json.Unmarshal(got, &gotValue); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, gotValue.Schemas); diff != "" {
				t.Error(diff)
			}
		})
	}
}
