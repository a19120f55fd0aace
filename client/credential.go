package client

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/seed-111a911e/messagebatches/internal/foreign"
	"github.com/seed-111a911e/messagebatches/internal/identity"
)

// A credential knows how to authenticate. It keeps secrets in a function only, which fmt and encoders cannot print.
type credential struct {
	kind    string // for people; empty if there is no credential
	header  string
	prefix  string
	beta    Beta                                                   // that the API requires for this kind; may be empty
	get     func(ctx context.Context, upload bool) (string, error) // nil if there is sign
	sign    func(r *http.Request, bodySHA256 [sha256.Size]byte) error
	refused func(secret string) // called after a 401; may be nil
	refresh bool                // get may return a better secret after a 401

	// load, if it is not nil, reads the profile that the other fields depend on when the client is made.
	load func(identity.Env) (*identity.Profile, error)
}

func fixed(secret string) func(context.Context, bool) (string, error) {
	return func(context.Context, bool) (string, error) { return secret, nil }
}

// authenticate adds the credential to a request. refused must be called if the response is a 401.
func (c credential) authenticate(req *http.Request) (refused func(), err error) {
	if c.get == nil {
		return func() {}, nil
	}
	secret, err := c.get(req.Context(), req.Body != nil)
	if err != nil {
		err = fmt.Errorf("%s: %w", c.kind, foreign.Error(err))
		if refusal := new(identity.Error); errors.As(err, &refusal) && refusal.Permanent() {
			err = localError{fmt.Errorf("%w: %w", ErrAuthentication, err)}
		}
		return nil, err
	}
	if err := checkCredential(c.kind, secret); err != nil {
		return nil, localError{err}
	}
	req.Header.Set(c.header, c.prefix+secret)
	if c.beta != "" {
		req.Header.Add("anthropic-beta", string(c.beta))
	}
	return func() {
		if c.refused != nil {
			c.refused(secret)
		}
	}, nil
}

// checkCredential rejects credentials that were damaged on their way through files and terminals. Its errors do not repeat
// them.
func checkCredential(what, secret string) error {
	if err := checkPasted(what, secret); err != nil {
		return err
	}
	if scheme, _, ok := strings.Cut(secret, " "); ok && strings.EqualFold(scheme, "bearer") {
		return fmt.Errorf("%s begins with %q: remove it", what, scheme)
	}
	if strings.ContainsFunc(secret, unicode.IsSpace) {
		return fmt.Errorf("%s holds white space", what)
	}
	if strings.ContainsFunc(secret, func(r rune) bool { return r > unicode.MaxASCII }) {
		return fmt.Errorf("%s holds a character that is not ASCII, such as a typographic quotation mark", what)
	}
	return nil
}

var errNoCredential = errors.New("no credential: set ANTHROPIC_API_KEY, or pass WithAPIKey, WithAuthToken, WithTokenSource, WithProfile or WithFederation")
