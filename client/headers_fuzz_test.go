package client

import (
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// FuzzRetryAfter reads arbitrary values of the retry-after headers: the result is a possible waiting time.
func FuzzRetryAfter(f *testing.F) {
	f.Add("120", "")
	f.Add("", "1500")
	f.Add("0.5", "-1")
	f.Add("1e30", "NaN")
	f.Add("-Inf", "+Inf")
	f.Add("0x1p-2", " 7 ")
	f.Add("Fri, 31 Dec 9999 23:59:59 GMT", "soon")
	f.Add("Sat, 02 Jan 1999 15:04:05 GMT", "")
	f.Add("Sunday, 06-Nov-94 08:49:37 GMT", "1_000")
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, seconds, milliseconds string) {
		h := http.Header{"Retry-After": {seconds}, "Retry-After-Ms": {milliseconds}}
		d := parseRetryAfter(h, now)
		if d < 0 || d > 366*24*time.Hour {
			t.Fatalf("retry after %v", d)
		}
		for _, r := range []Retry{{}, {MaxRetryAfter: math.MaxInt64, MinDelay: math.MaxInt64, MaxDelay: math.MaxInt64}, {MinDelay: 1<<40 + 1, MaxDelay: math.MaxInt64}} {
			r = r.defaults()
			for attempt := 1; attempt < 40; attempt++ {
				for _, err := range []error{&APIError{RetryAfter: d}, http.ErrHandlerTimeout} {
					wait, ok := r.delay(attempt, err, rand.N[time.Duration])
					switch {
					case wait < 0:
						t.Fatalf("a wait of %v", wait)
					case ok && err != http.ErrHandlerTimeout && d > 0 && wait < d:
						t.Fatalf("waits %v for a retry-after of %v", wait, d)
					case (err == http.ErrHandlerTimeout || d == 0) && (wait < min(r.MinDelay, r.MaxDelay)/2 || wait > r.MaxDelay):
						t.Fatalf("waits %v under %+v", wait, r)
					}
				}
			}
		}
	})
}

// FuzzBetas merges arbitrary values: the header is a list of tokens, each once, in order.
func FuzzBetas(f *testing.F) {
	f.Add("output-300k-2026-03-24", "files-api-2025-04-14,output-300k-2026-03-24")
	f.Add("a,,b", " a , b ")
	f.Add("a b", "")
	f.Add("a\r\nx-evil: 1", "é")
	f.Add(",", "a;b=\"c\"")
	f.Fuzz(func(t *testing.T, ofClient, ofCall string) {
		var c call
		for _, value := range []string{ofClient, ofCall} {
			before := slices.Clone(c.betas)
			err := addHeader(&c, "anthropic-beta", value)
			if !slices.Equal(c.betas[:len(before)], before) {
				t.Fatalf("%q has changed %q to %q", value, before, c.betas)
			}
			for b := range strings.SplitSeq(value, ",") {
				if err == nil && !slices.Contains(c.betas, Beta(strings.TrimSpace(b))) {
					t.Fatalf("%q of %q is lost", b, value)
				}
			}
		}
		seen := make(map[Beta]bool)
		for _, b := range c.betas {
			if !isToken(string(b)) || strings.Contains(string(b), ",") || seen[b] {
				t.Fatalf("%q is sent", c.betas)
			}
			seen[b] = true
		}
	})
}

// FuzzRateLimits reads arbitrary headers as a rate limit.
func FuzzRateLimits(f *testing.F) {
	f.Add("anthropic-ratelimit-requests-limit", "4000")
	f.Add("Anthropic-Ratelimit-Input-Tokens-Remaining", "-1")
	f.Add("anthropic-ratelimit-tokens-reset", "2026-11-23T12:00:00Z")
	f.Add("anthropic-ratelimit--limit", "99999999999999999999")
	f.Add("anthropic-ratelimit-limit", "NaN")
	f.Add("anthropic-ratelimit-x-reset", "yesterday")
	f.Fuzz(func(t *testing.T, name, value string) {
		var r Response
		r.read(&http.Response{StatusCode: 200, Header: http.Header{http.CanonicalHeaderKey(name): {value}, "Anthropic-Ratelimit-Requests-Limit": nil}})
		for limit := range r.Limits {
			if limit == "" || limit != strings.ToLower(limit) || len(r.Limits) > 1 {
				t.Fatalf("%q: %q: got %+v", name, value, r.Limits)
			}
		}
	})
}
