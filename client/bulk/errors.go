package bulk

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/internal/foreign"
)

// Kinds of errors, for errors.Is. A second result under a custom ID is [client.ErrDuplicateResult].
var (
	ErrMalformed   = errors.New("malformed request")               // not JSON, or not a request
	ErrTooLarge    = errors.New("request too large for any batch") // under the given limits
	ErrInvalidID   = errors.New("invalid custom id")               // missing, or not 1 to 64 letters, digits, _ and -
	ErrDuplicateID = errors.New("duplicate custom id")             // of a request, or of an input of Match

	ErrMissing = errors.New("no result")                        // all results were read, and none is the input's
	ErrUnread  = errors.New("result not read")                  // reading failed: the input may have a result
	ErrUnknown = errors.New("result without an input")          // no input has its custom ID
	ErrDamaged = errors.New("damaged result without custom id") // it may be the result of any input
)

// maxNamed is how many requests an error names.
const maxNamed = 10

// A RequestError reports why a request was omitted. errors.Is finds its kind, the first that applies of [ErrTooLarge],
// [ErrMalformed], [ErrInvalidID] and [ErrDuplicateID].
type RequestError struct {
	// Index is the position of the request in the sequence, from 0.
	Index int

	// Line is the number of its line, from 1. It is 0 if the requests are not lines.
	Line int

	// CustomID is its custom ID, empty if it could not be read.
	CustomID string

	// Err is the fault. Its text does not show the request.
	Err error
}

// Error returns the place of the request, its custom ID and its fault.
func (e *RequestError) Error() string {
	where := fmt.Sprintf("request %d", e.Index)
	if e.Line > 0 {
		where = fmt.Sprintf("line %d", e.Line)
	}
	if e.CustomID != "" {
		where += fmt.Sprintf(" (request %.70q)", e.CustomID)
	}
	return fmt.Sprintf("%s: %v", where, foreign.Error(e.Err))
}

// Unwrap returns Err.
func (e *RequestError) Unwrap() error { return e.Err }

// A LeftOutError counts the requests that [Split], [SplitLines] or [ReadRequests] omitted. It is the last thing that they
// yield. errors.Is finds the kinds of the requests in First, and Err.
type LeftOutError struct {
	// Count is how many requests were omitted.
	Count int

	// First are the first 10 of them.
	First []*RequestError

	// Err is why reading ended early, nil if everything was read.
	Err error
}

// Error returns the number of omitted requests, and the faults of the first ones.
func (e *LeftOutError) Error() string {
	text := fmt.Sprintf("requests omitted: %d (%s)", e.Count, list(e.First, e.Count))
	if e.Err != nil {
		text += "; " + foreign.Fit(e.Err.Error())
	}
	return text
}

// Unwrap returns the errors in First, and Err if there is one.
func (e *LeftOutError) Unwrap() []error {
	var all []error
	for _, r := range e.First {
		all = append(all, r)
	}
	if e.Err != nil {
		all = append(all, e.Err)
	}
	return all
}

func (e *LeftOutError) add(r *RequestError) {
	if e.Count++; len(e.First) < maxNamed {
		e.First = append(e.First, r)
	}
}

// last returns the last error of a sequence: e if requests were omitted, and otherwise Err.
func (e *LeftOutError) last() error {
	if e.Count > 0 {
		return e
	}
	return e.Err
}

// A MatchError counts what [Match] or [MatchInOrder] could not match, or [FollowUp] could not decide. It is the last thing
// that they yield. errors.Is finds each kind that was counted, and errors.Is and errors.As find the errors in Errs.
type MatchError struct {
	// Missing is how many inputs have no result ([ErrMissing]). It is 0 in an error of FollowUp, which has a decision for
	// them.
	Missing int

	// Unread is how many inputs have no result because reading the results failed ([ErrUnread]). It is 0 in an error of
	// FollowUp, which has a decision for them.
	Unread int

	// Unknown is how many results have no input ([ErrUnknown]).
	Unknown int

	// DuplicateResults is how many results have an input that already has one ([client.ErrDuplicateResult]).
	DuplicateResults int

	// DuplicateIDs is how many inputs have the custom ID of an earlier input ([ErrDuplicateID]).
	DuplicateIDs int

	// Damaged is how many damaged results have no custom ID ([ErrDamaged]), or were skipped because another result has the
	// same ID. These alone are not an error: every input and every custom ID is accounted for.
	Damaged int

	// First are the first 10 inputs and results that were counted, each with its kind, except those of Damaged.
	First []*client.ItemError

	// Errs are the errors that ended sequences of results, in order, and the error of the store.
	Errs []error
}

// A kind is a kind of mismatch, and its count in an error.
type kind struct {
	err  error
	n    *int
	name string
}

func (e *MatchError) kinds() []kind {
	return []kind{
		{ErrMissing, &e.Missing, "missing results"},
		{ErrUnread, &e.Unread, "unread results"},
		{ErrUnknown, &e.Unknown, "results without an input"},
		{client.ErrDuplicateResult, &e.DuplicateResults, "duplicate results"},
		{ErrDuplicateID, &e.DuplicateIDs, "duplicate inputs"},
		{ErrDamaged, &e.Damaged, "damaged lines"},
	}
}

// add counts a mismatch, if it is not nil.
func (e *MatchError) add(id string, mismatch error) {
	if mismatch == nil {
		return
	}
	for _, k := range e.kinds() {
		if errors.Is(mismatch, k.err) {
			*k.n++
			break
		}
	}
	if mismatch != ErrDamaged && len(e.First) < maxNamed {
		e.First = append(e.First, &client.ItemError{CustomID: id, Err: mismatch})
	}
}

// last returns e if it is an error, and otherwise nil.
func (e *MatchError) last() error {
	if e.mismatches() == 0 && len(e.Errs) == 0 {
		return nil
	}
	return e
}

// mismatches returns how many inputs and results were counted that First could name.
func (e *MatchError) mismatches() int {
	return e.Missing + e.Unread + e.Unknown + e.DuplicateResults + e.DuplicateIDs
}

// Error returns how many mismatches there are of each kind, the first ones, and the errors of reading the results.
func (e *MatchError) Error() string {
	var counts, parts []string
	for _, k := range e.kinds() {
		if *k.n > 0 {
			counts = append(counts, fmt.Sprintf("%s: %d", k.name, *k.n))
		}
	}
	if len(counts) > 0 {
		parts = append(parts, strings.Join(counts, ", "))
	}
	if len(counts) > 0 && len(e.First) > 0 {
		parts[0] += " (" + list(e.First, e.mismatches()) + ")"
	}
	for _, err := range e.Errs {
		parts = append(parts, foreign.Fit(err.Error()))
	}
	return "match: " + strings.Join(parts, "; ")
}

// Unwrap returns the kinds that were counted, and Errs.
func (e *MatchError) Unwrap() []error {
	var all []error
	for _, k := range e.kinds() {
		if *k.n > 0 {
			all = append(all, k.err)
		}
	}
	return append(all, e.Errs...)
}

// list joins the texts of the first errors of n.
func list[E error](first []E, n int) string {
	var texts []string
	for _, err := range first {
		texts = append(texts, err.Error())
	}
	if more := n - len(first); more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, "; ")
}
