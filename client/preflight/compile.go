package preflight

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/internal/contract"
)

// A form is what kind of node a schema is.
type form int

const (
	anything form = iota
	object
	list
	text
	number
	boolean
	union
)

// A node is a schema, made ready for walking.
type node struct {
	name     string // of the component, if it is one
	form     form
	nullable bool
	betas    []string // x-needs-beta of a component

	// object
	properties map[string]*property
	names      []string // of the properties, in alphabetical order
	required   []*property
	free       bool  // any property may stand in it
	values     *node // of properties that are data, or nil

	// list
	items              *node
	minItems, maxItems int64 // maxItems is -1 without a limit

	// text
	enum                 []string // allowed values, nil for all
	known                []string // values of an open enum
	minLength, maxLength int64    // likewise
	pattern              *pattern
	base64               bool

	// number
	integer          bool
	minimum, maximum *float64
	exclusiveMin     bool
	exclusiveMax     bool

	// union
	tag     string           // name of the discriminator, "" if there is none
	members map[string]*node // by value of the discriminator; "" is the member without one
	tags    []string
	byKind  map[jsontext.Kind]*node
}

// A property is a node in its place in an object.
type property struct {
	name     string
	bit      uint64
	node     *node
	betas    []string // x-needs-beta
	versions []string // x-refused-by-versions
	refused  bool     // x-refused-in-batches: true
	values   []any    // x-refused-in-batches: values
	special  bool     // one of the above, or the custom id
}

// root is the node of one request of a batch.
var root = sync.OnceValue(func() *node {
	c := compiler{components: make(map[string]*node)}
	return c.compile(contract.Load().Components.Schemas["BetaMessageBatchIndividualRequestParams"], "BetaMessageBatchIndividualRequestParams")
})

// A compiler makes nodes, each component once.
type compiler struct{ components map[string]*node }

func (c *compiler) ref(ref *openapi3.SchemaRef) *node {
	if name, ok := strings.CutPrefix(ref.Ref, "#/components/schemas/"); ok {
		if n := c.components[name]; n != nil {
			return n
		}
		return c.compile(contract.Load().Components.Schemas[name], name)
	}
	return c.compile(ref, "")
}

func (c *compiler) compile(ref *openapi3.SchemaRef, name string) *node {
	s := ref.Value
	if s.AnyOf != nil { // a reference that may be null
		n := *c.ref(s.AnyOf[0])
		n.nullable = true
		return &n
	}
	n := &node{name: name, maxItems: -1, maxLength: -1}
	if name != "" {
		c.components[name] = n
		n.betas = extension(s.Extensions, "x-needs-beta")
	}
	n.nullable = s.Type.Includes("null")
	switch {
	case s.OneOf != nil:
		c.union(n, s)
	case s.Type.Includes("object"):
		c.object(n, s)
	case s.Type.Includes("array"):
		n.form, n.items, n.minItems = list, c.ref(s.Items), int64(s.MinItems)
		if s.MaxItems != nil {
			n.maxItems = int64(*s.MaxItems)
		}
	case s.Type.Includes("string"):
		n.text(s)
	case s.Type.Includes("integer"), s.Type.Includes("number"):
		n.form, n.integer = number, s.Type.Includes("integer")
		n.minimum, n.maximum = s.Min, s.Max
		if x := s.ExclusiveMin.Value; x != nil {
			n.minimum, n.exclusiveMin = x, true
		}
		if x := s.ExclusiveMax.Value; x != nil {
			n.maximum, n.exclusiveMax = x, true
		}
	case s.Type.Includes("boolean"):
		n.form = boolean
	default:
		n.form, n.nullable = anything, true
	}
	return n
}

func (n *node) text(s *openapi3.Schema) {
	n.form = text
	values := s.Enum
	if s.Const != nil {
		values = []any{s.Const}
	}
	var names []string
	for _, v := range values {
		if v != nil {
			names = append(names, fmt.Sprint(v))
		}
	}
	if contract.IsOpenEnum(s) {
		n.known = names
	} else {
		n.enum = names
	}
	n.base64 = s.Format == "byte"
	n.minLength = int64(s.MinLength)
	if s.MaxLength != nil {
		n.maxLength = int64(*s.MaxLength)
	}
	if s.Pattern != "" {
		n.pattern = newPattern(s.Pattern)
	}
}

func (c *compiler) object(n *node, s *openapi3.Schema) {
	n.form = object
	n.properties = make(map[string]*property, len(s.Properties))
	if has := s.AdditionalProperties.Has; has != nil && *has {
		n.free = true
	}
	if s.AdditionalProperties.Schema != nil {
		n.values = c.ref(s.AdditionalProperties.Schema)
	}
	for name, ref := range s.Properties {
		p := &property{name: name, node: c.ref(ref)}
		p.annotate(ref)
		p.special = p.betas != nil || p.versions != nil || p.refused || p.values != nil || name == "custom_id"
		n.properties[name] = p
		n.names = append(n.names, name)
	}
	slices.Sort(n.names)
	if len(n.names) > 64 {
		panic("preflight: an object of the contract has more than 64 properties")
	}
	for i, name := range n.names {
		n.properties[name].bit = 1 << i
	}
	for _, name := range s.Required {
		n.required = append(n.required, n.properties[name])
	}
}

// annotate reads the extensions that stand at the property itself.
func (p *property) annotate(ref *openapi3.SchemaRef) {
	x := ref.Extensions
	if ref.Ref == "" {
		x = ref.Value.Extensions
	}
	p.betas = extension(x, "x-needs-beta")
	p.versions = extension(x, "x-refused-by-versions")
	switch refused := x["x-refused-in-batches"].(type) {
	case bool:
		p.refused = refused
	case []any:
		p.values = refused
	}
}

func extension(extensions map[string]any, name string) []string {
	values, _ := extensions[name].([]any)
	var texts []string
	for _, v := range values {
		texts = append(texts, fmt.Sprint(v))
	}
	return texts
}

func (c *compiler) union(n *node, s *openapi3.Schema) {
	n.form = union
	n.members = make(map[string]*node)
	n.byKind = make(map[jsontext.Kind]*node)
	if s.Discriminator != nil {
		n.tag = s.Discriminator.PropertyName
		for tag, ref := range s.Discriminator.Mapping {
			n.members[tag] = c.ref(&openapi3.SchemaRef{Ref: ref.Ref})
			n.tags = append(n.tags, tag)
		}
	}
	for _, ref := range s.OneOf {
		m := c.ref(ref)
		switch m.form {
		case text:
			n.byKind['"'] = m
		case list:
			n.byKind['['] = m
		case number:
			n.byKind['0'] = m
		case boolean:
			n.byKind['t'], n.byKind['f'] = m, m
		case object:
			n.byKind['{'] = m
			if tag := ref.Value.Properties["type"]; s.Discriminator == nil && tag != nil && tag.Value.Const != nil {
				n.members[fmt.Sprint(tag.Value.Const)] = m
				n.tags = append(n.tags, fmt.Sprint(tag.Value.Const))
			}
		}
	}
	if n.tag == "" && len(n.members) > 1 {
		n.tag = "type"
	}
	if name := contract.DefaultMember(s); name != "" {
		n.members[""] = c.components[name]
	}
	slices.Sort(n.tags)
}
