package schema

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The rules of the service that JSON Schema cannot express. The head of the contract explains them.
//
// A path leads from the object that has the rule, or from the params of the request if it begins with "/". Its steps
// are names of properties, "*" for each element and "**" for any number of steps.

// Rules are the extensions of a schema that say what the service refuses.
type Rules struct {
	Refused    []Refusal              `json:"x-refused"`          // x-refused of a property or a component
	NeedsBeta  Betas                  `json:"x-needs-beta"`       // betas without which it is refused
	Across     []Across               `json:"x-across"`           // rules about several values
	Facts      []Fact                 `json:"x-facts"`            // facts about models
	Deprecated map[string]Deprecation `json:"x-deprecated"`       // by value of an enum
	Others     map[string]Other       `json:"x-other-properties"` // names that are not properties
	JSONSchema []JSONSchemaRule       `json:"x-json-schema"`      // limits of a JSON Schema
	Echo       bool                   `json:"x-echo"`             // it may contain blocks that the service has sent
	SameRole   bool                   `json:"x-same-role"`        // its content has the role of the message around it
}

// A Refusal describes when a value is refused: when all of its conditions hold.
type Refusal struct {
	// The circumstances.

	Batch    bool           `json:"batch"`     // the request is in a batch
	Versions []string       `json:"versions"`  // the version of the API is one of these
	Role     string         `json:"role"`      // the role of the message that contains it
	Position string         `json:"position"`  // that message is first, last or not-last; end: the value ends the last message
	WithText bool           `json:"with-text"` // that message has text and no other blocks
	Models   string         `json:"models"`    // a fact about the model holds
	Beside   []string       `json:"beside"`    // paths that all lead to a value
	Without  []string       `json:"without"`   // paths none of which leads to a value
	Where    map[string]any `json:"where"`     // paths, each of which leads to one of its values
	WhereNot map[string]any `json:"where-not"` // paths, none of which leads to one of its values
	Unless   *Exception     `json:"unless"`    // an exception

	// The value. A list of strings is refused if one of them is.

	Values      []any    `json:"values"`       // is one of these
	Except      []any    `json:"except"`       // is not one of these
	Matching    string   `json:"matching"`     // a pattern
	NotMatching string   `json:"not-matching"` // likewise
	AtLeast     string   `json:"at-least"`     // is at least the value at this path
	Above       string   `json:"above"`        // is greater than the value of this fact about the model
	Below       *float64 `json:"below"`        // is less than this
	Of          string   `json:"of"`           // the property that the message names, in place of the value

	Hint     string `json:"hint"`     // how to fix it
	Severity string `json:"severity"` // "warning", else an error
	Source   string `json:"source"`   // page and day, or version
}

// ByBatch reports whether a batch refuses the value, whatever it is.
func (r Refusal) ByBatch() bool { return r.Batch && r.Values == nil && r.Severity == "" }

// An Exception applies when all of its conditions hold.
type Exception struct {
	Betas  []string `json:"betas"`  // the call has one of these
	Beside []string `json:"beside"` // paths that all lead to a value
}

// An Across is a rule about several values of a request.
type Across struct {
	Rule  string         `json:"rule"`  // one of AcrossRules
	Each  []string       `json:"each"`  // paths of the values, in the order that counts
	Among map[string]any `json:"among"` // only values whose properties have one of these values
	Where map[string]any `json:"where"` // the values that the rule concerns, likewise

	Most   int64  `json:"most"`    // count: the number allowed
	MostOf string `json:"most-of"` // count: the fact about the model that has the number

	By      string   `json:"by"`      // ordered: the property
	Default string   `json:"default"` // ordered: its value if it is absent
	Ranks   []string `json:"ranks"`   // ordered: its values, in the required order

	To      string   `json:"to"`      // refers: the path of the values that may be referred to
	Once    bool     `json:"once"`    // refers: exactly one value must match
	Without []string `json:"without"` // refers: does not apply if one of these paths leads to a value

	Unless *Exception `json:"unless"` // refers: an exception

	Calls   *Link `json:"calls"`   // paired
	Results *Link `json:"results"` // paired

	After  []Place `json:"after"`  // placed: the places that may come before it
	Before []Place `json:"before"` // placed: the places that may follow it

	Hint     string `json:"hint"`     // how to fix it
	Severity string `json:"severity"` // "warning", else an error
	Source   string `json:"source"`   // page and day, or version
}

// AcrossRules are the allowed values of Across.Rule, each with its fields other than Rule, Each, Hint and Source.
var AcrossRules = map[string][]string{
	"count":       {"most", "most-of", "where"},
	"unique":      {},
	"ordered":     {"by", "default", "ranks"},
	"paired":      {"calls", "results"},
	"placed":      {"where", "after", "before"},
	"refers":      {"to", "once", "without", "unless"},
	"first":       {"where"},
	"not-all":     {"where"},
	"all-or-none": {"among", "where"},
}

// A Link is one end of a pair: a type of block, and its property with the id.
type Link struct {
	Type string `json:"type"` // the type of the block
	ID   string `json:"id"`   // the property with the id
}

// A Place is a message, or the end of the messages.
type Place struct {
	Role   string   `json:"role"`    // the message's role
	EndsIn []string `json:"ends-in"` // types of its last block
	End    bool     `json:"end"`     // the end of the messages
}

// A Fact is a fact about models. Models that the contract does not list have none.
type Fact struct {
	Fact   string   `json:"fact"`   // its name
	Value  *float64 `json:"value"`  // nil for a fact that is true or false
	With   string   `json:"with"`   // the beta that it requires
	Models []string `json:"models"` // the models for which it holds
	Source string   `json:"source"` // page and day, or version
}

// A Deprecation is the deprecation of an enum value.
type Deprecation struct {
	End     string `json:"end"`     // the day, if known
	Instead string `json:"instead"` // what to use, or "" if nothing is needed
	Guide   string `json:"guide"`   // how to migrate
	Source  string `json:"source"`  // page and day, or version
}

// An Other is a property name that requests use although the contract does not have it.
type Other struct {
	Batch   bool   `json:"batch"`   // a request of a batch may not have it
	Values  []any  `json:"values"`  // only these values are refused
	Instead string `json:"instead"` // the property that does the same, or ""
	Source  string `json:"source"`  // page and day, or version
}

// A JSONSchemaRule limits the keywords of the JSON Schema in a property.
type JSONSchemaRule struct {
	At           string           `json:"at"`            // "top" or "everywhere"
	Where        map[string]any   `json:"where"`         // as in Refusal
	Of           string           `json:"of"`            // schemas of this type only
	Refused      []string         `json:"refused"`       // keywords
	Want         map[string][]any `json:"want"`          // required keywords, with one of these values
	Only         map[string][]any `json:"only"`          // likewise, if they are present
	Names        string           `json:"names"`         // the pattern of property names
	MostOptional int64            `json:"most-optional"` // properties that are not required, in all schemas of a request
	MostUnions   int64            `json:"most-unions"`   // properties of several types, likewise
	Hint         string           `json:"hint"`          // how to fix it
	Severity     string           `json:"severity"`      // "warning", else an error
	Source       string           `json:"source"`        // page and day, or version
}

// Betas are the betas of which a property or an object needs one.
type Betas struct {
	Any     []string            // for any value
	ByValue map[string][]string // for these values
}

// UnmarshalJSONFrom reads a list, or lists by value.
func (b *Betas) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == '{' {
		return json.UnmarshalDecode(d, &b.ByValue)
	}
	return json.UnmarshalDecode(d, &b.Any)
}
