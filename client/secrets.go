package client

import (
	"cmp"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/seed-111a911e/messagebatches/internal/foreign"
)

// secrets are the texts that must not appear in errors and logs about one request, the longest first. Some gateways echo
// what they were sent.
type secrets []string

// shortestSecret is the least length of a secret: shorter values may be part of ordinary words.
const shortestSecret = 8

// secretsOf returns the secrets of a request with these headers: its credentials, and the values of headers that the
// program has added.
func secretsOf(h http.Header) secrets {
	var x secrets
	for name, values := range h {
		switch name {
		case "Accept", "Accept-Encoding", "Anthropic-Beta", "Anthropic-User-Profile-Id", "Anthropic-Version",
			"Anthropic-Workspace-Id", "Content-Length", "Content-Type", "Referer", "User-Agent":
			continue
		}
		for _, value := range values {
			x = x.with(value)
			scheme, secret, _ := strings.Cut(value, " ")
			x = x.with(secret)
			if basic, err := base64.StdEncoding.DecodeString(secret); err == nil && strings.EqualFold(scheme, "basic") {
				_, password, _ := strings.Cut(string(basic), ":")
				x = x.with(string(basic)).with(password)
			}
		}
	}
	return x
}

// secretsOfProxy returns the secrets of a proxy's URL.
func secretsOfProxy(proxy *url.URL) secrets {
	if proxy == nil || proxy.User == nil {
		return nil
	}
	password, _ := proxy.User.Password()
	basic := proxy.User.Username() + ":" + password
	return secrets{}.with(basic).with(password).with(base64.StdEncoding.EncodeToString([]byte(basic)))
}

func (x secrets) with(more ...string) secrets {
	for _, s := range more {
		if len(s) >= shortestSecret && !slices.Contains(x, s) {
			x = append(x, s)
		}
	}
	slices.SortFunc(x, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return x
}

type secretsKey struct{}

// keep stores the secrets in a context, for errors and logs about the response.
func (x secrets) keep(ctx context.Context) context.Context {
	return context.WithValue(ctx, secretsKey{}, x)
}

// secretsFor returns the secrets of the request that a response belongs to.
func secretsFor(r *http.Response) secrets {
	if r.Request == nil {
		return nil
	}
	if x, ok := r.Request.Context().Value(secretsKey{}).(secrets); ok {
		return x
	}
	return secretsOf(r.Request.Header)
}

// redact replaces the secrets in a text, also if JSON escapes their characters, or if the text ends within one.
func (x secrets) redact(s string) string {
	for _, secret := range x {
		var b strings.Builder
		from := 0 // s is written up to here
		for i := 0; i < len(s); i++ {
			if s[i] != '\\' && !hasPrefix(s[i:], secret[:1]) {
				continue
			}
			if n := match(s[i:], secret); n > 0 {
				b.WriteString(s[from:i])
				b.WriteString("[redacted]")
				from = i + n
				i = from - 1
			}
		}
		if from > 0 {
			s = b.String() + s[from:]
		}
	}
	return s
}

// hasPrefix ignores case: some header values come back in lower case.
func hasPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// match returns how many bytes at the beginning of s are the secret, or 0. A secret that is truncated by the end of s
// counts too, if it is long enough.
func match(s, secret string) int {
	switch {
	case hasPrefix(s, secret):
		return len(secret)
	case len(s) >= shortestSecret && hasPrefix(secret, s):
		return len(s)
	}
	i, j := 0, 0
	for j < len(secret) {
		char, n := unescape(s[i:])
		switch {
		case n == 0 && j >= shortestSecret:
			return len(s)
		case n == 0:
			return 0
		case hasPrefix(secret[j:], char):
			i, j = i+n, j+len(char)
		case hasPrefix(s[i:], secret[j:j+1]): // a backslash that escapes nothing
			i, j = i+1, j+1
		case s[i] == '\\' && (strings.HasPrefix(s[i+1:], `\`) || j > 0 && secret[j-1] == '\\'): // JSON in a string of JSON
			i++
		default:
			return 0
		}
	}
	return i
}

// unescape returns the first byte of s, or the character of a JSON escape at the beginning of s, and its length: 0 if s
// ends before.
func unescape(s string) (string, int) {
	switch {
	case s == "" || s[0] == '\\' && len(s) == 1:
		return "", 0
	case s[0] != '\\':
		return s[:1], 1
	}
	switch s[1] {
	case '"', '\\', '/':
		return s[1:2], 2
	case 'b':
		return "\b", 2
	case 'f':
		return "\f", 2
	case 'n':
		return "\n", 2
	case 'r':
		return "\r", 2
	case 't':
		return "\t", 2
	case 'u':
		if len(s) < 6 {
			return "", 0
		}
		r, ok := hex4(s[2:6])
		if len(s) >= 12 && utf16.IsSurrogate(r) && s[6:8] == `\u` {
			low, _ := hex4(s[8:12])
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return string(pair), 12
			}
		}
		if ok {
			return string(r), 6
		}
	}
	return s[:1], 1
}

func hex4(s string) (rune, bool) {
	n, err := strconv.ParseUint(s, 16, 16)
	return rune(n), err == nil
}

// in reports whether a text contains a secret.
func (x secrets) in(s string) bool { return x.redact(s) != s }

// error makes an error of net/http safe to return. If it contains a secret, errors.Is still finds the errors that it wraps,
// but their texts cannot be read.
func (x secrets) error(err error) error {
	if foreign.Reaches(err, x.in) {
		return foreign.Sealed(foreign.Fit(x.redact(err.Error())), err)
	}
	return foreign.Error(err)
}

// A fitBody is a body whose errors are safe to return.
type fitBody struct {
	io.ReadCloser
	secrets secrets
}

func (b fitBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = b.secrets.error(err)
	}
	return n, err
}

func (b fitBody) Close() error {
	if err := b.ReadCloser.Close(); err != nil {
		return b.secrets.error(err)
	}
	return nil
}
