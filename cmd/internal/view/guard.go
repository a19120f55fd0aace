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

// policy is the page's content security policy. Nothing is loaded but the page's own files and images in data URIs, no
// script or style is inline, and trusted types keep the page's own script from ever parsing a string as HTML.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// A guard lets only those in who have the token, on a page that this server has sent.
//
// A web page elsewhere can have a browser send requests here, and with a name that it has resolve to this address (DNS
// rebinding) it could even read the responses: so Host must be an address, or a name that is known to be this machine's;
// Origin, if there is one, must be this server; and the cookie with the token belongs to the host that it came from.
type guard struct {
	token string
	hosts []string // names that Host may have
	port  string
}

// newToken returns a token that nobody can guess.
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
			http.Error(w, "This is not the name of this server. Use the address that messagebatches view has printed.", http.StatusForbidden)
		case r.Header.Get("Origin") != "" && r.Header.Get("Origin") != "http://"+r.Host:
			http.Error(w, "A page of another origin may not ask for this.", http.StatusForbidden)
		case crossSite(r):
			http.Error(w, "A page of another site may not ask for this.", http.StatusForbidden)
		case r.Method != http.MethodGet && r.Method != http.MethodHead && !(r.Method == http.MethodPost && r.URL.Path == "/api/refresh"):
			header.Set("Allow", "GET, HEAD")
			http.Error(w, "This server only reads.", http.StatusMethodNotAllowed)
		case r.URL.Path == "/" && r.URL.Query().Has("token"):
			g.enter(w, r)
		case !g.admits(r):
			http.Error(w, "Open the address that messagebatches view has printed: it holds a token.", http.StatusUnauthorized)
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// enter exchanges the token in a URL for a cookie, so that it is not in the URL any more.
func (g *guard) enter(w http.ResponseWriter, r *http.Request) {
	if !g.is(r.URL.Query().Get("token")) {
		http.Error(w, "This token is not, or not any more, that of this server. Use the address that it has printed.", http.StatusUnauthorized)
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

// is compares in a time that does not depend on what is the same.
func (g *guard) is(token string) bool {
	a, b := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(g.token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// crossSite reports whether a browser says that a page of another site made the request. Following a link to the page
// itself is no harm.
func crossSite(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	navigation := r.URL.Path == "/" && r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate"
	return site != "" && site != "same-origin" && site != "none" && !navigation
}

// knows reports whether Host is an address or a name of this server.
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
