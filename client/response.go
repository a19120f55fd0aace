package client

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Response describes a response of the service, see [WithResponse]. Fields that the response did not have are zero.
type Response struct {
	// StatusCode is the HTTP status.
	StatusCode int

	// RequestID is the service's ID of the call. Include it when you contact support.
	RequestID string

	// OrganizationID and WorkspaceID say which organization and workspace the credential belongs to.
	OrganizationID string
	WorkspaceID    string

	// Limits are the rate limits in the response's headers, by name: "requests", "input-tokens" and so on.
	Limits map[string]RateLimit
}

// RateLimit is one of the organization's limits, in calls or tokens as its name says. A field that is missing or
// malformed in the response is zero.
type RateLimit struct {
	Limit     int64     // maximum in a period that the service chooses
	Remaining int64     // how much of Limit is left
	Reset     time.Time // when Remaining is back at Limit
}

func (r *Response) read(from *http.Response) {
	if r == nil {
		return
	}
	secret := secretsFor(from)
	*r = Response{
		StatusCode:     from.StatusCode,
		RequestID:      secret.redact(from.Header.Get("request-id")),
		OrganizationID: secret.redact(from.Header.Get("anthropic-organization-id")),
		WorkspaceID:    secret.redact(from.Header.Get("anthropic-workspace-id")),
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

func cutRateLimit(header string) (name, field string, ok bool) {
	rest, ok := strings.CutPrefix(strings.ToLower(header), "anthropic-ratelimit-")
	if i := strings.LastIndexByte(rest, '-'); ok && i > 0 {
		return rest[:i], rest[i+1:], true
	}
	return "", "", false
}
