package client

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// parseBaseURL checks a base URL. Its errors do not repeat the URL, which may hold a password.
func parseBaseURL(text string, insecureHTTP bool) (*url.URL, error) {
	if err := checkPasted("base URL", text); err != nil {
		return nil, err
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("base URL must begin with https:// (or http:// for this machine itself) and a host, such as https://api.anthropic.com")
	case u.User != nil:
		return nil, errors.New("base URL holds a user name or password: pass credentials by options or headers")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("base URL has a query or a fragment: remove it")
	case otherPlatform(u.Hostname()) != nil:
		return nil, otherPlatform(u.Hostname())
	case u.Scheme == "http" && !insecureHTTP && !isLoopback(u.Hostname()):
		return nil, fmt.Errorf("base URL http://%s is not encrypted, so the credential and the prompts could be read on the way: use https, or WithInsecureHTTP to allow this", u.Host)
	}
	u = u.JoinPath("/") // without dot segments and double slashes
	if clean := path.Clean(u.Path); strings.TrimSuffix(clean, "/")+"/" != u.Path {
		return nil, errors.New("base URL has an encoded dot segment or slash in its path (%2e, %2f): write the intended path")
	}
	for _, extra := range []string{"/v1/", "/v1/messages/", "/v1/messages/batches/"} {
		if strings.HasSuffix(u.Path, extra) {
			return nil, fmt.Errorf("base URL ends with %s, which the client adds: remove it", strings.TrimSuffix(extra, "/"))
		}
	}
	return u, nil
}

// isLoopback reports whether a host is this machine, which includes 0.0.0.0 and all names below localhost.
func isLoopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

func sameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && a.Host == b.Host }

// checkTarget rejects a request that would leave the origin of base, or the path of the batches. IDs have been checked
// before; this is for requests of the raw client.
func checkTarget(base, u *url.URL) error {
	root := base.Path + "v1/messages/batches"
	switch {
	case !sameOrigin(u, base):
		return errors.New("request goes to another origin than the base URL")
	case path.Clean(u.Path) != u.Path || u.Path != root && !strings.HasPrefix(u.Path, root+"/"):
		return errors.New("request leaves the path of the batches: the batch id may be empty, or hold a slash or a dot segment")
	}
	return nil
}

// withinOrigin is a transport that allows redirects only for reads, within the origin, and without a user in the URL:
// net/http would send the body or the credential along. It removes the Location header of all others, which makes them
// ordinary responses.
type withinOrigin struct {
	base *url.URL
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t withinOrigin) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return resp, err
	}
	resp.Request = r // its context holds the secrets that were sent
	if resp.StatusCode/100 != 3 {
		return resp, nil
	}
	to, parseErr := r.URL.Parse(resp.Header.Get("Location"))
	if r.Method != http.MethodGet || parseErr != nil || !sameOrigin(to, t.base) || to.User != nil {
		resp.Header = resp.Header.Clone()
		resp.Header.Del("Location")
	}
	return resp, nil
}

// endlessRedirect makes the tenth redirect an ordinary response.
func endlessRedirect(_ *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return http.ErrUseLastResponse
	}
	return nil
}

// newTransports returns the HTTP clients for reads and for creates, made from the caller's.
//
// A create gets a connection of its own if the transport is net/http's: on an idle connection that the server has just
// closed, it would be unknown whether the server read the body.
func newTransports(h *http.Client, base *url.URL) (reads, creates *http.Client, proxy secrets) {
	next := h.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	fresh := next
	if t, ok := next.(*http.Transport); ok {
		if p := proxyFor(t, base); p != nil {
			proxy = secretsOfProxy(p)
			t = t.Clone()
			explainProxy(t)
			next = t
		}
		t = t.Clone()
		t.DisableKeepAlives = true
		fresh = t
	}
	wrap := func(next http.RoundTripper) *http.Client {
		return &http.Client{Transport: withinOrigin{base, next}, Jar: h.Jar, CheckRedirect: endlessRedirect}
	}
	return wrap(next), wrap(fresh), proxy
}
