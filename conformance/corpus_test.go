package conformance_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-111a911e/messagebatches/conformance/internal/contract"
)

// A sample is a JSON value of one component, the root of its corpus, with an item of interest somewhere in it.
type sample struct {
	name   string   // of the item of interest: BetaTool or BetaTool.strict=false
	covers []string // the root and the components that are at the place of interest
	value  any
}

func (s sample) json() []byte {
	b, err := json.Marshal(s.value)
	if err != nil {
		panic(err) // the value comes from the contract
	}
	return b
}

// decoded returns the value as package json decodes it.
func (s sample) decoded() (v any) {
	if err := json.Unmarshal(s.json(), &v); err != nil {
		panic(err)
	}
	return v
}

// newCorpus returns samples of everything that a value of the root can contain: for each component below it, the
// component's example and, for each property, each member, each enum value and both booleans. A component is placed
// where it is reached first, inside the examples of the components around it.
//
// Default values of properties are omitted, because sending them has no effect.
func newCorpus(root string) []sample {
	type place struct {
		component string
		put       func(any) any // makes a value of the root from one of the component
	}
	schemas := contract.Load().Components.Schemas
	var samples []sample
	seen := map[string]bool{root: true}
	for queue := []place{{root, identity}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		schema := schemas[at.component].Value
		example, _ := contract.ExampleOf(at.component).(map[string]any)
		samples = append(samples, sample{at.component, []string{root, at.component}, at.put(example)})
		example = longForm(schema, example)
		for _, property := range slices.Sorted(maps.Keys(schema.Properties)) {
			put := func(v any) any {
				whole := maps.Clone(example)
				whole[property] = v
				return at.put(whole)
			}
			for _, c := range choices(schema.Properties[property], example[property]) {
				samples = append(samples, sample{
					name:   at.component + "." + property + c.label,
					covers: append([]string{root, at.component}, c.covers...),
					value:  put(c.put(c.value)),
				})
				if c.object != "" && !seen[c.object] {
					seen[c.object] = true
					queue = append(queue, place{c.object, func(v any) any { return put(c.put(v)) }})
				}
			}
		}
	}
	return samples
}

func identity(v any) any { return v }

// longForm returns an example with lists in place of texts that abbreviate a list. The SDK writes only lists, so all
// samples inside such a text would differ.
func longForm(s *openapi3.Schema, example map[string]any) map[string]any {
	long := maps.Clone(example)
	for name, v := range example {
		if _, short := v.(string); !short {
			continue
		}
		for _, c := range choices(s.Properties[name], v) {
			if list, ok := c.put(c.value).([]any); ok {
				long[name] = list
				break
			}
		}
	}
	return long
}

// A choice is one of the values that a schema allows.
type choice struct {
	label  string
	covers []string // components between the schema and the value
	object string   // component of the value, if it is an object
	value  any
	put    func(any) any // makes a value of the schema from one such as value
}

// choices returns one value of each kind that a schema allows, except null and its default. The example, if there is
// one, provides strings, because not all are valid.
func choices(ref *openapi3.SchemaRef, example any) (all []choice) {
	s, name := ref.Value, componentName(ref.Ref)
	wrap := func(inner *openapi3.SchemaRef, label string, put func(any) any) {
		for _, c := range choices(inner, example) {
			putInner := c.put
			c.label = label + c.label
			c.put = func(v any) any { return put(putInner(v)) }
			all = append(all, c)
		}
	}
	switch members := slices.Concat(s.OneOf, s.AnyOf); {
	case members != nil:
		for _, m := range members {
			wrap(m, "", identity)
		}
	case s.Type.Is("null"):
	case len(s.Properties) > 0:
		all = []choice{{label: "=" + name, object: name, value: contract.ExampleOf(name), put: identity}}
	case s.Type.Includes("array"):
		wrap(s.Items, "[]", func(v any) any { return slices.Repeat([]any{v}, max(1, int(s.MinItems))) })
	case s.AdditionalProperties.Schema != nil:
		wrap(s.AdditionalProperties.Schema, "{}", func(v any) any { return map[string]any{"key": v} })
	default:
		for _, v := range scalars(s, example) {
			text, _ := json.Marshal(v)
			all = append(all, choice{label: "=" + string(text), value: v, put: identity})
		}
	}
	for i := range all {
		if name != "" {
			all[i].covers = append([]string{name}, all[i].covers...)
		}
	}
	return all
}

// scalars returns values of a schema that is neither an object with properties nor a list.
func scalars(s *openapi3.Schema, example any) (values []any) {
	_, hasText := example.(string)
	switch {
	case s.Const != nil:
		return []any{s.Const}
	case len(s.Enum) > 0:
		values = slices.Clone(s.Enum)
	case s.Type.Includes("boolean"):
		values = []any{true, false}
	case s.Type.Includes("integer"), s.Type.Includes("number"):
		values = []any{1.0, 0.0}
		if s.Min != nil {
			values = []any{*s.Min, *s.Min + 1}
		}
		if s.Max != nil {
			values = slices.DeleteFunc(values, func(v any) bool { return v.(float64) > *s.Max })
		}
	case s.Examples != nil:
		values = s.Examples[:1]
	case s.Format == "date-time":
		values = []any{"2026-08-20T18:37:24.100435Z"}
	case s.Type.Includes("string") && hasText:
		values = []any{example}
	case s.Type.Includes("string"):
		text := "text"
		if s.MaxLength != nil {
			text = text[:min(len(text), int(*s.MaxLength))]
		}
		values = []any{text}
	default:
		values = []any{map[string]any{"free": []any{1.5, "two", nil, true}}}
	}
	return slices.DeleteFunc(values, func(v any) bool { return v == nil || v == s.Default })
}

func componentName(ref string) string { return strings.TrimPrefix(ref, "#/components/schemas/") }

var reference = regexp.MustCompile(`"#/components/schemas/(\w+)"`)

// reachable returns a component and all components reachable from it. It reads the contract independently, to detect
// what a corpus has missed.
func reachable(t *testing.T, root string) []string {
	t.Helper()
	found := []string{root}
	for i := 0; i < len(found); i++ {
		text, err := json.Marshal(contract.Load().Components.Schemas[found[i]])
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range reference.FindAllStringSubmatch(string(text), -1) {
			if !slices.Contains(found, m[1]) {
				found = append(found, m[1])
			}
		}
	}
	return found
}

func TestCorpusIsComplete(t *testing.T) {
	t.Parallel()
	for _, root := range []string{"BetaCreateMessageBatchParams", "BetaMessageBatchIndividualResponse", "BetaMessageBatchPage"} {
		covered := make(map[string]bool)
		for _, s := range newCorpus(root) {
			for _, name := range s.covers {
				covered[name] = true
			}
		}
		for _, name := range reachable(t, root) {
			if !covered[name] {
				t.Errorf("no sample of %s has a %s", root, name)
			}
		}
		t.Logf("%s: %d samples of %d components", root, len(newCorpus(root)), len(covered))
	}
}
