// Package foreign makes foreign text safe for errors, logs and terminals. Text is foreign if it is not in our own
// source code: bodies, headers, IDs, types, names of files and properties, and the error texts of other packages.
package foreign

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The longest texts, in bytes without the dots that mark a truncation.
const (
	longest      = 500
	longestShort = 100
)

// Fit makes a message or an error text safe: invisible characters are escaped, and it is truncated to 500 bytes.
func Fit(s string) string { return fit(s, longest) }

// Short makes a name, an ID, a type or a header value safe: like Fit, but truncated to 100 bytes.
func Short(s string) string { return fit(s, longestShort) }

// All escapes like Fit, without truncating, for texts that are already bounded.
func All(s string) string { return fit(s, len(s)*len(`\U0010ffff`)) }

// fit escapes control characters, line breaks, bidirectional controls, other invisible characters and invalid UTF-8 as Go
// does in strings, and truncates the text to n bytes.
func fit(s string, n int) string {
	if len(s) <= n && clean(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		shown := s[:size]
		switch {
		case r == utf8.RuneError && size == 1:
			shown = `\x` + strconv.FormatUint(uint64(s[0])|0x100, 16)[1:]
		case !visible(r):
			shown = strings.Trim(strconv.QuoteRune(r), "'")
		}
		if b.Len()+len(shown) > n {
			return b.String() + "..."
		}
		b.WriteString(shown)
		s = s[size:]
	}
	return b.String()
}

// visible reports whether a reader can see the character. Letters, marks, digits, punctuation, symbols and spaces are
// visible; controls, line and paragraph separators, and format characters such as bidirectional controls are not.
func visible(r rune) bool { return strconv.IsGraphic(r) }

func clean(s string) bool {
	for i, r := range s {
		if !visible(r) || r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd") {
			return false
		}
	}
	return true
}

// Error returns err if its text is safe, and otherwise an error that wraps err and has a safe text. It returns nil for
// nil.
func Error(err error) error {
	if err == nil {
		return nil
	}
	was := err.Error()
	if now := Fit(was); now != was {
		return &fitted{now, err}
	}
	return err
}

type fitted struct {
	text string
	err  error
}

func (e *fitted) Error() string { return e.text }
func (e *fitted) Unwrap() error { return e.err }

// Reaches reports whether the text of err, or of an error that it wraps, satisfies found.
func Reaches(err error, found func(string) bool) bool {
	if err == nil {
		return false
	}
	if found(err.Error()) {
		return true
	}
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case interface{ Unwrap() error }:
		return Reaches(e.Unwrap(), found)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if Reaches(inner, found) {
				return true
			}
		}
	}
	return false
}

// Sealed returns an error with the given text that behaves like err in errors.Is and Timeout, but hides err itself.
func Sealed(shown string, err error) error {
	return &sealed{
		text: shown,
		is:   func(target error) bool { return errors.Is(err, target) },
		timeout: func() bool {
			var t interface{ Timeout() bool }
			return errors.As(err, &t) && t.Timeout()
		},
	}
}

type sealed struct {
	text    string
	is      func(error) bool // functions, because fmt verbs cannot look into them
	timeout func() bool
}

func (e *sealed) Error() string        { return e.text }
func (e *sealed) Is(target error) bool { return e.is(target) }
func (e *sealed) Timeout() bool        { return e.timeout() }
