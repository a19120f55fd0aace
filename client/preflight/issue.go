package preflight

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
)

// A Rule is the name of a check.
type Rule string

// The rules. All are errors but those that say otherwise.
const (
	JSON             Rule = "json"             // the line is not JSON, or a value cannot be written as JSON
	Type             Rule = "type"             // a value of another JSON type
	Required         Rule = "required"         // a property is missing
	Enum             Rule = "enum"             // not one of the allowed values
	Variant          Rule = "variant"          // the discriminator of a union names no member; warning if an unknown block is said to come from the model
	Limit            Rule = "limit"            // a number, length or count is outside its limits
	Pattern          Rule = "pattern"          // a string has another form
	UnknownProperty  Rule = "unknown-property" // warning; error if the name is close to a known one
	UnknownModel     Rule = "unknown-model"    // warning
	UnknownBeta      Rule = "unknown-beta"     // warning
	UnknownVersion   Rule = "unknown-version"  // warning
	MissingBeta      Rule = "missing-beta"     // warning: a parameter needs a beta that the call does not have
	RefusedByBatch   Rule = "refused-by-batch"
	RefusedByVersion Rule = "refused-by-version"
	DuplicateID      Rule = "duplicate-id"
	BatchCount       Rule = "batch-count" // no requests, or too many
	BatchSize        Rule = "batch-size"  // too many bytes
)

// Rules returns all rules.
func Rules() []Rule {
	return []Rule{
		JSON, Type, Required, Enum, Variant, Limit, Pattern, UnknownProperty, UnknownModel, UnknownBeta, UnknownVersion,
		MissingBeta, RefusedByBatch, RefusedByVersion, DuplicateID, BatchCount, BatchSize,
	}
}

// Severity says how bad an issue is.
type Severity int

const (
	// Warning is for what the service may accept all the same.
	Warning Severity = iota
	// Error is for what the service refuses.
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

// An Issue is something wrong with a request, or with the batch as a whole.
type Issue struct {
	// Index is the number of the request, from 0; -1 for the batch as a whole.
	Index int `json:"index"`

	// Line is the line of the request, from 1; 0 if there are no lines.
	Line int `json:"line,omitempty"`

	// CustomID is the id of the request, if it has a good one.
	CustomID string `json:"custom_id,omitempty"`

	// Pointer is the place within the request, in the form of RFC 6901.
	Pointer jsontext.Pointer `json:"pointer"`

	// Rule is the check that found it, Severity how bad it is.
	Rule     Rule     `json:"rule"`
	Severity Severity `json:"severity"`

	// Message says what is wrong and what is allowed.
	Message string `json:"message"`
}

// String returns the issue on one line.
func (i Issue) String() string {
	where := "batch"
	switch {
	case i.Index >= 0 && i.CustomID != "":
		where = fmt.Sprintf("request %d (%s)", i.Index, i.CustomID)
	case i.Index >= 0:
		where = fmt.Sprintf("request %d", i.Index)
	}
	if i.Pointer != "" {
		where += " " + string(i.Pointer)
	}
	return fmt.Sprintf("%s: %s [%s]", where, i.Message, i.Rule)
}

// Options say what to check against. The zero value checks everything, for the client's default version and no betas.
type Options struct {
	// Version is the version of the API that the batch will be created with. Defaults to 2023-06-01.
	Version gen.AnthropicVersion

	// Betas are those that the create call will have.
	Betas []gen.AnthropicBeta

	// Disable switches rules off. What is none of [Rules] has no effect.
	Disable []Rule
}

// A Report is what a check found.
type Report struct {
	// Issues are all issues, in the order of the requests; those of the batch as a whole come last.
	Issues []Issue

	// Requests and Bytes are the size of the batch: the number of requests, and the body that Create would send.
	Requests int
	Bytes    int64
}

// Count returns how many issues there are of a severity.
func (r *Report) Count(s Severity) int {
	n := 0
	for _, i := range r.Issues {
		if i.Severity == s {
			n++
		}
	}
	return n
}

// Err returns an error that lists the errors among the issues, the first ten of them, or nil if there are none. Its
// text is for people; errors.As finds an [*IssuesError] in it.
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
	return &IssuesError{Issues: issues}
}

// An IssuesError is the error that requests failed a check.
type IssuesError struct {
	Issues []Issue // not empty, all of severity Error
}

// Error lists the issues, each on a line: the first ten, and how many more there are.
func (e *IssuesError) Error() string {
	const most = 10
	lines := []string{fmt.Sprintf("preflight: %d errors", len(e.Issues))}
	if len(e.Issues) == 1 {
		lines[0] = "preflight: 1 error"
	}
	for _, i := range e.Issues[:min(len(e.Issues), most)] {
		lines = append(lines, i.String())
	}
	if len(e.Issues) > most {
		lines = append(lines, fmt.Sprintf("and %d more", len(e.Issues)-most))
	}
	return strings.Join(lines, "\n")
}
