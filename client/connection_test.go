package client_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// certificate returns a self-signed certificate for these hosts, and a pool that trusts it.
func certificate(t *testing.T, until time.Time, hosts ...string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: until.Add(-24 * time.Hour), NotAfter: until, DNSNames: hosts,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if len(hosts) == 0 {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// TestServersThatCannotBeRight checks that calls fail at once, because waiting does not help, and that the error says what
// to do. It fails if a Go release changes a text of net/http that the client recognizes.
func TestServersThatCannotBeRight(t *testing.T) {
	t.Parallel()
	good, trusted := certificate(t, time.Now().Add(time.Hour))
	other, otherPool := certificate(t, time.Now().Add(time.Hour), "other.example\x1b[2J")
	expired, expiredPool := certificate(t, time.Now().Add(-time.Hour))
	const trust = "SSL_CERT_FILE names, or pass a client with WithHTTPClient"
	for name, tt := range map[string]struct {
		certificate *tls.Certificate // nil: a server without TLS
		raw         string           // a response in place of a server
		trust       *x509.CertPool
		scheme      string
		want        []string
	}{
		"certificate/of nobody":       {&good, "", nil, "https", []string{"signed by unknown authority", trust}},
		"certificate/of another host": {&other, "", otherPool, "https", []string{"cannot validate certificate for 127.0.0.1", trust}},
		"certificate/expired":         {&expired, "", expiredPool, "https", []string{"certificate has expired", trust}},
		"scheme/http behind https":    {nil, "", trusted, "https", []string{"server gave HTTP response to HTTPS client", "begins with http://"}},
		"scheme/https behind http":    {&good, "", trusted, "http", []string{"the server speaks TLS", "begins with https://"}},
		"scheme/TLS alert":            {nil, "\x15\x03\x01\x00\x02\x02\x16", nil, "http", []string{"the server speaks TLS", "begins with https://"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var conns atomic.Int32
			var address string
			if tt.raw != "" {
				address = rawServer(t, func(conn *net.TCPConn) {
					conns.Add(1)
					conn.Read(make([]byte, 1<<16))
					io.WriteString(conn, tt.raw)
					conn.CloseWrite()
					io.Copy(io.Discard, conn)
				})
			} else {
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
				server.Config.ErrorLog = log.New(io.Discard, "", 0)
				server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
					if state == http.StateNew {
						conns.Add(1)
					}
				}
				if tt.certificate == nil {
					server.Start()
				} else {
					server.TLS = &tls.Config{Certificates: []tls.Certificate{*tt.certificate}}
					server.StartTLS()
				}
				t.Cleanup(server.Close)
				address = server.URL
			}
			_, host, _ := strings.Cut(address, "://")
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: tt.trust}}
			c := socketClient(t, tt.scheme+"://"+host, client.WithHTTPClient(&http.Client{Transport: transport}))
			calls := everyCall(t.Context(), c, "b")
			calls["wait"] = func() error { // without the error it would never end
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				return second(c.Wait(ctx, "b"))
			}
			if name == "scheme/https behind http" {
				delete(calls, batchtest.Delete) // Go's server does not recognize this method as HTTP, and closes the connection
			}
			for op, call := range calls {
				conns.Store(0)
				err := call()
				if err == nil || conns.Load() != 1 || errors.As(err, new(*client.UncertainError)) || errors.As(err, new(*client.APIError)) {
					t.Errorf("%s: %d connections, %v", op, conns.Load(), err)
				}
				checkFit(t, fmt.Sprint(err), 1000)
				for _, want := range append(tt.want, tt.scheme+"://"+host) {
					if !strings.Contains(fmt.Sprint(err), want) {
						t.Errorf("%s: got %v, want %q in it", op, err, want)
					}
				}
			}
		})
	}
}

// TestBadRequestsOfOthers sends responses that resemble that of Go's TLS server, but come from other servers.
func TestBadRequestsOfOthers(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "Client sent an HTTP request", "Client sent an HTTP request to an HTTPS server.\nOr not.\n" + strings.Repeat("x", 1000)} {
		c := socketClient(t, sendAll(t, "HTTP/1.1 400 Bad Request\r\n\r\n"+body))
		_, err := c.Get(t.Context(), "b")
		var apiErr *client.APIError
		if !errors.As(err, &apiErr) || string(apiErr.Excerpt) != body {
			t.Errorf("%q: got %v, %q", body, err, apiErr)
		}
		if _, err := c.Create(t.Context(), requests(1)); !errors.As(err, new(*client.UncertainError)) {
			t.Errorf("%q: Create returns %v", body, err)
		}
	}
}

// TestProxiesThatRefuse checks that errors name the proxy and its status, and that calls are retried only if that may help.
func TestProxiesThatRefuse(t *testing.T) {
	t.Parallel()
	for status, tt := range map[string]struct {
		attempts int
		want     string
	}{
		"403 Forbidden":                                           {1, "403 Forbidden"},
		"407 Proxy Authentication Required":                       {1, "407 Proxy Authentication Required"},
		"407 No, " + plantedUser + ":" + plantedPass + " \x1b[2J": {1, `407 No, [redacted] \x1b[2J`},
		"502 Bad Gateway":                                         {3, "502 Bad Gateway"},
		"503":                                                     {3, "503 "},
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			var attempts atomic.Int32
			address := rawServer(t, func(conn *net.TCPConn) {
				if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil && r.Method == http.MethodConnect {
					attempts.Add(1)
					fmt.Fprintf(conn, "HTTP/1.1 %s\r\ncontent-length: 0\r\n\r\n", status)
				}
			})
			proxy, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			proxy.User = url.UserPassword(plantedUser, plantedPass)
			own := 0
			transport := &http.Transport{
				Proxy: http.ProxyURL(proxy),
				OnProxyConnectResponse: func(context.Context, *url.URL, *http.Request, *http.Response) error {
					own++
					return nil
				},
			}
			c := socketClient(t, "https://api.example", client.WithHTTPClient(&http.Client{Transport: transport}))
			for op, call := range everyCall(t.Context(), c, "b") {
				attempts.Store(0)
				err := call()
				text := fmt.Sprint(err)
				if err == nil || int(attempts.Load()) != tt.attempts || errors.As(err, new(*client.UncertainError)) {
					t.Errorf("%s: %d attempts, %v", op, attempts.Load(), err)
				}
				if want := "the proxy " + address + " refused the connection: " + tt.want; !strings.Contains(text, want) {
					t.Errorf("%s: got %s, want %q in it", op, text, want)
				}
				if shown := text + inside(err); strings.Contains(shown, plantedUser) || strings.Contains(shown, plantedPass) {
					t.Errorf("%s: shows the password: %s", op, shown)
				}
				checkFit(t, text, 500)
			}
			if own == 0 {
				t.Error("the caller's hook was not called")
			}
			if tt.attempts == 1 { // and Wait ends
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				if _, err := c.Wait(ctx, "b"); err == nil || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("wait: %v", err)
				}
			}
		})
	}
}

// TestProxyThatShowsWhatItWasSent uses a proxy for plain http that echoes its credential, which net/http adds by itself.
func TestProxyThatShowsWhatItWasSent(t *testing.T) {
	t.Parallel()
	address := rawServer(t, func(conn *net.TCPConn) {
		if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			io.Copy(io.Discard, r.Body)
			shown := r.Header.Get("proxy-authorization")
			fmt.Fprintf(conn, "HTTP/1.1 407 %s\r\nrequest-id: %s\r\n\r\n%s %s", shown, shown, shown, plantedPass)
		}
	})
	proxy, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	proxy.User = url.UserPassword(plantedUser, plantedPass)
	c := socketClient(t, "http://192.0.2.1", client.WithInsecureHTTP(), client.WithHTTPClient(&http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}))
	_, err = c.Get(t.Context(), "b")
	text := fmt.Sprint(err) + inside(err)
	if !strings.Contains(text, "407 Proxy Authentication Required") || !strings.Contains(text, "(request Basic [redacted])") {
		t.Errorf("got %s", text)
	}
	for form, secret := range planted() {
		if strings.Contains(text, form) {
			t.Errorf("shows %s: %s", secret, text)
		}
	}
}
