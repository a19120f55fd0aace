package preflight

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

// An across is an entry of x-across, compiled for walking. While a walker passes the values that the rule concerns, it
// records what the rule needs, and it evaluates the rule at the end of the value that has it.
type across struct {
	schema.Across
	number   int // index among all rules
	rule     Rule
	severity Severity
	places   int     // where its values may be
	begin    []*path // relative paths
	without  []int   // registers: the rule does not apply if one was hit
	pair     int     // of a rule "paired": its index among those
	row      int     // of a rule "placed": likewise
	roles    map[string]bool
}

// A target is a rule whose path leads somewhere.
type target struct {
	rule *across
	each int // index of the path in Each; -1 for To
}

// An item is what a rule does with a value.
type item struct {
	target
	where, among       bool  // as far as the schema determines it
	whereHit, amongHit []int // registers that must be hit too
	by                 int   // register of the property that orders, or of the ID; -1 if there is none
	call, result       bool
	begin              []*path
}

// A form is the kind of a node.
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

// A node is a schema in its place, compiled for walking.
type node struct {
	name     string // of the component, if it is one
	form     form
	nullable bool
	betas    []string // x-needs-beta of a component
	rules    *rules   // nil if no rule concerns values here

	// object
	tag        string                  // its type, if that is a constant
	role       string                  // its role, if that is a constant: the object is a message
	sameRole   bool                    // x-same-role
	echo       bool                    // x-echo
	others     map[string]schema.Other // x-other-properties
	properties map[string]*property
	names      []string // of the properties, in alphabetical order
	required   []*property
	free       bool  // any property is allowed
	values     *node // of properties that are data, or nil

	// list
	items              *node
	minItems, maxItems int64      // maxItems is -1 without a limit
	refusals           []*refusal // of elements

	// text
	plain                bool                          // any string fits
	enum                 []string                      // allowed values, nil for all
	known                []string                      // known values of an open enum
	models               bool                          // the values are models
	deprecated           map[string]schema.Deprecation // x-deprecated
	valueBetas           map[string][]string           // x-needs-beta by value
	minLength, maxLength int64                         // likewise
	pattern              *pattern
	base64               bool

	// number
	integer          bool
	minimum, maximum *float64
	exclusiveMin     bool
	exclusiveMax     bool

	// union
	by      string           // name of the discriminator, "" if there is none
	members map[string]*node // by value of the discriminator; "" is the member without one
	tags    []string
	byKind  map[jsontext.Kind]*node
}

// A property is a node in its place in an object.
type property struct {
	name     string
	bit      uint64
	node     *node
	betas    []string    // x-needs-beta
	refusals []*refusal  // x-refused
	schemas  *inspection // x-json-schema
	customID bool
	special  bool // one of the above
}

// A reach is the way to a schema: a component in another place is another node.
type reach struct {
	trail    trail
	above    []*unionRules // of the unions that it is a member of, and of the property
	refusals []*refusal    // of its properties, set by a property that holds it
	of       string        // the property that those refuse
	params   bool          // it is the params of the request
	apart    bool          // it belongs to another model than that of the request
}

func (p reach) key() string {
	key := []string{p.trail.key()}
	for _, u := range p.above {
		key = append(key, u.name)
	}
	for _, r := range p.refusals {
		key = append(key, r.id)
	}
	return fmt.Sprint(key, p.params, p.apart)
}

// unionRules are the rules of a union, which apply to its members, or of a property, which apply to its value.
type unionRules struct {
	name     string
	refusals []*refusal
	across   []*across
}

// A register tells whether a path has led to any value, to one of its values, or to text.
type register struct {
	path   *path
	values []literal // nil for any value
	text   bool      // a string that is not empty
}

// rules are the contract's rules that concern a value, except those of properties.
type rules struct {
	marks    []int      // registers of paths that lead here
	refusals []*refusal // x-refused of the component, and of unions that it is a member of
	items    []item     // x-across rules that record it
	scope    []int      // registers of paths that begin here, unless it is the params
	across   []*across  // whose paths begin here
	local    bool       // refusals in it depend on neighbouring properties
	params   bool       // it is the params of the request
	messages bool       // it is the list of messages
	content  bool       // it is the content of a message
	block    bool       // it is a block of the content
}

// A schemaRule is an entry of x-json-schema, compiled for walking.
type schemaRule struct {
	schema.JSONSchemaRule
	severity Severity
	places   int
	near     conditions
	begin    []*path
	want     []keyword // in alphabetical order
	only     []keyword // likewise
	names    *pattern
	says     []string // messages of issues
	of       []byte   // the type in quotes
}

// A keyword must have one of some values.
type keyword struct {
	name   string
	values []literal
}

// Indexes of messages that are not about keywords, in place of an index into says.
const (
	saysOptional = -1
	saysUnions   = -2
)

// A keywordKind is how to read the value of a keyword of JSON Schema.
type keywordKind int

const (
	data keywordKind = iota
	subschema
	subschemas
	byName
	properties
	types
	required
)

// An inspection holds the rules for the JSON Schemas of a property.
type inspection struct {
	rules    []*schemaRule
	keywords map[string]*looked
	names    bool // rules are about names of properties
}

// A looked holds what to do at a keyword.
type looked struct {
	inObject, inList keywordKind
	several          bool // a list here gives the property several types
	seeks            []seek
}

// A seek is the requirement of a rule for a keyword.
type seek struct {
	rule   *schemaRule
	says   int       // index of the rule's message
	values []literal // the allowed values; nil if the keyword must be absent
	want   uint64    // the bit of a keyword that must be present
}

// A refusal is an entry of x-refused, compiled for walking.
type refusal struct {
	schema.Refusal
	id       string // of the entry
	property string // the property that has it, or "" if a component has it
	kind     string // what the component is, in words
	rule     Rule
	severity Severity
	places   int // where it applies

	values, except        []literal
	matching, notMatching *pattern

	near conditions // evaluated at the end of the object
	far  conditions // evaluated at the end of the request
	text int        // register: the message has text; -1 if irrelevant

	begin []*path // relative paths
}

// conditions are conditions on registers.
type conditions struct {
	hit    []int // these were hit
	missed []int // these were not hit
	unless []int // the exception holds if all of these were hit
	least  int   // the value is at least the number in this register; -1 if irrelevant
}

func (c *conditions) empty() bool { return c.hit == nil && c.missed == nil && c.least < 0 }

// ofStrings reports whether the refusal is about strings: in a list, each string is checked.
func (r *refusal) ofStrings() bool {
	return r.matching != nil || r.notMatching != nil || len(r.values) > 0 && r.values[0].form == text
}

// ofValue reports whether the refusal depends on the value itself.
func (r *refusal) ofValue() bool {
	return r.values != nil || r.except != nil || r.matching != nil || r.notMatching != nil || r.Below != nil || r.AtLeast != "" || r.Above != ""
}

// late reports whether the refusal can be evaluated only at the end of the request.
func (r *refusal) late() bool {
	return !r.far.empty() || r.Models != "" || r.Above != ""
}

// fits reports whether a value of a kind can be of the form.
func (f form) fits(kind jsontext.Kind) bool {
	switch f {
	case object:
		return kind == '{'
	case list:
		return kind == '['
	case text:
		return kind == '"'
	case number:
		return kind == '0'
	case boolean:
		return kind == 't' || kind == 'f'
	}
	return true
}

// A literal is a value that the contract names.
type literal struct {
	text   string
	number float64
	form   form // text, number, boolean, or list for an empty one
}

func literals(values []any) []literal {
	if values == nil {
		return nil
	}
	all := make([]literal, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case string:
			all[i] = literal{text: v, form: text}
		case float64:
			all[i] = literal{number: v, form: number}
		case bool:
			all[i] = literal{text: fmt.Sprint(v), form: boolean}
		case []any:
			all[i] = literal{text: "[]", form: list}
		default:
			panic(fmt.Sprintf("preflight: a rule names a value of type %T", v))
		}
	}
	return all
}

// String returns the value as JSON.
func (l literal) String() string {
	switch l.form {
	case text:
		return fmt.Sprintf("%q", l.text)
	case number:
		return fmt.Sprint(l.number)
	}
	return l.text
}
