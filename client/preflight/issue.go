package preflight

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/foreign"
)

// A Rule is the name of a check.
type Rule string

// The rules. Their issues are errors, unless noted otherwise.
const (
	File             Rule = "file"             // the file does not have one request per line
	JSON             Rule = "json"             // the line is not JSON, or a value cannot be written as JSON
	Type             Rule = "type"             // a value has the wrong JSON type
	Required         Rule = "required"         // a property is missing
	Enum             Rule = "enum"             // a value is not one of those allowed
	Variant          Rule = "variant"          // the discriminator of a union names no member; warning in an assistant message
	Limit            Rule = "limit"            // a number, length or count is outside its limits
	Pattern          Rule = "pattern"          // a string does not match its pattern
	UnknownProperty  Rule = "unknown-property" // warning; error if the name is close to a known one
	UnknownModel     Rule = "unknown-model"    // warning
	UnknownBeta      Rule = "unknown-beta"     // warning
	UnknownVersion   Rule = "unknown-version"  // warning
	MissingBeta      Rule = "missing-beta"     // warning: a parameter needs a beta that the call does not have
	RefusedByBatch   Rule = "refused-by-batch"
	RefusedByVersion Rule = "refused-by-version"
	RefusedByModel   Rule = "refused-by-model" // for models that the contract lists
	RefusedValue     Rule = "refused-value"    // a value that fits its pattern and limits: white space alone, domains with a scheme
	Conflict         Rule = "conflict"         // a value conflicts with another one in the request
	Misplaced        Rule = "misplaced"        // a message or a block is in the wrong place, or in a message of the wrong role
	JSONSchema       Rule = "json-schema"      // the JSON Schema of a tool or an output format uses something that the service refuses
	TooMany          Rule = "too-many"         // too many in the whole request: cache breakpoints, images, strict tools
	Duplicate        Rule = "duplicate"        // a name appears twice
	Order            Rule = "order"            // a value comes before one that it must follow
	Unpaired         Rule = "unpaired"         // a tool call without its result, or a result without its call
	Unresolved       Rule = "unresolved"       // a name refers to something that does not exist
	NotAll           Rule = "not-all"          // all values have something that not all may have
	Mixed            Rule = "mixed"            // only some values have something that all or none must have
	Deprecated       Rule = "deprecated"       // warning
	DuplicateID      Rule = "duplicate-id"
	BatchCount       Rule = "batch-count" // no requests, or too many
	BatchSize        Rule = "batch-size"  // too many bytes
)

// Rules returns all rules.
func Rules() []Rule {
	return []Rule{
		File, JSON, Type, Required, Enum, Variant, Limit, Pattern, UnknownProperty, UnknownModel, UnknownBeta, UnknownVersion,
		MissingBeta, RefusedByBatch, RefusedByVersion, RefusedByModel, RefusedValue, Conflict, Misplaced, JSONSchema, TooMany,
		Duplicate, Order, Unpaired, Unresolved, NotAll, Mixed, Deprecated, DuplicateID, BatchCount, BatchSize,
	}
}

// A Severity distinguishes errors from warnings.
type Severity int

const (
	// Warning is the severity of requests that the service may accept anyway.
	Warning Severity = iota
	// Error is the severity of requests that the service refuses.
	Error
)

// String returns "warning" or "error".
func (s Severity) String() string {
	if s == Error {
		return "error"
	}
	return "warning"
}

// MarshalText implements encoding.TextMarshaler.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// An Issue is a fault of a request, or of the batch as a whole.
type Issue struct {
	// Index is the number of the request, from 0; -1 for the batch as a whole.
	Index int `json:"index"`

	// Line is the line of the request, from 1; 0 if there are no lines.
	Line int `json:"line,omitempty"`

	// CustomID is the id of the request, if it has a valid one.
	CustomID string `json:"custom_id,omitempty"`

	// Pointer is the place within the request, in the form of RFC 6901.
	Pointer jsontext.Pointer `json:"pointer"`

	// Rule is the check that found it, Severity whether it is an error.
	Rule     Rule     `json:"rule"`
	Severity Severity `json:"severity"`

	// Message names the fault and what is allowed.
	Message string `json:"message"`
}

// String returns the issue on one line. Unlike Pointer, it escapes and truncates property names.
func (i Issue) String() string {
	where := "batch"
	switch {
	case i.Index >= 0 && i.CustomID != "":
		where = fmt.Sprintf("request %d (%s)", i.Index, foreign.Short(i.CustomID))
	case i.Index >= 0:
		where = fmt.Sprintf("request %d", i.Index)
	}
	if i.Pointer != "" {
		where += " " + foreign.Fit(string(i.Pointer))
	}
	return fmt.Sprintf("%s: %s [%s]", where, foreign.All(i.Message), foreign.Short(string(i.Rule)))
}

// Options configure a check. The zero value checks everything, for the client's default version and no betas.
type Options struct {
	// Version is the version of the API that the batch will be created with. Defaults to 2023-06-01.
	Version gen.AnthropicVersion

	// Betas are the betas of the create call.
	Betas []gen.AnthropicBeta

	// Disable turns rules off. A name that is not one of [Rules] has no effect.
	Disable []Rule

	// Max is how many errors, and how many warnings, of each rule are listed; the others are counted. Defaults to 100.
	Max int

	// Split means that the requests will be split over several batches, as by package bulk. Then it is not an issue if
	// they are too many or too large for one batch.
	Split bool
}

// A Report is the result of a check.
type Report struct {
	// Issues lists the first errors and the first warnings of each rule, up to [Options.Max] of each, in the order of
	// the requests. Issues of the batch as a whole are always listed, and come last.
	Issues []Issue

	// More counts the other issues by severity and rule, errors first. It is empty if Issues lists all.
	More []Tally

	// Requests and Bytes are the size of the batch: the number of requests, and the body that Create would send. With
	// [Options.Split] they are the totals of all batches.
	Requests int
	Bytes    int64
}

// A Tally counts the issues of one rule and severity that a report does not list.
type Tally struct {
	// Rule is the check that found them, Severity whether they are errors.
	Rule     Rule     `json:"rule"`
	Severity Severity `json:"severity"`

	// Count is their number, at least 1.
	Count int `json:"count"`
}

// Count returns the number of issues of a severity, listed or not.
func (r *Report) Count(s Severity) int {
	n := 0
	for _, i := range r.Issues {
		if i.Severity == s {
			n++
		}
	}
	for _, t := range r.More {
		if t.Severity == s {
			n += t.Count
		}
	}
	return n
}

// Err returns an error if there are issues of severity Error, and nil otherwise. Its text lists the first ten of them,
// for people; errors.As finds an [*IssuesError] in it.
func (r *Report) Err() error {
	var issues []Issue
	for _, i := range r.Issues {
		if i.Severity == Error {
			issues = append(issues, i)
		}
	}
	if len(issues) == 0 {
		return nil
	}
	return &IssuesError{Issues: issues, More: r.Count(Error) - len(issues)}
}

// An IssuesError is the error that requests failed a check.
type IssuesError struct {
	Issues []Issue // not empty, all of severity Error
	More   int     // how many errors are not in Issues, see [Options.Max]
}

// Error lists the first ten issues, one per line, and how many more there are.
func (e *IssuesError) Error() string {
	const most = 10
	all := len(e.Issues) + e.More
	lines := []string{fmt.Sprintf("preflight: %d errors", all)}
	if all == 1 {
		lines[0] = "preflight: 1 error"
	}
	for _, i := range e.Issues[:min(len(e.Issues), most)] {
		text := i.String()
		if i.Line > 0 {
			text = fmt.Sprintf("line %d: %s", i.Line, text)
		}
		lines = append(lines, text)
	}
	if rest := all - min(len(e.Issues), most); rest > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", rest))
	}
	return strings.Join(lines, "\n")
}
