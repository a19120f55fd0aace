package bulk

import (
	"errors"
	"fmt"
)

// Kinds of errors, for errors.Is.
var (
	ErrMalformed   = errors.New("malformed request")               // no JSON, or nothing that could be a request
	ErrTooLarge    = errors.New("request too large for any batch") // under the limits that were given
	ErrInvalidID   = errors.New("invalid custom id")               // not as the contract wants it, or not there
	ErrDuplicateID = errors.New("custom id has been there before") // of a request, or of an input of Match

	ErrUnknown = errors.New("result of no input")         // no input has its custom id
	ErrDoubled = errors.New("there was a result already") // with its custom id
	ErrMissing = errors.New("no result")                  // of an input, or none that could be read
)

// A RequestError is a request that is in no batch. errors.Is finds its kind, the first that it is of [ErrMalformed],
// [ErrTooLarge], [ErrInvalidID] and [ErrDuplicateID]. Of a line that is too large nothing else is looked at.
type RequestError struct {
	// Index is the number of the request among all requests, from 0.
	Index int

	// Line is the number of its line, from 1; 0 if there are no lines.
	Line int

	// CustomID is its custom id, as far as it could be read.
	CustomID string

	// Err is what is wrong. It does not show the request.
	Err error
}

// Error names the request and says what is wrong with it.
func (e *RequestError) Error() string {
	where := fmt.Sprintf("request %d", e.Index)
	if e.Line > 0 {
		where = fmt.Sprintf("line %d", e.Line)
	}
	return named(where, e.CustomID, e.Err)
}

// Unwrap returns Err.
func (e *RequestError) Unwrap() error { return e.Err }

// A MatchError is a custom id of which there is not one input and one result. errors.Is finds its kind: [ErrUnknown],
// [ErrDoubled], [ErrMissing], or [ErrDuplicateID] for two inputs. An item of the caller's own that is no result has none.
type MatchError struct {
	// CustomID is the custom id.
	CustomID string

	// Err is what is wrong, with the [*client.LineError] that came with the result, if one did.
	Err error
}

// Error names the custom id and says what is wrong with it.
func (e *MatchError) Error() string { return named("match", e.CustomID, e.Err) }

// Unwrap returns Err.
func (e *MatchError) Unwrap() error { return e.Err }

// named makes the text of an error about a request. An id that is longer than any may be is cut.
func named(where, customID string, err error) string {
	if customID == "" {
		return fmt.Sprintf("%s: %v", where, err)
	}
	return fmt.Sprintf("%s (request %.70q): %v", where, customID, err)
}
