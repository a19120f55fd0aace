package preflight

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

// An across is an entry of x-across, made ready for walking. While a walker passes the values that it is about, it notes
// what the rule needs; at the end of the value that has the rule, the rule is judged.
type across struct {
	schema.Across
	number   int // among all
	rule     Rule
	severity Severity
	places   int     // where its values are
	begin    []*path // relative paths
	without  []int   // registers: the rule is silent if something was found
	pair     int     // paired: number among those
	row      int     // placed: likewise
	roles    map[string]bool
}

// A target is a rule whose path leads somewhere.
type target struct {
	rule *across
	each int // the path's number; -1 for To
}

// An item is what a rule does with a value.
type item struct {
	target
	where, among       bool  // so far as the schema says
	whereHit, amongHit []int // registers that must be hit too
	by                 int   // register of the property that orders, or of the ID; -1 if there is none
	call, result       bool
	begin              []*path
}

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

// A node is a schema in its place, made ready for walking.
type node struct {
	name     string // of the component, if it is one
	form     form
	nullable bool
	betas    []string // x-needs-beta of a component
	rules    *rules   // nil if no rule is about values here

	// object
	tag        string                  // its type, if that is a constant
	role       string                  // its role, if that is a constant: it is a message
	sameRole   bool                    // x-same-role
	echo       bool                    // x-echo
	others     map[string]schema.Other // x-other-properties
	properties map[string]*property
	names      []string // of the properties, in alphabetical order
	required   []*property
	free       bool  // any property may stand in it
	values     *node // of properties that are data, or nil

	// list
	items              *node
	minItems, maxItems int64      // maxItems is -1 without a limit
	refusals           []*refusal // of elements

	// text
	plain                bool                          // any string fits
	enum                 []string                      // allowed values, nil for all
	known                []string                      // values of an open enum
	models               bool                          // they are models
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

// A reach is how a schema is reached: a component in another place is another node.
type reach struct {
	trail    trail
	above    []*unionRules // of the unions that it is a member of, and of the property
	refusals []*refusal    // of its properties, from a property that holds it
	of       string        // the property that those are about
	params   bool          // it is the params of the request
	apart    bool          // it is about another model than that of the request
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

// unionRules are the rules of a union, which its members have too, or of a property, which its value has.
type unionRules struct {
	name     string
	refusals []*refusal
	across   []*across
}

// A register says whether a path has led to something, to one of its values, or to text.
type register struct {
	path   *path
	values []literal // nil for anything
	text   bool      // a string that is not empty
}

// rules are what the contract's rules have to do with a value, beside those of properties.
type rules struct {
	marks    []int      // registers of paths that lead here
	refusals []*refusal // x-refused of the component, and of unions that it is a member of
	items    []item     // x-across that count it
	scope    []int      // registers of paths that begin here, unless it is the params
	across   []*across  // whose paths begin here
	local    bool       // refusals in it depend on what is beside them
	params   bool       // it is the params of the request
	messages bool       // it is the list of messages
	content  bool       // it is the content of a message
	block    bool       // it is a block of it
}

// A schemaRule is an entry of x-json-schema, made ready for walking.
type schemaRule struct {
	schema.JSONSchemaRule
	severity Severity
	places   int
	near     conditions
	begin    []*path
	want     []keyword // in alphabetical order
	only     []keyword // likewise
	names    *pattern
	says     []string // what issues say
	of       []byte   // the type in quotes
}

// A keyword has to have one of some values.
type keyword struct {
	name   string
	values []literal
}

// What a schemaRule may say, beside the keywords that it names.
const (
	saysOptional = -1
	saysUnions   = -2
)

// What the value of a keyword of JSON Schema is.
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

// An inspection is what is looked for in the JSON Schemas of a property.
type inspection struct {
	rules    []*schemaRule
	keywords map[string]*looked
	names    bool // rules are about names of properties
}

// A looked is a keyword that is looked for.
type looked struct {
	inObject, inList keywordKind
	several          bool // the keyword makes a property one of several types
	seeks            []seek
}

// A seek is what a rule says about a keyword.
type seek struct {
	rule   *schemaRule
	says   int       // of the rule
	values []literal // that it should have; nil if it must not be there
	want   uint64    // the bit of a keyword that must be there
}

// A refusal is an entry of x-refused, made ready for walking.
type refusal struct {
	schema.Refusal
	id       string // of the entry
	property string // that has it, or "" if it is of a component
	kind     string // what the component is, in words
	rule     Rule
	severity Severity
	places   int // where it applies

	values, except        []literal
	matching, notMatching *pattern

	near conditions // what can be said at the end of the object
	far  conditions // what can only be said at the end of the request
	text int        // register: the message has text; -1 if that does not matter

	begin []*path // relative paths
}

// conditions are about registers.
type conditions struct {
	hit    []int // something was found
	missed []int // nothing was
	unless []int // the exception holds if something was found by all of them
	least  int   // the value is at least the number there; -1 if that does not matter
}

func (c *conditions) empty() bool { return c.hit == nil && c.missed == nil && c.least < 0 }

// ofStrings reports whether the refusal is about strings: of a list, each is looked at.
func (r *refusal) ofStrings() bool {
	return r.matching != nil || r.notMatching != nil || len(r.values) > 0 && r.values[0].form == text
}

// ofValue reports whether the refusal depends on the value itself.
func (r *refusal) ofValue() bool {
	return r.values != nil || r.except != nil || r.matching != nil || r.notMatching != nil || r.Below != nil || r.AtLeast != "" || r.Above != ""
}

// late reports whether it takes the end of the request to say whether the refusal holds.
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
