// Package wire is the JSON runtime of the generated code in gen: it reads and writes the values that the
// contract is made of, on top of jsontext.
//
// Reading is lenient where the service may change and strict where a value would be of no use. Two kinds of
// fault are kept apart:
//
//   - Input that is not JSON ends decoding.
//   - A value that does not fit (a number for a string, garbage for a time, a wrong constant, a missing strict
//     property) leaves its field zero, is reported as a [DecodeError], and decoding goes on: one odd field
//     never costs the others.
//
// Writing appends to a byte slice; it is strict, because what is written is a request.
package wire

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/internal/foreign"
)

// A DecodeError reports a JSON value that does not fit its place in the contract.
type DecodeError struct {
	// Pointer is the place of the value within the input.
	Pointer jsontext.Pointer
	// Reason is what is wrong. It says nothing of the value itself, which may be somebody's text.
	Reason string
	// Unknown reports that the only fault is a property of a request that this version does not know, and could not keep.
	Unknown bool
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("decode JSON at %s: %s", place(e.Pointer), e.Reason)
}

// An EncodeError reports a Go value that cannot be written as JSON.
type EncodeError struct {
	// Pointer is the place that the value would have had within the output.
	Pointer jsontext.Pointer
	// Err is what is wrong.
	Err error
}

func (e *EncodeError) Error() string {
	return fmt.Sprintf("encode JSON at %s: %v", place(e.Pointer), Quiet(e.Err))
}

func (e *EncodeError) Unwrap() error { return e.Err }

// Quiet removes the JSON pointer from a syntax error: it may contain user text, because a quotation mark that was not
// escaped makes names of it.
func Quiet(err error) error {
	if errors.As(err, new(*jsontext.SyntacticError)) {
		return NotJSON("not JSON", err)
	}
	return err
}

// NotJSON says what is wrong with input that is not JSON, and at which byte, without its JSON pointer.
func NotJSON(what string, err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		// The error is not wrapped: io.ErrUnexpectedEOF would look like a failure of reading.
		return fmt.Errorf("%s, at byte %d: %s", what, syntax.ByteOffset, quietEscape(syntax.Err.Error()))
	}
	return fmt.Errorf("%s: %w", what, err)
}

// quietEscape removes the text behind an escape sequence that jsontext quotes together with it: in grave accents as it is,
// or in quotation marks with two backslashes.
func quietEscape(s string) string {
	for _, quote := range []string{"`\\", `"\\`} {
		before, after, found := strings.Cut(s, quote)
		end := strings.LastIndexByte(after, quote[0])
		if !found || end < 1 {
			continue
		}
		n := 1
		if after[0] == 'u' {
			for n < min(end, 5) && strings.IndexByte("0123456789abcdefABCDEF", after[n]) >= 0 {
				n++
			}
		}
		return before + quote + after[:n] + after[end:]
	}
	return s
}

func place(p jsontext.Pointer) string {
	if p == "" {
		return "the top level"
	}
	return foreign.Fit(string(p)) // names in it may be anybody's
}
