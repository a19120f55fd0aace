package contract_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A document is a contract: its text and its parsed form. Examples are only in the tree below root, except references
// to them.
type document struct {
	text                         string
	root                         *node
	objects, schemas, operations []*node
	requests, responses          map[string]bool // pointers of the schemas in them
}

func parse(text string) (*document, error) {
	var y yaml.Node
	if err := yaml.Unmarshal([]byte(text), &y); err != nil {
		return nil, err
	}
	d := &document{text: text, root: newNode(y.Content[0], y.Content[0].Line, nil)}
	for _, n := range d.root.walk() {
		if n.kind == yaml.MappingNode {
			d.objects = append(d.objects, n)
			if n.isSchema() {
				d.schemas = append(d.schemas, n)
			}
			if n.isOperation() {
				d.operations = append(d.operations, n)
			}
		}
	}
	d.requests, d.responses = make(map[string]bool), make(map[string]bool)
	for _, op := range d.operations {
		d.reach(op.at("requestBody"), d.requests)
		d.reach(op.at("responses"), d.responses)
	}
	return d, nil
}

// reach adds everything that n refers to, directly or indirectly, to a set of pointers.
func (d *document) reach(n *node, seen map[string]bool) {
	for _, part := range n.walk() {
		if target := d.resolve(part); target != part && !seen[target.pointer()] {
			seen[target.pointer()] = true
			d.reach(target, seen)
		}
	}
}

// resolve returns what n refers to, or n.
func (d *document) resolve(n *node) *node {
	if ref := n.at("$ref").value; ref != "" {
		return d.root.at(strings.Split(ref, "/")[1:]...)
	}
	return n
}

// components returns the schemas that have names.
func (d *document) components() []*node { return d.root.at("components", "schemas").all }

func (d *document) component(name string) *node { return d.root.at("components", "schemas", name) }

// A node is a value in a document and its place.
type node struct {
	path  []string
	line  int       // of its key, if it has one
	kind  yaml.Kind // 0 if the value does not exist
	value string    // of a scalar, "" for null
	all   []*node   // entries of an object, items of a list
	yaml  *yaml.Node
}

func newNode(y *yaml.Node, line int, path []string) *node {
	if y.Kind == yaml.AliasNode {
		y = y.Alias
	}
	n := &node{path: path, line: line, kind: y.Kind, yaml: y}
	add := func(key string, line int, y *yaml.Node) {
		n.all = append(n.all, newNode(y, line, slices.Concat(path, []string{key})))
	}
	switch {
	case y.Kind == yaml.MappingNode:
		for i := 0; i < len(y.Content); i += 2 {
			add(y.Content[i].Value, y.Content[i].Line, y.Content[i+1])
		}
	case y.Kind == yaml.SequenceNode:
		for i, item := range y.Content {
			add(strconv.Itoa(i), item.Line, item)
		}
	case y.Tag != "!!null":
		n.value = y.Value
	}
	return n
}

// walk returns n and everything in it except the values of examples.
func (n *node) walk() []*node {
	nodes := []*node{n}
	for _, child := range n.all {
		isValue := child.key() == "examples" && n.isComponent() || child.key() == "value" && len(n.path) == 3 && n.in() == "examples"
		if !isValue {
			nodes = append(nodes, child.walk()...)
		}
	}
	return nodes
}

// at returns the node at a path below n. If it does not exist, the place is the last existing one on the path.
func (n *node) at(path ...string) *node {
	for _, key := range path {
		i := slices.IndexFunc(n.all, func(child *node) bool { return child.key() == key })
		if i < 0 {
			return &node{path: n.path, line: n.line}
		}
		n = n.all[i]
	}
	return n
}

func (n *node) exists() bool { return n.kind != 0 }

func (n *node) has(key string) bool { return n.at(key).exists() }

func (n *node) keys() []string {
	var keys []string
	for _, child := range n.all {
		keys = append(keys, child.key())
	}
	return keys
}

// values returns the scalars of a list, or a single scalar, without null.
func (n *node) values() []string {
	var values []string
	for _, item := range slices.Concat(n.all, []*node{n}) {
		if item.value != "" {
			values = append(values, item.value)
		}
	}
	return values
}

// key returns the key or index of n; in returns that of what n is in.
func (n *node) key() string { return n.up(1) }
func (n *node) in() string  { return n.up(2) }

func (n *node) up(i int) string {
	if i > len(n.path) {
		return ""
	}
	return n.path[len(n.path)-i]
}

func (n *node) isOperation() bool {
	return len(n.path) == 3 && n.path[0] == "paths" && n.has("responses")
}
func (n *node) isComponent() bool { return len(n.path) == 3 && n.in() == "schemas" }
func (n *node) isProperty() bool {
	return n.exists() && n.in() == "properties" && !slices.Contains(n.path, "not")
}

// isSchema reports whether an object is a schema, judging by its place.
func (n *node) isSchema() bool {
	return slices.Contains([]string{"schema", "items", "additionalProperties", "not"}, n.key()) ||
		slices.Contains([]string{"schemas", "properties", "oneOf", "anyOf"}, n.in())
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// pointer returns the path as a JSON pointer.
func (n *node) pointer() string {
	pointer := "#"
	for _, key := range n.path {
		pointer += "/" + pointerEscapes.Replace(key)
	}
	return pointer
}

// A rule reports where a document breaks it.
type rule func(*document, reporter)

type reporter func(at *node, format string, args ...any)

// check returns what a rule reports.
func (r rule) check(d *document) []string {
	var problems []string
	r(d, func(at *node, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("openapi.yaml:%d: %s: ", at.line, at.pointer())+fmt.Sprintf(format, args...))
	})
	return problems
}
