package view

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// policy is the content security policy of the page. Only the page's own files and images in data URIs are loaded, scripts
// and styles cannot be inline, and trusted types prevent the page's own script from parsing a string as HTML.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// A guard admits only requests with the token, from a page of this server.
//
// A web page from elsewhere can make a browser send requests here. With a name that resolves to this address (DNS rebinding)
// it could even read the responses. Therefore Host must be an address, or a known name of this machine; Origin, if there is
// one, must be this server; and the cookie with the token belongs to the host that set it.
type guard struct {
	token string
	hosts []string // allowed names in Host
	port  string
}

// newToken returns an unguessable token.
func newToken() string { return rand.Text() }

func (g *guard) cookie() string { return "messagebatches-view-" + g.port }

// wrap returns h behind the guard.
func (g *guard) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		header.Set("Cache-Control", "no-store")
		switch {
		case !g.knows(r.Host):
			http.Error(w, "This is not the name of this server. Use the address that messagebatches view printed.", http.StatusForbidden)
		case r.Header.Get("Origin") != "" && r.Header.Get("Origin") != "http://"+r.Host:
			http.Error(w, "Pages of other origins are not allowed.", http.StatusForbidden)
		case crossSite(r):
			http.Error(w, "Pages of other sites are not allowed.", http.StatusForbidden)
		case r.Method != http.MethodGet && r.Method != http.MethodHead && !(r.Method == http.MethodPost && r.URL.Path == "/api/refresh"):
			header.Set("Allow", "GET, HEAD")
			http.Error(w, "This server is read-only.", http.StatusMethodNotAllowed)
		case r.URL.Path == "/" && r.URL.Query().Has("token"):
			g.enter(w, r)
		case !g.admits(r):
			http.Error(w, "Open the address that messagebatches view printed: it contains a token.", http.StatusUnauthorized)
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// enter exchanges the token in a URL for a cookie, so that the URL no longer shows it.
func (g *guard) enter(w http.ResponseWriter, r *http.Request) {
	if !g.is(r.URL.Query().Get("token")) {
		http.Error(w, "This token is not valid, or no longer valid. Use the address that messagebatches view printed.", http.StatusUnauthorized)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: g.cookie(), Value: g.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (g *guard) admits(r *http.Request) bool {
	for _, c := range r.CookiesNamed(g.cookie()) {
		if g.is(c.Value) {
			return true
		}
	}
	return false
}

// is compares tokens in constant time.
func (g *guard) is(token string) bool {
	a, b := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(g.token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// crossSite reports whether, according to the browser, a page of another site made the request. Following a link to the
// page itself is harmless.
func crossSite(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	navigation := r.URL.Path == "/" && r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate"
	return site != "" && site != "same-origin" && site != "none" && !navigation
}

// knows reports whether host is an address or a name of this server.
func (g *guard) knows(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), "80"
	}
	if port != g.port {
		return false
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	for _, h := range g.hosts {
		if strings.EqualFold(h, name) {
			return true
		}
	}
	return false
}
