package client

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
)

// Version of this module, sent in the User-Agent header.
const Version = "0.1.0"

const (
	defaultBaseURL = "https://api.anthropic.com"
	defaultVersion = gen.AnthropicVersionV20230601
	defaultMaxLine = 256 << 20
	userAgent      = "messagebatches-go/" + Version

	// Time-outs of a single attempt, from the last byte sent to the last one of the answer.
	readTimeout   = time.Minute
	createTimeout = 10 * time.Minute
)

// A Client calls the Message Batches API. It is safe for concurrent use, and it holds nothing that has to be closed.
// The zero value is not usable: [New] makes one.
type Client struct {
	// A function, because no fmt verb looks into it: settings hold headers, which may be secrets.
	s func() *settings
}

// New returns a client. The options may come in any order; of two that set the same thing the later one wins.
//
// What options leave open is taken from the environment: ANTHROPIC_API_KEY or else ANTHROPIC_AUTH_TOKEN (neither if
// an option gives a credential), ANTHROPIC_BASE_URL, and ANTHROPIC_CUSTOM_HEADERS, which holds lines of the form
// "Name: Value". Everything that is wrong with the options and the environment is in the error. Nothing is sent.
func New(opts ...Option) (*Client, error) {
	s := &settings{
		call:      call{maxLine: defaultMaxLine},
		http:      http.DefaultClient,
		logger:    slog.New(slog.DiscardHandler),
		userAgent: userAgent,
		random:    rand.N[time.Duration],
	}
	var errs []error
	for _, o := range opts {
		errs = append(errs, o.applyClient(s))
	}
	given := s.baseURL != "" // by an option
	errs = append(errs, s.environment())
	if s.baseURL == "" {
		s.baseURL = defaultBaseURL
	}
	if s.version == "" {
		s.version = defaultVersion
	}
	base, err := parseBaseURL(s.baseURL, s.insecureHTTP)
	if !given {
		err = named("ANTHROPIC_BASE_URL", err)
	}
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("new client: %w", err)
	}
	if s.credential.get == nil {
		return nil, fmt.Errorf("new client: %w", errNoCredential)
	}
	h := *s.http
	h.Timeout = 0
	h.CheckRedirect = checkRedirect(base)
	s.base, s.http = base, &h
	return &Client{func() *settings { return s }}, nil
}

// String says where the client calls and how it authenticates.
func (c *Client) String() string {
	return fmt.Sprintf("messagebatches client of %s with %s", c.s().base, c.s().credential.kind)
}

// Raw returns the generated client. It sends what it is told to, once, with the client's credential, headers and
// origin rule, and hands out the plain answer, whatever its status: nothing is retried, checked or bounded in time, and
// bodies are the caller's to close.
func (c *Client) Raw() *gen.Client {
	return &gen.Client{Server: c.s().base.String(), Client: rawDoer{c}}
}

type rawDoer struct{ *Client }

func (d rawDoer) Do(req *http.Request) (*http.Response, error) {
	return d.do(req, d.s().call)
}

// Response holds facts about an answer of the service, see [WithResponse]. What the answer did not tell is zero.
type Response struct {
	// StatusCode is the HTTP status.
	StatusCode int

	// RequestID is the service's id of the call, to name when asking for help.
	RequestID string

	// OrganizationID and WorkspaceID say to whom the credential belongs.
	OrganizationID string
	WorkspaceID    string

	// Limits are the rate limits that the answer told, by name: "requests", "input-tokens" and so on.
	Limits map[string]RateLimit
}

// RateLimit is one of the organization's limits, in calls or tokens as its name says. A field that the service did not
// tell, or that makes no sense, is zero.
type RateLimit struct {
	Limit     int64     // how many there may be in a time that the service chooses
	Remaining int64     // how many of them are left
	Reset     time.Time // when Remaining is Limit again
}

func (r *Response) read(from *http.Response) {
	if r == nil {
		return
	}
	*r = Response{
		StatusCode:     from.StatusCode,
		RequestID:      from.Header.Get("request-id"),
		OrganizationID: from.Header.Get("anthropic-organization-id"),
		WorkspaceID:    from.Header.Get("anthropic-workspace-id"),
		Limits:         make(map[string]RateLimit),
	}
	for header, values := range from.Header {
		name, field, ok := cutRateLimit(header)
		if !ok || len(values) == 0 {
			continue
		}
		limit := r.Limits[name]
		switch field {
		case "limit":
			limit.Limit, _ = strconv.ParseInt(values[0], 10, 64)
		case "remaining":
			limit.Remaining, _ = strconv.ParseInt(values[0], 10, 64)
		case "reset":
			limit.Reset, _ = time.Parse(time.RFC3339, values[0])
		default:
			continue
		}
		r.Limits[name] = limit
	}
}

// newCall returns what a call is made with.
func (c *Client) newCall(opts []CallOption) (call, error) {
	cl, err := c.s().call.with(opts)
	if err != nil {
		return cl, localError{err}
	}
	cl.retry = cl.retry.defaults()
	return cl, nil
}

func cutRateLimit(header string) (name, field string, ok bool) {
	rest, ok := strings.CutPrefix(strings.ToLower(header), "anthropic-ratelimit-")
	if i := strings.LastIndexByte(rest, '-'); ok && i > 0 {
		return rest[:i], rest[i+1:], true
	}
	return "", "", false
}
