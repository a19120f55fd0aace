package page

import (
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// prepare changes a document to make it easier to read:
//
//   - The rules in extensions become part of descriptions.
//   - Open enums, which JSON Schema expresses as an enum or any string, become one enum, and open unions become one list.
//   - The description of a member of a union moves to the property that selects it, where Redoc shows it.
//   - A single tag is removed, so that the navigation lists the operations.
func prepare(doc *yaml.Node) {
	p := preparer{}
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		p.root = doc.Content[0]
		p.schemas = property(property(p.root, "components"), "schemas")
	}
	p.references(doc)
	p.forms(doc)
	p.members()
	if tags := property(p.root, "tags"); tags != nil && len(tags.Content) == 1 {
		remove(p.root, "tags")
		p.operations(func(operation *yaml.Node) { remove(operation, "tags") })
	}
}

// A preparer changes a document.
type preparer struct{ root, schemas *yaml.Node }

// references adds the rules of a component to references that have a description of their own, because Redoc then shows only
// that description. A reference to a union is replaced by the union, because Redoc drops the description of such a
// reference.
func (p preparer) references(n *yaml.Node) {
	for _, child := range n.Content {
		p.references(child)
	}
	if n.Kind != yaml.MappingNode || property(n, "description") == nil {
		return
	}
	describe(n, rules(p.target(n)))
	if target := p.component(n); property(target, "oneOf") != nil || p.isOpenUnion(target) {
		name := path.Base(property(n, "$ref").Value)
		remove(n, "$ref")
		for i := 0; i+1 < len(target.Content); i += 2 {
			if key := target.Content[i]; property(n, key.Value) == nil && !strings.HasPrefix(key.Value, "x-") {
				n.Content = append(n.Content, key, target.Content[i+1])
			}
		}
		if property(n, "title") == nil {
			n.Content = append(n.Content, text("title"), text(name))
		}
	}
}

// target returns the component that n refers to: directly, as the items of a list, with null, or as a parameter. It returns
// nil if there is none.
func (p preparer) target(n *yaml.Node) *yaml.Node {
	if schema := property(n, "schema"); schema != nil {
		n = schema
	}
	if target := p.component(n); target != nil {
		return target
	}
	if target := p.component(property(n, "items")); target != nil {
		return target
	}
	if arms := property(n, "anyOf"); arms != nil && len(arms.Content) == 2 && property(arms.Content[1], "$ref") == nil {
		return p.component(arms.Content[0])
	}
	return nil
}

// component returns the schema that a reference names, or nil.
func (p preparer) component(n *yaml.Node) *yaml.Node {
	if ref := property(n, "$ref"); ref != nil && strings.HasPrefix(ref.Value, "#/components/schemas/") {
		return property(p.schemas, path.Base(ref.Value))
	}
	return nil
}

// isOpenUnion reports whether a schema is a union that allows members newer than the contract.
func (p preparer) isOpenUnion(n *yaml.Node) bool {
	arms := property(n, "anyOf")
	if arms == nil || arms.Content == nil {
		return false
	}
	return property(p.component(arms.Content[len(arms.Content)-1]), "x-unknown-member") != nil
}

// forms folds open enums and unions, and describes the rules of components and properties, in a node and everything below
// it.
func (p preparer) forms(n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		foldOpenEnum(n)
		p.foldOpenUnion(n)
		describe(n, rules(n))
		if v := property(n, "x-unknown-member"); v != nil && v.Value == "true" {
			n.Content = append(n.Content, text("title"), text("newer"))
		}
	}
	for _, child := range n.Content { // an alias has no content: its anchor is prepared where it is defined
		p.forms(child)
	}
}

// foldOpenUnion replaces the unions inside an open union by their members.
func (p preparer) foldOpenUnion(n *yaml.Node) {
	if !p.isOpenUnion(n) {
		return
	}
	arms := property(n, "anyOf")
	var all []*yaml.Node
	for _, arm := range arms.Content {
		if inner := property(p.component(arm), "oneOf"); inner != nil {
			all = append(all, inner.Content...)
		} else {
			all = append(all, arm)
		}
	}
	i := slices.Index(n.Content, arms)
	n.Content[i] = &yaml.Node{Kind: yaml.SequenceNode, Content: all}
}

// members adds the description of each member of a union to the discriminator of the member.
func (p preparer) members() {
	for i := 1; p.schemas != nil && i < len(p.schemas.Content); i += 2 {
		discriminator := property(p.schemas.Content[i], "discriminator")
		mapping := property(discriminator, "mapping")
		for j := 1; mapping != nil && j < len(mapping.Content); j += 2 {
			member := property(p.schemas, path.Base(mapping.Content[j].Value))
			selector := property(property(member, "properties"), property(discriminator, "propertyName").Value)
			if d := property(member, "description"); selector != nil && d != nil {
				describe(selector, []string{d.Value})
			}
		}
	}
}

// operations calls do for each operation.
func (p preparer) operations(do func(*yaml.Node)) {
	paths := property(p.root, "paths")
	for i := 1; paths != nil && i < len(paths.Content); i += 2 {
		for _, method := range []string{"get", "put", "post", "delete", "patch"} {
			if operation := property(paths.Content[i], method); operation != nil {
				do(operation)
			}
		}
	}
}

// property returns the value of a property, or nil if there is none.
func property(n *yaml.Node, name string) *yaml.Node {
	if i := indexOf(n, name); i >= 0 {
		return n.Content[i+1]
	}
	return nil
}

func remove(n *yaml.Node, name string) {
	if i := indexOf(n, name); i >= 0 {
		n.Content = slices.Delete(n.Content, i, i+2)
	}
}

// indexOf returns the index of a key in the content of an object, or -1.
func indexOf(n *yaml.Node, name string) int {
	if n == nil || n.Kind != yaml.MappingNode {
		return -1
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return i
		}
	}
	return -1
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

// foldOpenEnum replaces anyOf [enum, string] by the enum, and adds to the description that it is open.
func foldOpenEnum(n *yaml.Node) {
	arms := property(n, "anyOf")
	if arms == nil || len(arms.Content) != 2 {
		return
	}
	known, other := arms.Content[0], arms.Content[1]
	isString := func(s *yaml.Node) bool {
		t := property(s, "type")
		return t != nil && t.Value == "string"
	}
	if !isString(known) || !isString(other) || property(known, "enum") == nil || property(other, "enum") != nil {
		return
	}
	i := indexOf(n, "anyOf")
	n.Content = slices.Replace(n.Content, i, i+2, known.Content...)
	describe(n, []string{"Other values are possible."})
}

// describe adds sentences to a description, as a list if there are several.
func describe(n *yaml.Node, sentences []string) {
	added := strings.Join(sentences, "\n")
	if len(sentences) > 1 {
		added = "- " + strings.Join(sentences, "\n- ")
	}
	switch d := property(n, "description"); {
	case added == "":
	case d == nil:
		n.Content = append(n.Content, text("description"), text(added))
	case !strings.Contains(d.Value, added):
		d.Value = strings.TrimSpace(d.Value) + "\n\n" + added
	}
}
