package contract

import (
	"encoding/json"
	"maps"
	"path"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Code that reads the contract needs its values and members, not the JSON Schema that keeps them open. Folding produces
// the closed forms, each marked with an extension that only folded schemas have:
//
//	anyOf: [{type: string, enum}, {type: string}]           type: string, enum, x-open-enum: true
//	anyOf: [known members, x-unknown-member: true]          oneOf: known members, discriminator, x-open-union: true
//	anyOf: [custom member, union by discriminator]          oneOf: all members, discriminator, x-default-member

// A folded contract is its document as JSON values.
type folded struct {
	document map[string]any
	schemas  map[string]any
}

// fold reads the text of a contract and folds its open forms.
func fold(text string) (folded, error) {
	var f folded
	if err := yaml.Unmarshal([]byte(text), &f.document); err != nil {
		return f, err
	}
	components, _ := f.document["components"].(map[string]any)
	f.schemas, _ = components["schemas"].(map[string]any)
	for _, s := range f.schemas {
		if s, ok := s.(map[string]any); ok {
			f.enum(s)
			f.union(s)
		}
	}
	delete(f.schemas, "NewerMember") // the base of unknown members
	return f, nil
}

// json returns the document as JSON.
func (f folded) json() ([]byte, error) { return json.Marshal(f.document) }

// enum folds an open enum.
func (f folded) enum(s map[string]any) {
	arms := objects(s["anyOf"])
	if len(arms) != 2 || arms[0]["enum"] == nil {
		return
	}
	delete(s, "anyOf")
	maps.Copy(s, arms[1]) // the constraints on all values
	s["enum"], s["x-open-enum"] = arms[0]["enum"], true
}

// union folds an open union, and a union of a custom member and another union. Their parts are no longer components.
func (f folded) union(s map[string]any) {
	arms := objects(s["anyOf"])
	if len(arms) < 2 || slices.ContainsFunc(arms, func(m map[string]any) bool { return m["$ref"] == nil }) {
		return // a reference or null
	}
	delete(s, "anyOf")
	var all []any
	var custom string
	for _, m := range arms {
		name := path.Base(m["$ref"].(string))
		member, _ := f.schemas[name].(map[string]any)
		switch {
		case member["x-unknown-member"] == true:
			s["x-open-union"] = true
			delete(f.schemas, name)
		case member["oneOf"] != nil:
			all = append(all, member["oneOf"].([]any)...)
			if d, ok := member["discriminator"]; ok {
				s["discriminator"] = d
			}
			delete(f.schemas, name)
		default:
			all, custom = append(all, m), name
		}
	}
	s["oneOf"] = all
	if d, ok := s["discriminator"].(map[string]any); ok && custom != "" {
		s["x-default-member"] = custom
		for _, tag := range f.tags(custom, d["propertyName"].(string)) {
			d["mapping"].(map[string]any)[tag] = all[0].(map[string]any)["$ref"]
		}
	}
}

// tags returns the values that a property of a component may have, without null.
func (f folded) tags(component, property string) (tags []string) {
	s, _ := f.schemas[component].(map[string]any)
	properties, _ := s["properties"].(map[string]any)
	p, _ := properties[property].(map[string]any)
	values, _ := p["enum"].([]any)
	for _, value := range append(values, p["const"]) {
		if tag, ok := value.(string); ok {
			tags = append(tags, tag)
		}
	}
	return tags
}

// objects returns the objects of a list.
func objects(list any) (objects []map[string]any) {
	items, _ := list.([]any)
	for _, item := range items {
		if o, ok := item.(map[string]any); ok {
			objects = append(objects, o)
		}
	}
	return objects
}
