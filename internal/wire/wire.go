// Package wire is the JSON runtime of the generated code in gen. It reads and writes the values of the contract, on top
// of jsontext.
//
// Reading is lenient where the service may change, and strict where a value would be useless. There are two kinds of
// faults:
//
//   - Input that is not JSON ends decoding.
//   - A value that does not fit (a number for a string, garbage for a time, a wrong constant, a missing strict
//     property) leaves its field zero and is reported as a [DecodeError]. Decoding continues, so that one malformed
//     field never costs the others.
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
	// Reason describes the fault. It does not contain the value itself, which may be user text.
	Reason string
	// Unknown reports that the only fault is a property of a request that this version does not know and cannot keep.
	Unknown bool
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("decode JSON at %s: %s", place(e.Pointer), e.Reason)
}

// An EncodeError reports a Go value that cannot be written as JSON.
type EncodeError struct {
	// Pointer is the place that the value would have had within the output.
	Pointer jsontext.Pointer
	// Err is the cause.
	Err error
}

func (e *EncodeError) Error() string {
	return fmt.Sprintf("encode JSON at %s: %v", place(e.Pointer), Quiet(e.Err))
}

func (e *EncodeError) Unwrap() error { return e.Err }

// Quiet removes the JSON pointer from a syntax error: it may contain user text, because an unescaped quotation mark
// turns text into names.
func Quiet(err error) error {
	if errors.As(err, new(*jsontext.SyntacticError)) {
		return NotJSON("not JSON", err)
	}
	return err
}

// NotJSON returns why input is not JSON, and the byte offset, without the JSON pointer. What introduces the error.
func NotJSON(what string, err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		// The error is not wrapped: io.ErrUnexpectedEOF would look like a failure of reading.
		return fmt.Errorf("%s, at byte %d: %s", what, syntax.ByteOffset, quietEscape(syntax.Err.Error()))
	}
	return fmt.Errorf("%s: %w", what, err)
}

// quietEscape removes the text after an escape sequence, which jsontext quotes together with it: unchanged in
// backquotes, or in quotation marks with two backslashes.
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
	return foreign.Fit(string(p)) // it may contain names from outside
}
