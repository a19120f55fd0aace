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

// network sends one request without a credential, and checks proxy, connection and clock with it.
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
		d.add("connection", Skipped, "the proxy failed", "")
	} else {
		d.connection(resp, err)
	}
	d.clock(resp, began)
}

// A prober sends the request, and records the response of a proxy.
type prober struct {
	base     *url.URL
	proxy    *url.URL // nil for none
	proxyErr error    // the setting is invalid
	status   string   // of the refusal by the proxy, or empty
}

// transport returns a transport like t that makes a new connection.
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

// failed reports whether an error comes from the proxy.
func (p *prober) failed(err error) bool {
	var op *net.OpError
	return p.proxyErr != nil || p.status != "" ||
		p.proxy != nil && errors.As(err, &op) && (op.Op == "proxyconnect" || op.Op == "dial" && p.base.Scheme == "http")
}

func (d *doctor) proxy(p *prober, err error) {
	const name = "proxy"
	switch {
	case p.proxyErr != nil:
		d.add(name, Wrong, "the URL of the proxy is malformed", "fix HTTPS_PROXY, or HTTP_PROXY for a base URL with http://")
	case p.proxy == nil:
		d.add(name, OK, "none for "+d.base.Host, "")
	case err != nil && p.status != "":
		todo := "ask its administrator to allow connections to " + d.base.Host
		if p.status == http.StatusText(http.StatusProxyAuthRequired) {
			todo = "put a user name and password into HTTPS_PROXY: http://USER:PASSWORD@" + p.proxy.Host
		}
		d.add(name, Wrong, fmt.Sprintf("%s refuses to connect to %s: %s", where(p.proxy), d.base.Host, p.status), todo)
	case err != nil && p.failed(err):
		found, _ := explain(err, p.proxy)
		d.add(name, Wrong, where(p.proxy)+": "+found, "fix HTTPS_PROXY (or HTTP_PROXY), unset it if there is no proxy, or add "+d.base.Hostname()+" to NO_PROXY")
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
		d.add(name, Wrong, "the server refuses plain http, but may speak TLS", "use a base URL with https://")
	case resp.StatusCode/100 == 3:
		d.reached = false
		to := "another address"
		if u, err := resp.Location(); err == nil {
			to = where(u)
		}
		d.add(name, Wrong, "the server redirects to "+to, "the credential is not sent there: fix ANTHROPIC_BASE_URL")
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

// explain returns why a server could not be reached, and what to do.
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
		return "there is no host " + server.Hostname(), "fix the name in ANTHROPIC_BASE_URL, or the DNS settings of the network"
	case errors.As(err, &dns):
		return "the name " + server.Hostname() + " cannot be looked up: " + dns.Err, "check the network and its DNS settings"
	case isRefused(err):
		return "nothing accepts connections at " + server.Host, "fix host and port, or start the server; a firewall may also refuse connections"
	case errors.As(err, &authority):
		by := ""
		if authority.Cert != nil {
			by = " (" + issuer(authority.Cert) + ")"
		}
		return "the certificate of " + server.Host + " is signed by an authority that this machine does not know" + by,
			"if a proxy or firewall of your company inspects TLS, or the server is your own, get that authority's certificate: " + trust()
	case errors.As(err, &hostname):
		return "the certificate is not for " + server.Hostname(), "fix ANTHROPIC_BASE_URL; if it is correct, something between here and the service responds in its place"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate of %s is valid from %s to %s, and this machine's clock says %s", server.Host,
			invalid.Cert.NotBefore.Format(time.DateOnly), invalid.Cert.NotAfter.Format(time.DateOnly), time.Now().Format(time.DateTime)), "set the clock if it is wrong; otherwise the server needs a new certificate"
	case errors.Is(err, http.ErrSchemeMismatch):
		return server.Host + " does not speak TLS", "use a base URL with http:// for a server without TLS, which must be on this machine"
	case strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`):
		return server.Host + " speaks TLS", "use a base URL with https://"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("no response of %s within %v", server.Host, timeout), "a firewall may drop the packets: check the network, and whether a proxy is needed (HTTPS_PROXY)"
	}
	return err.Error(), "check the network between here and " + server.Host
}

// isRefused reports whether a connection was refused.
func isRefused(err error) bool {
	const refusedByWindows = 10061 // WSAECONNREFUSED
	var errno syscall.Errno
	return errors.Is(err, syscall.ECONNREFUSED) || runtime.GOOS == "windows" && errors.As(err, &errno) && errno == refusedByWindows
}

// trust returns how to make programs trust an authority.
func trust() string {
	switch runtime.GOOS {
	case "windows":
		return "add it to the Trusted Root Certification Authorities of Windows"
	case "darwin":
		return "add it to the keychain of the system and trust it there"
	}
	return "set SSL_CERT_FILE to a PEM file that holds it and the system's certificates, or add it to the system's certificates"
}

// Clock offsets that are a warning, and that break signatures, tokens and the search for lost batches.
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
	// The header is truncated to seconds, and was written between the start of the request and now.
	now := time.Now()
	var off time.Duration
	switch {
	case date.Add(time.Second).Before(began):
		off = date.Add(time.Second).Sub(began)
	case date.After(now):
		off = date.Sub(now)
	}
	if off.Abs() < clockWarning {
		d.add(name, OK, "matches the server's", "")
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
	d.add(name, state, fmt.Sprintf("%v %s the server's", off.Abs().Round(time.Second), direction), "set this machine's clock, preferably by NTP: tokens and the search for lost batches depend on it")
}
