package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/seed-111a911e/messagebatches/internal/foreign"
	"github.com/seed-111a911e/messagebatches/internal/identity"
)

// useProfile makes the client authenticate with the tokens of a profile, from the token endpoint below base.
func (s *state) useProfile(p *identity.Profile, base *url.URL) {
	source := identity.NewSource(p, tokenEndpoint{s, base}.post, s.logger)
	s.credential.get, s.credential.refused = source.Token, source.Refused
}

// A tokenEndpoint is the token endpoint of the API at base.
type tokenEndpoint struct {
	*state
	base *url.URL
}

// headers returns the headers of a request for a token.
func (e tokenEndpoint) headers(betas string) http.Header {
	h := make(http.Header)
	if sameOrigin(e.base, e.state.base) {
		maps.Copy(h, e.call.header) // a gateway may need them
	}
	h.Set("Content-Type", "application/json")
	h.Set("Anthropic-Beta", betas)
	h.Set("User-Agent", e.userAgent)
	h.Del("Authorization")
	h.Del("X-Api-Key")
	return h
}

// post implements identity.Post. It follows no redirect, and net/http does not resend it: a refresh token can be used only
// once.
func (e tokenEndpoint) post(ctx context.Context, betas string, body []byte, more ...string) (identity.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.base.JoinPath("v1/oauth/token").String(), bytes.NewReader(body))
	if err != nil {
		return identity.Response{}, err
	}
	req.GetBody = nil
	req.Header = e.headers(betas)
	secret := secretsOf(req.Header).with(e.proxy...).with(more...)
	h := &http.Client{Transport: e.reads.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	began := time.Now()
	resp, err := h.Do(req.WithContext(secret.keep(ctx)))
	log := e.logger.With("took", time.Since(began))
	if err != nil {
		err = connectionError(e.base, err, secret)
		log.DebugContext(ctx, "token endpoint failed", "error", err)
		return identity.Response{}, err
	}
	defer resp.Body.Close()
	r := identity.Response{Status: resp.StatusCode, RequestID: secret.redact(resp.Header.Get("request-id"))}
	log.DebugContext(ctx, "token endpoint responded", "status", r.Status, "request_id", foreign.Short(r.RequestID))
	r.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	switch {
	case err != nil:
		return identity.Response{}, secret.error(err)
	case len(r.Body) == maxErrorBody:
		return identity.Response{}, errors.New("the response is too large")
	case r.Status != http.StatusOK:
		r.Body = []byte(secret.redact(string(r.Body)))
	}
	return r, nil
}
