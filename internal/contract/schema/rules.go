package schema

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The rules of the service that JSON Schema cannot say. The head of the contract explains them.
//
// A path leads from the object that has the rule, or from the params of the request if it begins with "/". Its steps
// are names of properties, "*" for each element and "**" for any number of steps.

// Rules are the extensions of a schema that say what the service refuses.
type Rules struct {
	Refused    []Refusal              `json:"x-refused"`          // x-refused of a property or a component
	NeedsBeta  Betas                  `json:"x-needs-beta"`       // what it needs to be accepted
	Across     []Across               `json:"x-across"`           // rules about several values
	Facts      []Fact                 `json:"x-facts"`            // what is known of models
	Deprecated map[string]Deprecation `json:"x-deprecated"`       // by value of an enum
	Others     map[string]Other       `json:"x-other-properties"` // names that are no properties
	JSONSchema []JSONSchemaRule       `json:"x-json-schema"`      // limits of a JSON Schema
	Echo       bool                   `json:"x-echo"`             // what the service has sent comes back in it
	SameRole   bool                   `json:"x-same-role"`        // what is in it is said by the role around it
}

// A Refusal says when a value is refused: when all holds that it names.
type Refusal struct {
	// The circumstances.

	Batch    bool           `json:"batch"`     // the request is one of a batch
	Versions []string       `json:"versions"`  // the version of the API is one of these
	Role     string         `json:"role"`      // the message that it stands in is from them
	Position string         `json:"position"`  // that message is the first, the last or not-last; end: what ends the last one
	WithText bool           `json:"with-text"` // it has text and no other blocks
	Models   string         `json:"models"`    // a fact about the model holds
	Beside   []string       `json:"beside"`    // paths that all lead to something
	Without  []string       `json:"without"`   // paths that lead to nothing
	Where    map[string]any `json:"where"`     // paths, each of which leads to one of its values
	WhereNot map[string]any `json:"where-not"` // paths, none of which leads to one of its values
	Unless   *Exception     `json:"unless"`    // an exception

	// The value. A list of strings is refused for one of them.

	Values      []any    `json:"values"`       // is one of these
	Except      []any    `json:"except"`       // is none of these
	Matching    string   `json:"matching"`     // a pattern
	NotMatching string   `json:"not-matching"` // likewise
	AtLeast     string   `json:"at-least"`     // is no less than what the path leads to
	Above       string   `json:"above"`        // is more than the fact about the model says
	Below       *float64 `json:"below"`        // is less
	Of          string   `json:"of"`           // the property that is meant, instead of the value itself

	Hint     string `json:"hint"`     // what to do about it
	Severity string `json:"severity"` // "warning", else an error
	Source   string `json:"source"`   // page and day, or version
}

// ByBatch reports whether a batch refuses the value, whatever it is.
func (r Refusal) ByBatch() bool { return r.Batch && r.Values == nil && r.Severity == "" }

// An Exception holds when all holds that it names.
type Exception struct {
	Betas  []string `json:"betas"`  // the call has one of these
	Beside []string `json:"beside"` // paths that all lead to something
}

// An Across is a rule about several values of a request.
type Across struct {
	Rule  string         `json:"rule"`  // one of AcrossRules
	Each  []string       `json:"each"`  // paths of the values, in the order that counts
	Among map[string]any `json:"among"` // of those only the ones whose properties have one of these values
	Where map[string]any `json:"where"` // those that the rule is about, likewise

	Most   int64  `json:"most"`    // count: that many are allowed
	MostOf string `json:"most-of"` // count: as many as the fact about the model says

	By      string   `json:"by"`      // ordered: the property
	Default string   `json:"default"` // ordered: its value if it is absent
	Ranks   []string `json:"ranks"`   // ordered: its values, none of which may come behind a later one

	To      string   `json:"to"`      // refers: the path of the values that must have it
	Once    bool     `json:"once"`    // refers: exactly one of them
	Without []string `json:"without"` // refers: not if one of these paths leads to something

	Unless *Exception `json:"unless"` // refers: an exception

	Calls   *Link `json:"calls"`   // paired
	Results *Link `json:"results"` // paired

	After  []Place `json:"after"`  // placed: what comes before it is one of these
	Before []Place `json:"before"` // placed: what comes behind it is one of these

	Hint     string `json:"hint"`     // what to do about it
	Severity string `json:"severity"` // "warning", else an error
	Source   string `json:"source"`   // page and day, or version
}

// AcrossRules are the rules that an Across may be, with the fields that each has beside Rule, Each, Hint and Source.
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

// A Link is one end of a pair: a type of block, and its property that has the id.
type Link struct {
	Type string `json:"type"` // the type of the block
	ID   string `json:"id"`   // the property with the id
}

// A Place is a message, or the end of the messages.
type Place struct {
	Role   string   `json:"role"`    // who it is from
	EndsIn []string `json:"ends-in"` // types of its last block
	End    bool     `json:"end"`     // the end of the messages
}

// A Fact is what is known of models. One that the contract does not list has none.
type Fact struct {
	Fact   string   `json:"fact"`   // its name
	Value  *float64 `json:"value"`  // nil if the fact holds or does not
	With   string   `json:"with"`   // the beta that it needs
	Models []string `json:"models"` // of which it holds
	Source string   `json:"source"` // page and day, or version
}

// A Deprecation is about a value of an enum.
type Deprecation struct {
	End     string `json:"end"`     // the day, if it is known
	Instead string `json:"instead"` // what to use, or "" if nothing is needed
	Guide   string `json:"guide"`   // how to migrate
	Source  string `json:"source"`  // page and day, or version
}

// An Other is a name that requests have and that is no property of the contract.
type Other struct {
	Batch   bool   `json:"batch"`   // a request of a batch may not have it
	Values  []any  `json:"values"`  // only these values are refused
	Instead string `json:"instead"` // the property that does the same, or ""
	Source  string `json:"source"`  // page and day, or version
}

// A JSONSchemaRule is about the keywords of a JSON Schema that a property holds.
type JSONSchemaRule struct {
	At           string           `json:"at"`            // "top" or "everywhere"
	Where        map[string]any   `json:"where"`         // as in Refusal
	Of           string           `json:"of"`            // schemas of this type only
	Refused      []string         `json:"refused"`       // keywords
	Want         map[string][]any `json:"want"`          // keywords that have to be there, with one of these values
	Only         map[string][]any `json:"only"`          // likewise, if they are there
	Names        string           `json:"names"`         // the pattern of property names
	MostOptional int64            `json:"most-optional"` // properties that are not required, in all schemas of a request
	MostUnions   int64            `json:"most-unions"`   // properties of several types, likewise
	Hint         string           `json:"hint"`          // what to do about it
	Severity     string           `json:"severity"`      // "warning", else an error
	Source       string           `json:"source"`        // page and day, or version
}

// Betas are what a property or an object needs one of.
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
