package client

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/foreign"
	"github.com/seed-111a911e/messagebatches/internal/identity"
	"github.com/seed-111a911e/messagebatches/internal/limits"
)

const (
	defaultBaseURL = "https://api.anthropic.com"
	defaultVersion = gen.AnthropicVersionV20230601
	defaultMaxLine = limits.MaxLine
)

// A Client calls the Message Batches API. It is safe for concurrent use, and it does not have to be closed. The zero value
// is not usable: use [New].
type Client struct {
	// A function, because no fmt verb prints what it returns: the state holds headers, which may be secrets.
	s func() *state
}

// New returns a client. Options may be in any order; if two set the same thing, the later one wins.
//
// Settings without an option are read from the environment: the credential (see Credentials in the package documentation),
// ANTHROPIC_BASE_URL, and ANTHROPIC_CUSTOM_HEADERS, which holds lines of the form "Name: Value". The error joins all faults
// of the options and the environment. New sends nothing.
func New(opts ...Option) (*Client, error) {
	c := config{
		call:      call{op: opNew, maxLine: defaultMaxLine},
		http:      http.DefaultClient,
		userAgent: userAgent,
		random:    rand.N[time.Duration],
	}
	var errs []error
	for _, o := range opts {
		errs = append(errs, o.applyClient(&c))
	}
	errs = append(errs, readEnvironment(&c))
	profile, err := c.loadProfile()
	errs = append(errs, err)
	base, tokens, err := c.baseURLs(profile)
	errs = append(errs, err)
	for i, err := range errs {
		errs[i] = foreign.Error(err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("%s: %w", opNew, err)
	}
	if c.credential.kind == "" {
		return nil, fmt.Errorf("%s: %w", opNew, errNoCredential)
	}
	if c.logger == nil {
		c.logger = slog.New(slog.DiscardHandler)
	} else {
		c.hooks = append(c.hooks, logHooks(c.logger))
	}
	c.version = cmp.Or(c.version, defaultVersion)
	s := &state{config: c, base: base}
	s.reads, s.creates, s.proxy = newTransports(c.http, base)
	if profile != nil {
		s.useProfile(profile, tokens)
	}
	return &Client{func() *state { return s }}, nil
}

// baseURLs returns the base URL of the API and that of the token endpoint: a profile's own, or else the same.
func (c *config) baseURLs(p *identity.Profile) (api, tokens *url.URL, err error) {
	text, source := c.baseURL, ""
	if text == "" {
		text, source = c.env("ANTHROPIC_BASE_URL"), "ANTHROPIC_BASE_URL"
	}
	if p != nil && p.BaseURL != "" {
		if tokens, err = parseBaseURL(p.BaseURL, c.insecureHTTP); err != nil {
			return nil, nil, named(c.credential.kind, err)
		}
		if text == "" {
			return tokens, tokens, nil
		}
	}
	if api, err = parseBaseURL(cmp.Or(text, defaultBaseURL), c.insecureHTTP); source != "" {
		err = named(source, err)
	}
	if tokens == nil {
		tokens = api
	}
	return api, tokens, err
}

// String returns the base URL of the client and how it authenticates, without secrets.
func (c *Client) String() string {
	return fmt.Sprintf("messagebatches client of %s with %s", c.s().base, c.s().credential.kind)
}
