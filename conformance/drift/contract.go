package drift

import (
	"fmt"
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// contractNode returns the node of a schema. A missing schema means any value.
func contractNode(ref *openapi3.SchemaRef) node {
	if ref == nil {
		return leaf("any")
	}
	needsBeta, betaOnly := contractBetas(ref.Value)
	if members := contractMembers(ref.Value); len(members) == 1 { // the member or null
		m := members[0]
		m.needsBeta, m.betaOnly = m.needsBeta || needsBeta, append(m.betaOnly, betaOnly...)
		return m
	}
	// A reference with a description leads to a copy of the schema, so that only its text identifies the schema.
	return node{ref.Ref, needsBeta, betaOnly, func() shape { return contractShape(ref.Value) }}
}

// contractBetas reads x-needs-beta: a list of betas that a schema needs, or a map of such lists by value.
func contractBetas(s *openapi3.Schema) (needsBeta bool, betaOnly []string) {
	switch betas := s.Extensions["x-needs-beta"].(type) {
	case []any:
		return len(betas) > 0, nil
	case map[string]any:
		return false, slices.Collect(maps.Keys(betas))
	}
	return false, nil
}

// contractMembers returns the members of a union without null.
func contractMembers(s *openapi3.Schema) (members []node) {
	for _, ref := range slices.Concat(s.OneOf, s.AnyOf) {
		if !ref.Value.Type.Is("null") {
			members = append(members, contractNode(ref))
		}
	}
	return members
}

func contractShape(s *openapi3.Schema) shape {
	if members := contractMembers(s); members != nil {
		return union(members...)
	}
	kinds := slices.DeleteFunc(slices.Clone(s.Type.Slice()), func(t string) bool { return t == "null" })
	switch {
	case len(kinds) == 0:
		return shape{kind: "any"}
	case len(kinds) > 1:
		return shape{kind: fmt.Sprint(kinds)}
	}
	switch kinds[0] {
	case "object":
		if s.Properties == nil {
			return shape{kind: "map", items: contractNode(s.AdditionalProperties.Schema)}
		}
		o := shape{kind: "object", parts: make(map[string]node), required: s.Required}
		for name, ref := range s.Properties {
			o.parts[name] = contractNode(ref)
			if ref.Value.Deprecated {
				o.deprecatedParts = append(o.deprecatedParts, name)
			}
		}
		return o
	case "array":
		return shape{kind: "list", items: contractNode(s.Items)}
	case "string":
		if s.Format == "date-time" {
			return shape{kind: "time"}
		}
		return shape{kind: "string", values: contractValues(s), deprecatedValues: contractDeprecated(s)}
	}
	return shape{kind: kinds[0]}
}

func contractValues(s *openapi3.Schema) (values []string) {
	if s.Const != nil {
		return []string{fmt.Sprint(s.Const)}
	}
	for _, v := range s.Enum {
		if v != nil { // null is one of the values if a property may be null
			values = append(values, fmt.Sprint(v))
		}
	}
	return values
}

// operations returns the operations of the contract by their ids.
func operations(doc *openapi3.T) map[string]*openapi3.Operation {
	byID := make(map[string]*openapi3.Operation)
	for _, path := range doc.Paths.Map() {
		for _, o := range path.Operations() {
			byID[o.OperationID] = o
		}
	}
	return byID
}

// operationParams returns the parameters of an operation as one object, as in the SDK: body, query and headers, without
// path parameters.
func operationParams(o *openapi3.Operation) node {
	params := shape{kind: "object", parts: make(map[string]node)}
	if o.RequestBody != nil {
		body := contractShape(o.RequestBody.Value.Content.Get("application/json").Schema.Value)
		maps.Copy(params.parts, body.parts)
		params.required = slices.Clone(body.required)
	}
	for _, ref := range o.Parameters {
		params.parts[ref.Value.Name] = contractNode(ref.Value.Schema)
		if ref.Value.Required {
			params.required = append(params.required, ref.Value.Name)
		}
	}
	return node{shape: func() shape { return params }}
}

// operationResponse returns the response of an operation, or one line of it.
func operationResponse(o *openapi3.Operation) node {
	for _, media := range o.Responses.Value("200").Value.Content {
		return contractNode(media.Schema)
	}
	return leaf("nothing")
}
