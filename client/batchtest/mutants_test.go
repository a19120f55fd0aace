package batchtest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	jsonv2 "github.com/go-json-experiment/json"

	"github.com/seed-111a911e/messagebatches/internal/contract"
	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

// A mutant is the body of a create call with one request, with one change.
type mutant struct {
	where string // component and property
	what  string // kind of change; "" is none
	body  []byte
}

// A breeder makes mutants of each component that a request can contain, and of each of its properties. It finds
// components by walking the contract, and puts the component's example at its place.
type breeder struct {
	seen    map[string]bool // components
	mutants []mutant
}

func breed() *breeder {
	b := &breeder{seen: make(map[string]bool)}
	b.schema(&openapi3.SchemaRef{Ref: "#/components/schemas/BetaCreateMessageBatchParams"}, "", nil, func(v any) any { return v })
	return b
}

func (b *breeder) add(where, what string, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	b.mutants = append(b.mutants, mutant{where, what, text})
}

// schema makes mutants of a value. Wrap puts the value into a body.
func (b *breeder) schema(ref *openapi3.SchemaRef, where string, value any, wrap func(any) any) {
	s, name := resolve(ref)
	if name != "" {
		if b.seen[name] {
			return
		}
		b.seen[name] = true
		where, value = name, sample(s)
	}
	switch {
	case s.OneOf != nil:
		for _, member := range s.OneOf {
			b.schema(member, where, nil, wrap)
		}
	case s.Type.Includes("object"):
		b.object(s, where, value, wrap)
	case s.Type.Includes("array"):
		list := func(v any) any { return wrap(slices.Repeat([]any{v}, max(1, int(s.MinItems)))) }
		b.value(s.Items, where+"[]", sampleOf(s.Items), list)
	}
}

func (b *breeder) object(s *openapi3.Schema, where string, value any, wrap func(any) any) {
	object := value.(map[string]any)
	with := func(name string, v any) map[string]any {
		changed := maps.Clone(object)
		changed[name] = v
		return changed
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		where, v := where+"."+name, object[name]
		if v == nil {
			v = sampleOf(p)
		}
		put := func(v any) any { return wrap(with(name, v)) }
		if slices.Contains(s.Required, name) {
			without := maps.Clone(object)
			delete(without, name)
			b.add(where, "required property removed", wrap(without))
		}
		extensions := p.Extensions
		if p.Ref == "" {
			extensions = p.Value.Extensions
		}
		refusals := refusalsOf(extensions)
		if slices.ContainsFunc(refusals, schema.Refusal.ByBatch) {
			b.add(where, "refused in batches", put(v))
			continue // whatever the value is
		}
		for _, refusal := range refusals {
			switch {
			case refusal.Batch && refusal.Severity == "":
				for _, r := range refusal.Values {
					b.add(where, "refused in batches", put(r))
					if r == v {
						v = !r.(bool) // of a name, the first one is taken, which none refuses
					}
				}
			case refusal.Versions != nil && refusal.Role == "":
				b.add(where, "refused by version", put(v))
			}
		}
		b.value(p, where, v, put)
	}
	if values := s.AdditionalProperties.Schema; values != nil {
		b.value(values, where+".*", sampleOf(values), func(v any) any { return wrap(with("key", v)) })
	}
}

// value makes mutants of a value according to its schema, and of the values inside it.
func (b *breeder) value(ref *openapi3.SchemaRef, where string, value any, wrap func(any) any) {
	s, _ := resolve(ref)
	b.add(where, "", wrap(value))
	kinds := make(map[string]bool)
	addKinds(ref, kinds)
	for kind, v := range map[string]any{"null": nil, "boolean": true, "number": 1.5, "string": "x", "array": []any{}, "object": map[string]any{}} {
		if !kinds[kind] && !kinds["any"] {
			b.add(where, "type changed", wrap(v))
		}
	}
	switch {
	case s.Const != nil:
		b.add(where, "constant altered", wrap(fmt.Sprint(s.Const)+"x"))
	case s.Enum != nil && !contract.IsOpenEnum(s):
		b.add(where, "constant altered", wrap(fmt.Sprint(s.Enum[0])+"x"))
	}
	if s.MinLength > 0 {
		b.add(where, "limit exceeded", wrap(strings.Repeat("x", int(s.MinLength)-1)))
	}
	if s.MaxLength != nil {
		b.add(where, "limit exceeded", wrap(strings.Repeat("x", int(*s.MaxLength)+1)))
	}
	if s.Pattern != "" {
		b.add(where, "limit exceeded", wrap("\u2620"))
	}
	if s.MinItems > 0 {
		b.add(where, "limit exceeded", wrap(slices.Repeat([]any{sampleOf(s.Items)}, int(s.MinItems)-1)))
	}
	if s.MaxItems != nil {
		b.add(where, "limit exceeded", wrap(slices.Repeat([]any{sampleOf(s.Items)}, int(*s.MaxItems)+1)))
	}
	for limit, step := range map[*float64]float64{s.Min: -1, s.Max: 1, s.ExclusiveMin.Value: 0, s.ExclusiveMax.Value: 0} {
		if limit != nil {
			b.add(where, "limit exceeded", wrap(*limit+step))
		}
	}
	b.schema(ref, where, value, wrap)
}

// resolve returns the schema of a reference, and its name if it is a component.
func resolve(ref *openapi3.SchemaRef) (s *openapi3.Schema, name string) {
	if name, ok := strings.CutPrefix(ref.Ref, "#/components/schemas/"); ok {
		return contract.Load().Components.Schemas[name].Value, name
	}
	if ref.Value.AnyOf != nil { // a reference that may be null
		return resolve(ref.Value.AnyOf[0])
	}
	return ref.Value, ""
}

// addKinds adds the kinds of JSON values that a schema allows.
func addKinds(ref *openapi3.SchemaRef, kinds map[string]bool) {
	s := ref.Value
	members := slices.Concat(s.OneOf, s.AnyOf)
	for _, m := range members {
		addKinds(m, kinds)
	}
	switch {
	case s.Type != nil:
		for _, t := range *s.Type {
			kinds[t] = true // integer is not a kind of mutant: 1.5 is not an integer
		}
	case len(members) == 0:
		kinds["any"] = true
	}
}

func sampleOf(ref *openapi3.SchemaRef) any {
	s, _ := resolve(ref)
	return sample(s)
}

// sample returns a value that a schema allows: its example, if it has one.
func sample(s *openapi3.Schema) any {
	switch {
	case s.Examples != nil:
		return s.Examples[0]
	case s.Const != nil:
		return s.Const
	case s.Enum != nil:
		return s.Enum[0]
	case s.OneOf != nil:
		return sampleOf(s.OneOf[0])
	case s.Type.Includes("object"):
		object := make(map[string]any)
		for _, name := range s.Required {
			object[name] = sampleOf(s.Properties[name])
		}
		return object
	case s.Type.Includes("array"):
		return slices.Repeat([]any{sampleOf(s.Items)}, max(1, int(s.MinItems)))
	case s.Type.Includes("string"):
		return strings.Repeat("x", max(1, int(s.MinLength)))
	case s.Type.Includes("integer"), s.Type.Includes("number"):
		if s.Min != nil {
			return *s.Min
		}
		return 1.0
	case s.Type.Includes("boolean"):
		return true
	}
	return map[string]any{}
}

// refusalsOf returns the x-refused entries of a schema.
func refusalsOf(extensions map[string]any) (refusals []schema.Refusal) {
	text, err := json.Marshal(extensions["x-refused"])
	if err == nil {
		err = jsonv2.Unmarshal(text, &refusals)
	}
	if err != nil {
		panic(err)
	}
	return refusals
}
