package identity

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/internal/foreign"
)

// Values of anthropic-beta that the API requires: Beta in each call with an access token and in each refresh, and both
// in an exchange.
const (
	Beta           = "oauth-2025-04-20"
	federationBeta = "oidc-federation-2026-04-01"
)

// A Post sends JSON to the token endpoint and returns the response. Its errors, and the body of an unsuccessful
// response, do not contain the secrets.
type Post func(ctx context.Context, betas string, body []byte, secrets ...string) (Response, error)

// A Response is a response of the token endpoint.
type Response struct {
	Status    int    // of HTTP
	RequestID string // may be empty
	Body      []byte // the whole body
}

// An Error is a refusal of the token endpoint.
type Error struct {
	Status    int    // of HTTP
	Code      string // the error code of OAuth or the error type of the API; may be empty
	Message   string // may be empty
	RequestID string // may be empty
	Hint      string // how to fix it; may be empty
}

// Error returns what the endpoint reported, and what to do.
func (e *Error) Error() string {
	text := fmt.Sprintf("the token endpoint responded %d %s", e.Status, foreign.Short(e.Code))
	if e.RequestID != "" {
		text += fmt.Sprintf(" (request ID %s)", foreign.Short(e.RequestID))
	}
	if e.Hint != "" {
		text += ": " + e.Hint
	}
	if e.Message != "" {
		text += ": " + foreign.Fit(e.Message)
	}
	return text
}

// Permanent reports whether the same request would be refused again.
func (e *Error) Permanent() bool {
	return e.Status/100 == 4 && e.Status != http.StatusRequestTimeout && e.Status != http.StatusTooManyRequests
}

// NewSource returns a source of tokens for a profile that passes Check. It does not read or send anything yet.
func NewSource(p *Profile, post Post, log *slog.Logger) *Source {
	if p.Federation != nil {
		return &Source{fetch: exchange{p, post, log}.fetch}
	}
	return &Source{fetch: login{p, post}.fetch}
}

// An exchange obtains tokens for an identity token.
type exchange struct {
	*Profile
	post Post
	log  *slog.Logger
}

func (x exchange) fetch(ctx context.Context, refused string, need time.Duration) (token, error) {
	if x.Stored != "" && refused == "" {
		s, err := readStored(x.Stored)
		if err == nil && s.token().has(need) {
			return s.token(), nil
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			x.log.WarnContext(ctx, "stored token not used", "error", foreign.Error(err))
		}
	}
	assertion, err := x.Federation.Token(ctx)
	switch {
	case err != nil:
		return token{}, fmt.Errorf("identity token: %w", err)
	case assertion == "":
		return token{}, errors.New("identity token is empty")
	case len(assertion) > maxToken:
		return token{}, fmt.Errorf("identity token has %d bytes, more than %d", len(assertion), maxToken)
	}
	g, err := send(ctx, x.post, Beta+","+federationBeta, map[string]string{
		"grant_type":         "urn:ietf:params:oauth:grant-type:jwt-bearer",
		"assertion":          assertion,
		"federation_rule_id": x.Federation.RuleID,
		"organization_id":    x.OrganizationID,
		"service_account_id": x.Federation.ServiceAccountID,
		"workspace_id":       x.WorkspaceID,
	}, assertion)
	if err != nil {
		var e *Error
		if errors.As(err, &e) && e.Status == http.StatusUnauthorized {
			e.Hint = "the federation rule must match the identity token"
			if x.WorkspaceID == "" {
				e.Hint += ", and a rule for several workspaces needs the ID of one (ANTHROPIC_WORKSPACE_ID)"
			}
		}
		return token{}, err
	}
	t, expires := g.token()
	if x.Stored != "" && expires != nil {
		if err := (&stored{AccessToken: t.value, ExpiresAt: expires}).write(x.Stored); err != nil {
			x.log.WarnContext(ctx, "token not stored", "error", foreign.Error(err))
		}
	}
	return t, nil
}

// A login refreshes the tokens in a credentials file.
type login struct {
	*Profile
	post Post
}

func (l login) fetch(ctx context.Context, refused string, need time.Duration) (token, error) {
	s, err := readStored(l.Stored)
	if err != nil {
		return token{}, err
	}
	if l.Login.ClientID == "" { // another program refreshes the file
		if !s.token().has(0) {
			return token{}, fmt.Errorf("the access token in %s has expired, and without client_id it cannot be refreshed: sign in again", l.Stored)
		}
		return s.token(), nil
	}
	if s.AccessToken != refused && s.token().has(need) {
		return s.token(), nil
	}
	if s.RefreshToken == "" {
		return token{}, fmt.Errorf("credentials file %s has no refresh_token: sign in again", l.Stored)
	}
	g, err := send(ctx, l.post, Beta, map[string]string{
		"grant_type":    "refresh_token",
		"refresh_token": s.RefreshToken,
		"client_id":     l.Login.ClientID,
	}, s.RefreshToken, s.AccessToken)
	if err != nil {
		var e *Error
		if errors.As(err, &e) && e.Permanent() {
			// Another process may have used the refresh token, which can be used only once.
			if now, err := readStored(l.Stored); err == nil && now.RefreshToken != s.RefreshToken && now.token().has(need) {
				return now.token(), nil
			}
			e.Hint = "sign in again"
		}
		return token{}, err
	}
	t, expires := g.token()
	s.AccessToken, s.ExpiresAt = t.value, expires
	s.RefreshToken = cmp.Or(g.RefreshToken, s.RefreshToken)
	if err := s.write(l.Stored); err != nil {
		return token{}, fmt.Errorf("the new refresh token could not be stored: %w", err)
	}
	return t, nil
}

// A grant is the success response of the token endpoint.
type grant struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	RefreshToken string `json:"refresh_token"`
	ExpiresIn    *int64 `json:"expires_in"` // seconds
}

func (g *grant) token() (t token, expires *int64) {
	t = token{value: g.AccessToken}
	if g.ExpiresIn != nil {
		// Without the monotonic clock, which stops while a machine sleeps.
		t.life = time.Duration(min(*g.ExpiresIn, 1e9)) * time.Second
		t.expires = time.Now().Round(0).Add(t.life)
		unix := t.expires.Unix()
		expires = &unix
	}
	return t, expires
}

// send sends the parameters that are not empty to the token endpoint.
func send(ctx context.Context, post Post, betas string, params map[string]string, secrets ...string) (*grant, error) {
	for name, value := range params {
		if value == "" {
			delete(params, name)
		}
	}
	body, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	r, err := post(ctx, betas, body, secrets...)
	if err != nil {
		return nil, fmt.Errorf("token endpoint: %w", err)
	}
	if r.Status != http.StatusOK {
		return nil, newError(r)
	}
	var g grant
	if err := json.Unmarshal(r.Body, &g); err != nil || g.AccessToken == "" {
		return nil, errors.New("the token endpoint responded 200 without an access token") // the error may quote a token
	}
	if g.TokenType != "" && !strings.EqualFold(g.TokenType, "bearer") {
		return nil, fmt.Errorf("the token endpoint returned a token of type %q, not a bearer token", foreign.Short(g.TokenType))
	}
	return &g, nil
}

// newError reads an OAuth error or an API error. It drops other bodies and properties, which may contain anything.
func newError(r Response) *Error {
	e := &Error{Status: r.Status, RequestID: r.RequestID}
	var body struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
	}
	if json.Unmarshal(r.Body, &body) != nil {
		return e
	}
	var api struct{ Type, Message string }
	if json.Unmarshal(body.Error, &e.Code) == nil {
		e.Message = body.Description
	} else if json.Unmarshal(body.Error, &api) == nil {
		e.Code, e.Message = api.Type, api.Message
	}
	return e
}
