package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
)

// An Option configures a [Client]. New returns an error if an option is invalid.
type Option interface {
	applyClient(*config) error
}

type clientOption func(*config) error

func (o clientOption) applyClient(c *config) error { return o(c) }

// WithAPIKey authenticates with an API key, sent as x-api-key. It replaces any credential of the environment.
func WithAPIKey(key string) Option {
	return clientOption(func(c *config) error {
		if err := checkCredential("API key", key); err != nil {
			return err
		}
		c.credential = credential{kind: "API key", header: "x-api-key", get: fixed(key)}
		return nil
	})
}

// WithAuthToken authenticates with an access token, sent as a bearer token. It replaces any credential of the
// environment.
func WithAuthToken(token string) Option {
	return clientOption(func(c *config) error {
		if err := checkCredential("auth token", token); err != nil {
			return err
		}
		c.credential = credential{kind: "auth token", header: "authorization", prefix: "Bearer ", get: fixed(token)}
		return nil
	})
}

// WithTokenSource authenticates with access tokens that source returns. It is called before each attempt, so it should
// cache a token while it is valid. After a 401 the call is retried once with the token that source returns then. An error
// of source is treated like a lost connection. Concurrent calls call source concurrently.
func WithTokenSource(source func(context.Context) (string, error)) Option {
	return clientOption(func(c *config) error {
		if source == nil {
			return errors.New("token source is nil")
		}
		c.credential = credential{kind: "token source", header: "authorization", prefix: "Bearer ", refresh: true,
			get: func(ctx context.Context, _ bool) (string, error) { return source(ctx) }}
		return nil
	})
}

// WithoutEnvironment makes the client ignore the environment variables of the API (ANTHROPIC_...) and the active profile.
func WithoutEnvironment() Option {
	return clientOption(func(c *config) error { c.noEnvironment = true; return nil })
}

// WithBaseURL sets the base URL of the API, by default ANTHROPIC_BASE_URL or https://api.anthropic.com. A path is kept:
// https://gateway.example.com/anthropic calls /anthropic/v1/messages/batches. Credentials are sent to this origin only.
func WithBaseURL(u string) Option {
	return clientOption(func(c *config) error { c.baseURL = u; return nil })
}

// WithInsecureHTTP allows a base URL with plain http, which exposes the credential and the prompts to everybody on the
// network path. Without this option plain http is allowed for loopback addresses only.
func WithInsecureHTTP() Option {
	return clientOption(func(c *config) error { c.insecureHTTP = true; return nil })
}

// WithHTTPClient makes calls through copies of h that keep its Transport and Jar. Its Timeout is not used, because it would
// end a long but healthy stream of results: use contexts to end calls. Its CheckRedirect is not used, because no redirect
// may carry a credential to another origin.
//
// If the Transport is an *http.Transport, each Create and CreateLines uses a connection of its own. With another kind of
// transport, a create on an idle connection that the server has just closed is an [*UncertainError]. If an *http.Transport
// uses a proxy for an https base URL, all calls go through copies of it whose errors name the proxy if it refuses a
// connection.
func WithHTTPClient(h *http.Client) Option {
	return clientOption(func(c *config) error {
		if h == nil {
			return errors.New("HTTP client is nil")
		}
		c.http = h
		return nil
	})
}

// WithLogger logs each call, attempt and stream of results when it ends (debug), each retry (info) and each failed poll of
// Wait (warning) to l, with the fields of [Hooks] in lower case with underscores. Nothing is logged by default, or if l is
// nil. Credentials and bodies are never logged.
func WithLogger(l *slog.Logger) Option {
	return clientOption(func(c *config) error {
		c.logger = l
		return nil
	})
}

// WithHooks makes the client call hooks, for tracing, metrics and logs. It may be used several times: StartCall and
// StartAttempt are called in the order of the options, all other hooks in the reverse order. Without hooks nothing is
// measured, and no memory is allocated for them. The module github.com/seed-111a911e/messagebatches/otel has hooks for
// OpenTelemetry, and [WithLogger] adds hooks that write to a log.
func WithHooks(hooks Hooks) Option {
	return clientOption(func(c *config) error {
		if hooks.isZero() {
			return errors.New("hooks have no function")
		}
		c.hooks = append(c.hooks, hooks)
		return nil
	})
}

// WithUserAgent puts a product, such as "nightly-report/2.1", before the client's own product in the User-Agent header.
func WithUserAgent(product string) Option {
	return clientOption(func(c *config) error {
		if err := checkHeaderValue("user agent", product); err != nil {
			return err
		}
		c.userAgent = fmt.Sprintf("%s %s", product, userAgent)
		return nil
	})
}
