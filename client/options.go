package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
)

// An Option sets up a [Client]. What is wrong with it is an error of [New].
type Option interface {
	applyClient(*settings) error
}

// A CallOption sets up one call; given to [New], it holds for all of the client's calls. Where a call and its
// client set the same thing, the call wins, except that betas and headers of both are sent. What is wrong with it is an
// error before anything is sent.
type CallOption interface {
	Option
	applyCall(*call) error
}

// settings are what a client is made of.
type settings struct {
	call

	credential    credential
	noEnvironment bool
	baseURL       string
	base          *url.URL // baseURL, checked; its path ends with a slash
	insecureHTTP  bool
	http          *http.Client
	logger        *slog.Logger
	userAgent     string
	random        func(n time.Duration) time.Duration // at least 0 and less than n

	ahead    atomic.Pointer[time.Duration] // of the service's clock before this machine's, nil until it is known
	received receivedIDs
}

// call is what one call is made with.
type call struct {
	version     gen.AnthropicVersion
	betas       []Beta
	header      http.Header
	workspace   string
	userProfile string
	retry       Retry
	atLeastOnce bool
	preflight   func(context.Context, []Request, CallInfo) error
	response    *Response
	maxLine     int
}

// CallInfo is what a call is sent with, as far as a preflight check needs it.
type CallInfo struct {
	// Version is the version of the API.
	Version gen.AnthropicVersion

	// Betas are those of the client and of the call, in the order in which they are sent.
	Betas []Beta
}

// with returns a copy of c with the options of one call.
func (c call) with(opts []CallOption) (call, error) {
	c.betas = slices.Clone(c.betas)
	c.header = c.header.Clone()
	var errs []error
	for _, o := range opts {
		errs = append(errs, o.applyCall(&c))
	}
	return c, errors.Join(errs...)
}

type clientOption func(*settings) error

func (o clientOption) applyClient(s *settings) error { return o(s) }

type callOption func(*call) error

func (o callOption) applyClient(s *settings) error { return o(&s.call) }
func (o callOption) applyCall(c *call) error       { return o(c) }

// WithAPIKey authenticates with an API key, sent as x-api-key. It replaces any credential of the environment.
func WithAPIKey(key string) Option {
	return clientOption(func(s *settings) error {
		if err := checkHeaderValue("API key", key); err != nil {
			return err
		}
		s.credential = credential{kind: "API key", header: "x-api-key", get: fixed(key)}
		return nil
	})
}

// WithAuthToken authenticates with an access token, sent as a bearer token. It replaces any credential of the
// environment.
func WithAuthToken(token string) Option {
	return clientOption(func(s *settings) error {
		if err := checkHeaderValue("auth token", token); err != nil {
			return err
		}
		s.credential = credential{kind: "auth token", header: "authorization", prefix: "Bearer ", get: fixed(token)}
		return nil
	})
}

// WithTokenSource authenticates with access tokens that source returns. It is asked before each attempt and should
// keep a token as long as it is good. After an answer of 401 the call is repeated once, with what source returns then.
// An error of source is treated like a lost connection: it may pass. Calls that run at the same time call source at the
// same time.
func WithTokenSource(source func(context.Context) (string, error)) Option {
	return clientOption(func(s *settings) error {
		if source == nil {
			return errors.New("token source is nil")
		}
		s.credential = credential{kind: "token source", header: "authorization", prefix: "Bearer ", get: source, refresh: true}
		return nil
	})
}

// WithoutEnvironment makes the client ignore the environment variables.
func WithoutEnvironment() Option {
	return clientOption(func(s *settings) error { s.noEnvironment = true; return nil })
}

// WithBaseURL sets where the API is, by default ANTHROPIC_BASE_URL or https://api.anthropic.com. A path is kept:
// https://gateway.example.com/anthropic calls /anthropic/v1/messages/batches. Credentials go to this origin and
// nowhere else.
func WithBaseURL(u string) Option {
	return clientOption(func(s *settings) error { s.baseURL = u; return nil })
}

// WithInsecureHTTP allows a base URL with plain http, which sends the credential and the prompts readable to
// everybody on the way. Without it plain http is allowed for loopback addresses only.
func WithInsecureHTTP() Option {
	return clientOption(func(s *settings) error { s.insecureHTTP = true; return nil })
}

// WithHTTPClient makes calls through a copy of h. Of its fields Transport and Jar are used. Its Timeout is not,
// since it would end a stream of results that is long but healthy: end calls by their context. Its CheckRedirect
// is not, since no redirect may carry a credential to another origin.
func WithHTTPClient(h *http.Client) Option {
	return clientOption(func(s *settings) error {
		if h == nil {
			return errors.New("HTTP client is nil")
		}
		s.http = h
		return nil
	})
}

// WithLogger logs each attempt (debug), each repetition (info) and each failed poll of Wait (warning) to l. Nothing is
// logged by default, or if l is nil. Credentials and bodies are never logged.
func WithLogger(l *slog.Logger) Option {
	return clientOption(func(s *settings) error {
		if l != nil {
			s.logger = l
		}
		return nil
	})
}

// WithUserAgent puts a product, such as "nightly-report/2.1", before the client's own in the User-Agent header.
func WithUserAgent(product string) Option {
	return clientOption(func(s *settings) error {
		if err := checkHeaderValue("user agent", product); err != nil {
			return err
		}
		s.userAgent = product + " " + userAgent
		return nil
	})
}

// WithVersion sets the version of the API, by default 2023-06-01, which takes every parameter of the contract. A version
// that the contract does not know is sent as it is.
func WithVersion(v gen.AnthropicVersion) CallOption {
	return callOption(func(c *call) error {
		if err := checkHeaderValue("version", string(v)); err != nil {
			return err
		}
		c.version = v
		return nil
	})
}

// WithHeader adds a header to what is sent. Of the client's own headers, anthropic-beta is treated as by [WithBetas] and
// anthropic-version as by [WithVersion], and so on; the credential's header cannot be replaced. A name or a value that
// is not fit for a header, and a header that belongs to the connection, such as Content-Length or Accept-Encoding, is an
// error before anything is sent.
func WithHeader(name, value string) CallOption {
	return callOption(func(c *call) error { return c.addHeader(name, value) })
}

func (c *call) addHeader(name, value string) error {
	if !isToken(name) {
		return errors.New("header name is not a token of HTTP")
	}
	switch http.CanonicalHeaderKey(name) {
	case "Content-Length", "Content-Type", "Host", "Transfer-Encoding", "Connection", "Accept-Encoding", "Content-Encoding":
		// Without its own Accept-Encoding net/http unpacks no answer, and every create would be uncertain.
		return fmt.Errorf("header %s cannot be set: it belongs to the connection", name)
	case "User-Agent":
		return errors.New("header User-Agent cannot be set: use WithUserAgent")
	case "Anthropic-Beta":
		return c.addBetas(splitBetas(value))
	case "Anthropic-Version":
		return WithVersion(gen.AnthropicVersion(value)).applyCall(c)
	case "Anthropic-Workspace-Id":
		return WithWorkspace(value).applyCall(c)
	case "Anthropic-User-Profile-Id":
		return WithUserProfile(value).applyCall(c)
	}
	if err := checkHeaderValue("header "+name, value); err != nil {
		return err
	}
	if c.header == nil {
		c.header = make(http.Header)
	}
	c.header.Set(name, value)
	return nil
}

// WithWorkspace names the workspace to work in, for credentials that may use several. By default it is the credential's
// own.
func WithWorkspace(id string) CallOption {
	return callOption(func(c *call) error {
		c.workspace = id
		return checkHeaderValue("workspace", id)
	})
}

// WithUserProfile names the user profile on whose behalf a batch is created. Only Create sends it.
func WithUserProfile(id string) CallOption {
	return callOption(func(c *call) error {
		c.userProfile = id
		return checkHeaderValue("user profile", id)
	})
}

// WithRetry sets when and how often calls are repeated. The zero Retry stands for the defaults.
func WithRetry(r Retry) CallOption {
	return callOption(func(c *call) error { c.retry = r; return nil })
}

// WithAtLeastOnceCreate lets Create repeat a call that the service may have taken, where it otherwise returns an
// [*UncertainError]. The batch may then exist several times, and each of them is billed. If the last attempt fails too,
// the error is still an UncertainError, about all attempts.
func WithAtLeastOnceCreate() CallOption {
	return callOption(func(c *call) error { c.atLeastOnce = true; return nil })
}

// WithPreflight has check look at the requests of each Create before anything is sent. Its error is returned as it
// is. Calls that run at the same time call check at the same time. Nil means no check.
func WithPreflight(check func(context.Context, []Request, CallInfo) error) CallOption {
	return callOption(func(c *call) error { c.preflight = check; return nil })
}

// WithResponse has r filled with facts about the last answer of the call: its ids and rate limits. Without an answer r
// stays as it is. It must not be used for calls that run at the same time.
func WithResponse(r *Response) CallOption {
	return callOption(func(c *call) error { c.response = r; return nil })
}

// WithMaxLine bounds the length of one line of the results, in bytes, at least 1. A longer line is a [*LineError]. The
// default is 256 MiB.
func WithMaxLine(n int) CallOption {
	return callOption(func(c *call) error {
		if n <= 0 {
			return errors.New("longest line must be at least 1 byte")
		}
		c.maxLine = n
		return nil
	})
}

// environment adds what the environment says and no option has said.
func (s *settings) environment() error {
	if s.noEnvironment {
		return nil
	}
	var errs []error
	if s.credential.get == nil {
		if key := os.Getenv("ANTHROPIC_API_KEY"); key != "" {
			errs = append(errs, named("ANTHROPIC_API_KEY", WithAPIKey(key).applyClient(s)))
		} else if token := os.Getenv("ANTHROPIC_AUTH_TOKEN"); token != "" {
			errs = append(errs, named("ANTHROPIC_AUTH_TOKEN", WithAuthToken(token).applyClient(s)))
		}
	}
	if s.baseURL == "" {
		s.baseURL = os.Getenv("ANTHROPIC_BASE_URL")
	}
	for line := range strings.Lines(os.Getenv("ANTHROPIC_CUSTOM_HEADERS")) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		if !ok {
			errs = append(errs, errors.New("ANTHROPIC_CUSTOM_HEADERS: each line must have the form Name: Value"))
		} else if !s.has(name) {
			errs = append(errs, named("ANTHROPIC_CUSTOM_HEADERS", s.addHeader(name, strings.TrimSpace(value))))
		}
	}
	return errors.Join(errs...)
}

// has reports whether an option has set what a header says. Betas add up.
func (s *settings) has(header string) bool {
	switch http.CanonicalHeaderKey(header) {
	case "Anthropic-Version":
		return s.version != ""
	case "Anthropic-Workspace-Id":
		return s.workspace != ""
	case "Anthropic-User-Profile-Id":
		return s.userProfile != ""
	}
	return s.header.Get(header) != ""
}

func named(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// parseBaseURL checks a base URL. Errors do not repeat it, for it may hold a password.
func parseBaseURL(text string, insecureHTTP bool) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("base URL must begin with https:// (or http:// for this machine itself) and a host, such as https://api.anthropic.com")
	case u.User != nil:
		return nil, errors.New("base URL holds a user name or password: pass credentials by options or headers")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("base URL has a query or a fragment: leave it out")
	case u.Scheme == "http" && !insecureHTTP && !isLoopback(u.Hostname()):
		return nil, fmt.Errorf("base URL http://%s is not encrypted, so the credential and the prompts could be read on the way: use https, or WithInsecureHTTP if you mean it", u.Host)
	}
	u = u.JoinPath("/") // without dot segments and double slashes
	for _, extra := range []string{"/v1/", "/v1/messages/", "/v1/messages/batches/"} {
		if strings.HasSuffix(u.Path, extra) {
			return nil, fmt.Errorf("base URL ends with %s, which is added to it: leave that out", strings.TrimSuffix(extra, "/"))
		}
	}
	return u, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
