package preflight_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/contract"
	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

const requestComponent = "BetaMessageBatchIndividualRequestParams"

// A place is where a component is directly inside another one: as a property, an element or a member.
type place struct {
	child, parent string
	wrap          func(child any) (parent any)
	refused       bool // batches refuse the property
}

// places returns all places of the contract that are reachable from a request, those near the top first.
func places(t testing.TB) []place {
	schemas := contract.Load().Components.Schemas
	var all []place
	seen := map[string]bool{requestComponent: true}
	for queue := []string{requestComponent}; len(queue) > 0; queue = queue[1:] {
		parent := queue[0]
		var visit func(ref *openapi3.SchemaRef, wrap func(any) any, refused bool)
		visit = func(ref *openapi3.SchemaRef, wrap func(any) any, refused bool) {
			if child, ok := strings.CutPrefix(ref.Ref, "#/components/schemas/"); ok {
				all = append(all, place{child, parent, wrap, refused})
				if !seen[child] {
					seen[child] = true
					queue = append(queue, child)
				}
				return
			}
			s := ref.Value
			for _, m := range slices.Concat(s.OneOf, s.AnyOf) {
				visit(m, wrap, refused)
			}
			if s.Items != nil {
				visit(s.Items, func(v any) any { return wrap([]any{v}) }, refused)
			}
			if s.AdditionalProperties.Schema != nil {
				visit(s.AdditionalProperties.Schema, func(v any) any { return wrap(map[string]any{"name": v}) }, refused)
			}
			for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
				p := s.Properties[name]
				visit(p, func(v any) any {
					object, _ := example(t, parent).(map[string]any)
					if object == nil {
						t.Fatalf("%s has properties but no example", parent)
					}
					object[name] = v
					return wrap(object)
				}, slices.ContainsFunc(schema.Components()[parent].Properties[name].Refused, func(r schema.Refusal) bool { return r.Batch && r.Values == nil }))
			}
		}
		top := *schemas[parent]
		top.Ref = ""
		visit(&top, func(v any) any { return v }, false)
	}
	return all
}

// example returns the contract's example of a component, or nil.
func example(t testing.TB, component string) any {
	x := contract.ExampleOf(component)
	if x == nil {
		return nil
	}
	b, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// A sample is an example of the contract inside a whole request.
type sample struct {
	name    string
	request any
	refused bool // a batch refuses one of the properties around it
}

// samples puts every example that can be in a request into requests, once for each possible place.
func samples(t testing.TB) []sample {
	all := places(t)
	var embed func(component string, v any) (any, bool)
	embed = func(component string, v any) (any, bool) {
		if component == requestComponent {
			return v, false
		}
		i := slices.IndexFunc(all, func(p place) bool { return p.child == component })
		v, refused := embed(all[i].parent, all[i].wrap(v))
		return v, refused || all[i].refused
	}
	samples := []sample{{name: requestComponent, request: example(t, requestComponent)}}
	for _, p := range all {
		if v := example(t, p.child); v != nil {
			request, refused := embed(p.parent, p.wrap(v))
			samples = append(samples, sample{p.child + " in " + p.parent, whole(request), refused || p.refused})
		}
	}
	return samples
}

// allBetas are all betas that the contract knows, except those that are no longer needed.
func allBetas() (betas []gen.AnthropicBeta) {
	deprecated := schema.Components()["AnthropicBeta"].Deprecated
	for _, b := range contract.Load().Components.Schemas["AnthropicBeta"].Value.Enum {
		if _, ok := deprecated[b.(string)]; !ok {
			betas = append(betas, gen.AnthropicBeta(b.(string)))
		}
	}
	return betas
}

func marshal(t testing.TB, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestExamples checks that the contract's examples have no issues.
func TestExamples(t *testing.T) {
	t.Parallel()
	all := samples(t)
	for _, s := range all {
		options := preflight.Options{Betas: allBetas()}
		if s.refused {
			options.Disable = []preflight.Rule{preflight.RefusedByBatch}
		}
		if issues := check(t, marshal(t, s.request), options); len(issues) > 0 {
			t.Errorf("%s: %v\n%s", s.name, issues, marshal(t, s.request))
		}
	}
	t.Logf("%d requests", len(all))
}

// TestGuides checks that requests as in the public guides have no issues.
func TestGuides(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/guides.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	report, err := preflight.CheckLines(bytes.NewReader(file), preflight.Options{Betas: allBetas()})
	if err != nil || len(report.Issues) > 0 {
		t.Errorf("got %v, %v", report.Issues, err)
	}
	t.Logf("%d requests", report.Requests)
}
