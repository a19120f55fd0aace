package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// A credential knows how to authenticate. It holds secrets only inside a function, which no fmt verb and no
// encoder looks into.
type credential struct {
	kind    string // for people
	header  string
	prefix  string
	get     func(context.Context) (string, error)
	refresh bool // get may return something better after a 401
}

func fixed(secret string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return secret, nil }
}

// value returns what the header holds.
func (c credential) value(ctx context.Context) (string, error) {
	secret, err := c.get(ctx)
	if err != nil {
		return "", fmt.Errorf("%s: %w", c.kind, err)
	}
	if err := checkHeaderValue(c.kind, secret); err != nil {
		return "", localError{err}
	}
	return c.prefix + secret, nil
}

// checkHeaderValue refuses what would break out of a header. Its errors do not repeat the value.
func checkHeaderValue(what, value string) error {
	if value == "" {
		return fmt.Errorf("%s is empty", what)
	}
	if strings.TrimSpace(value) != value {
		return fmt.Errorf("%s begins or ends with white space", what)
	}
	for _, b := range []byte(value) {
		if b < ' ' && b != '\t' || b == 0x7f {
			return fmt.Errorf("%s holds a control character", what)
		}
	}
	return nil
}

// isToken reports whether s is a token of HTTP, as header names are.
func isToken(s string) bool {
	for _, b := range []byte(s) {
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0:
		default:
			return false
		}
	}
	return s != ""
}

var errNoCredential = errors.New("no credential: set ANTHROPIC_API_KEY, or pass WithAPIKey, WithAuthToken or WithTokenSource")
