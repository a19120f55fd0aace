package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// network makes one request without a credential, and says what it shows about proxy, connection and clock.
func (d *doctor) network(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.base.JoinPath("v1/messages/batches").String()+"?limit=1", nil)
	if err != nil {
		d.add("proxy", Skipped, "there is no request to try", "")
		d.connection(nil, err)
		return
	}
	probe := &prober{base: d.base}
	transport := probe.transport(d.HTTP.Transport, request)
	began := time.Now()
	resp, err := (&http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(request)
	if err == nil {
		defer resp.Body.Close()
	}
	d.proxy(probe, err)
	if err != nil && probe.failed(err) {
		d.add("connection", Skipped, "the proxy is in the way", "")
	} else {
		d.connection(resp, err)
	}
	d.clock(resp, began)
}

// A prober makes the request, and sees what a proxy says.
type prober struct {
	base     *url.URL
	proxy    *url.URL // nil for none
	proxyErr error    // its setting is wrong
	status   string   // with which the proxy refused, or empty
}

// transport returns a transport that connects anew, as t does.
func (p *prober) transport(t http.RoundTripper, request *http.Request) http.RoundTripper {
	if t == nil {
		t = http.DefaultTransport
	}
	known, ok := t.(*http.Transport)
	if !ok {
		return t
	}
	if known.Proxy != nil {
		p.proxy, p.proxyErr = known.Proxy(request)
	}
	known = known.Clone()
	known.DisableKeepAlives = true
	known.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
		if resp.StatusCode != http.StatusOK {
			p.status = http.StatusText(resp.StatusCode)
			return fmt.Errorf("status %d", resp.StatusCode)
		}
		return nil
	}
	return known
}

// failed reports whether an error is the proxy's.
func (p *prober) failed(err error) bool {
	var op *net.OpError
	return p.proxyErr != nil || p.status != "" ||
		p.proxy != nil && errors.As(err, &op) && (op.Op == "proxyconnect" || op.Op == "dial" && p.base.Scheme == "http")
}

func (d *doctor) proxy(p *prober, err error) {
	const name = "proxy"
	switch {
	case p.proxyErr != nil:
		d.add(name, Wrong, "the URL of the proxy is malformed", "correct HTTPS_PROXY, or HTTP_PROXY for a base URL with http://")
	case p.proxy == nil:
		d.add(name, OK, "none for "+d.base.Host, "")
	case err != nil && p.status != "":
		todo := "ask those who run it to let connections to " + d.base.Host + " through"
		if p.status == http.StatusText(http.StatusProxyAuthRequired) {
			todo = "put a user name and password into HTTPS_PROXY: http://USER:PASSWORD@" + p.proxy.Host
		}
		d.add(name, Wrong, fmt.Sprintf("%s refuses to connect to %s: %s", where(p.proxy), d.base.Host, p.status), todo)
	case err != nil && p.failed(err):
		found, _ := explain(err, p.proxy)
		d.add(name, Wrong, where(p.proxy)+": "+found, "correct HTTPS_PROXY (or HTTP_PROXY), unset it if there is no proxy, or put "+d.base.Hostname()+" into NO_PROXY")
	default:
		d.add(name, OK, where(p.proxy), "")
	}
}

// where returns a URL without user name and password.
func where(u *url.URL) string { return u.Scheme + "://" + u.Host }

func (d *doctor) connection(resp *http.Response, err error) {
	const name = "connection"
	if err != nil {
		found, todo := explain(err, d.base)
		d.add(name, Wrong, found, todo)
		return
	}
	d.reached = true
	switch {
	case resp.StatusCode == http.StatusBadRequest && resp.TLS == nil && resp.Header.Get("content-type") == "" && resp.Header.Get("request-id") == "":
		d.reached = false
		d.add(name, Wrong, "the server refuses plain http, and may speak TLS", "begin the base URL with https://")
	case resp.StatusCode/100 == 3:
		d.reached = false
		to := "another place"
		if u, err := resp.Location(); err == nil {
			to = where(u)
		}
		d.add(name, Wrong, "the server redirects to "+to, "the credential is not sent along: correct ANTHROPIC_BASE_URL")
	case resp.TLS == nil:
		d.add(name, OK, "plain http to "+d.base.Host, "")
	default:
		leaf := resp.TLS.PeerCertificates[0]
		d.add(name, OK, fmt.Sprintf("%s to %s, with a certificate of %s until %s", tls.VersionName(resp.TLS.Version), d.base.Host, issuer(leaf), leaf.NotAfter.Format(time.DateOnly)), "")
	}
}

func issuer(c *x509.Certificate) string {
	switch {
	case len(c.Issuer.Organization) > 0:
		return fmt.Sprintf("%q", c.Issuer.Organization[0])
	case c.Issuer.CommonName != "":
		return fmt.Sprintf("%q", c.Issuer.CommonName)
	}
	return "an authority without a name"
}

// explain says why a server could not be reached, and what to do.
func explain(err error, server *url.URL) (found, todo string) {
	var dns *net.DNSError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "there is no host " + server.Hostname(), "correct the name in ANTHROPIC_BASE_URL, or the network's name server"
	case errors.As(err, &dns):
		return "the name " + server.Hostname() + " cannot be looked up: " + dns.Err, "check the network and its name server"
	case isRefused(err):
		return "nothing accepts connections at " + server.Host, "correct host and port, or start the server; a firewall may refuse, too"
	case errors.As(err, &authority):
		by := ""
		if authority.Cert != nil {
			by = " (" + issuer(authority.Cert) + ")"
		}
		return "the certificate of " + server.Host + " is signed by an authority that this machine does not know" + by,
			"if a proxy or firewall of your company inspects TLS, or the server is your own, get that authority's certificate: " + trust()
	case errors.As(err, &hostname):
		return "the certificate is not for " + server.Hostname(), "correct ANTHROPIC_BASE_URL; if that is right, something between here and the service answers in its place"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate of %s is valid from %s to %s, and this machine's clock says %s", server.Host,
			invalid.Cert.NotBefore.Format(time.DateOnly), invalid.Cert.NotAfter.Format(time.DateOnly), time.Now().Format(time.DateTime)), "set the clock, if it is wrong; else the server needs a new certificate"
	case errors.Is(err, http.ErrSchemeMismatch):
		return server.Host + " does not speak TLS", "a server without TLS has a base URL with http://, which is only for this machine"
	case strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`):
		return server.Host + " speaks TLS", "begin the base URL with https://"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("no response of %s within %v", server.Host, timeout), "a firewall may drop the packets: check the network, and whether a proxy is needed (HTTPS_PROXY)"
	}
	return err.Error(), "check the network between here and " + server.Host
}

// isRefused reports whether nothing listens at an address.
func isRefused(err error) bool {
	const refusedByWindows = 10061 // WSAECONNREFUSED
	var errno syscall.Errno
	return errors.Is(err, syscall.ECONNREFUSED) || runtime.GOOS == "windows" && errors.As(err, &errno) && errno == refusedByWindows
}

// trust says how to make programs trust an authority.
func trust() string {
	switch runtime.GOOS {
	case "windows":
		return "add it to the Trusted Root Certification Authorities of Windows"
	case "darwin":
		return "add it to the keychain of the system and trust it there"
	}
	return "set SSL_CERT_FILE to a PEM file that holds it and those of the system, or add it to those of the system"
}

// Offsets of clocks that are worth a word, and that break signatures, tokens and the search for lost batches.
const (
	clockWarning = 10 * time.Second
	clockWrong   = 2 * time.Minute
)

// clock compares the Date of a response with this machine's clock.
func (d *doctor) clock(resp *http.Response, began time.Time) {
	const name = "clock"
	if resp == nil {
		d.add(name, Skipped, "there is no response to compare it with", "")
		return
	}
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		d.add(name, Skipped, "the response has no Date header", "")
		return
	}
	// The header is cut to seconds, and was written between the begin of the request and now.
	now := time.Now()
	var off time.Duration
	switch {
	case date.Add(time.Second).Before(began):
		off = date.Add(time.Second).Sub(began)
	case date.After(now):
		off = date.Sub(now)
	}
	if off.Abs() < clockWarning {
		d.add(name, OK, "as the server's", "")
		return
	}
	direction := "ahead of"
	if off > 0 {
		direction = "behind"
	}
	state := Warning
	if off.Abs() >= clockWrong {
		state = Wrong
	}
	d.add(name, state, fmt.Sprintf("%v %s the server's", off.Abs().Round(time.Second), direction), "set this machine's clock, and have it set by NTP: tokens and the search for lost batches depend on it")
}
