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

	"github.com/go-json-experiment/json/jsontext"
)

// A DecodeError reports a JSON value that does not fit its place in the contract.
type DecodeError struct {
	// Pointer is the place of the value within the input.
	Pointer jsontext.Pointer
	// Reason is what is wrong. It says nothing of the value itself, which may be somebody's text.
	Reason string
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

// Quiet takes from an error about what is not JSON the place, whose names may be somebody's text: a quotation mark that
// was not escaped makes names of it.
func Quiet(err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		//nolint:errorlint // io.ErrUnexpectedEOF would look like a failure of reading
		return fmt.Errorf("not JSON, at byte %d: %v", syntax.ByteOffset, syntax.Err)
	}
	return err
}

func place(p jsontext.Pointer) string {
	if p == "" {
		return "the top level"
	}
	return string(p)
}
