package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-111a911e/messagebatches/internal/foreign"
)

// notProcessed reports whether an error of net/http says that the server has not processed the request, although some of it
// was sent: HTTP/2 can say so, but net/http has only texts for it, no types. The error must begin with such a text, because
// later parts of other errors may be the server's own, for example the debug data of a GOAWAY.
func notProcessed(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	if inner, ok := strings.CutPrefix(text, "http2: Transport: cannot retry err ["); ok {
		return strings.HasPrefix(inner, "stream error: stream ID ") && strings.Contains(inner, "; REFUSED_STREAM; received from peer]") ||
			strings.HasPrefix(inner, "http2: Transport received Server's graceful shutdown GOAWAY]")
	}
	return strings.HasPrefix(text, "http2: Transport received GOAWAY from server ErrCode:")
}

// connectionError describes a failure of net/http without the URL: the operation is named elsewhere, and the URL of a
// redirect may hold anything. A failure that would recur before the service receives anything is a [localError].
func connectionError(base *url.URL, err error, secret secrets) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	shown := secret.error(err)
	var op *net.OpError
	var proxy *proxyError
	switch {
	case errors.As(err, &proxy):
		if proxy.status == http.StatusForbidden || proxy.status == http.StatusProxyAuthRequired {
			return localError{shown}
		}
		return shown
	case isUntrusted(err):
		return localError{fmt.Errorf("cannot connect to the base URL %s: %w (to trust the server, add its certificate authority to the file that SSL_CERT_FILE names, or pass a client with WithHTTPClient)", base, shown)}
	case errors.Is(err, http.ErrSchemeMismatch):
		return localError{fmt.Errorf("cannot connect to the base URL %s: %w (the base URL of a server without TLS begins with http://)", base, shown)}
	case base.Scheme == "http" && strings.HasPrefix(err.Error(), tlsRecord):
		return localError{errTLSServer(base)}
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Errorf("cannot connect to the base URL %s: %w", base, shown)
	}
	return shown
}

// isUntrusted reports whether the server's certificate could not be verified.
func isUntrusted(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.UnknownAuthorityError)) ||
		errors.As(err, new(x509.HostnameError)) || errors.As(err, new(x509.CertificateInvalidError))
}

// How TLS servers refuse plain http: most with a TLS record, which net/http quotes in place of a status line, and Go's with
// a response.
const (
	tlsRecord   = `net/http: HTTP/1.x transport connection broken: malformed HTTP response "\x15\x03`
	tlsResponse = "Client sent an HTTP request to an HTTPS server.\n"
)

func errTLSServer(base *url.URL) error {
	return fmt.Errorf("cannot connect to the base URL %s: the server speaks TLS, and has not read the request (its base URL begins with https://)", base)
}

// refusesPlain reports whether a response to plain http comes from a TLS server. The body can still be read from its
// beginning.
func refusesPlain(resp *http.Response) bool {
	if resp.StatusCode != http.StatusBadRequest || resp.TLS != nil || resp.Header.Get("content-type") != "" {
		return false
	}
	begin, err := io.ReadAll(io.LimitReader(resp.Body, int64(len(tlsResponse))+1))
	rest := resp.Body
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(strings.NewReader(string(begin)), rest), rest}
	return err == nil && string(begin) == tlsResponse
}

// A proxyError reports that a proxy did not connect us to the service.
type proxyError struct {
	proxy  string // its URL without a password
	status int
	reason string
}

func (e *proxyError) Error() string {
	return fmt.Sprintf("the proxy %s refused the connection: %d %s", e.proxy, e.status, e.reason)
}

// proxyFor returns the URL of the proxy that t uses for base, nil if it uses none.
func proxyFor(t *http.Transport, base *url.URL) *url.URL {
	r, err := http.NewRequest(http.MethodGet, base.String(), nil)
	if err != nil || t.Proxy == nil {
		return nil
	}
	proxy, err := t.Proxy(r)
	if err != nil {
		return nil // each call will report it
	}
	return proxy
}

// explainProxy makes the errors of t name the proxy that refuses to connect, and its status: net/http reports only the
// reason phrase.
func explainProxy(t *http.Transport) {
	first := t.OnProxyConnectResponse
	t.OnProxyConnectResponse = func(ctx context.Context, proxy *url.URL, request *http.Request, resp *http.Response) error {
		if first != nil {
			if err := first(ctx, proxy, request, resp); err != nil {
				return err
			}
		}
		if resp.StatusCode == http.StatusOK {
			return nil
		}
		secret := secretsOf(request.Header)
		_, reason, _ := strings.Cut(resp.Status, " ")
		return &proxyError{
			proxy:  foreign.Short(proxy.Scheme + "://" + proxy.Host),
			status: resp.StatusCode,
			reason: foreign.Short(secret.redact(reason)),
		}
	}
}
