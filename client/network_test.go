package client_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// A connectProxy is a proxy for https that connects every host to one server.
type connectProxy struct {
	server string // host and port
	secret string // the Proxy-Authorization it requires; may be empty

	mu    sync.Mutex
	hosts []string
}

func (p *connectProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.hosts = append(p.hosts, r.Method+" "+r.Host)
	p.mu.Unlock()
	if r.Header.Get("proxy-authorization") != p.secret {
		http.Error(w, "who are you?", http.StatusProxyAuthRequired)
		return
	}
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer server.Close()
	w.WriteHeader(http.StatusOK)
	conn, rest, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	go func() { io.Copy(server, rest) }()
	io.Copy(conn, server)
}

// TestNetworkOfTheEnvironment runs programs with a proxy, a certificate authority and a gateway from the environment. Each
// is a process, because net/http and crypto/x509 read the environment once.
func TestNetworkOfTheEnvironment(t *testing.T) {
	const variable = "MESSAGEBATCHES_TEST_NETWORK"
	if os.Getenv(variable) != "" {
		callTheNetwork(t)
		return
	}
	t.Parallel()
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("Go does not read SSL_CERT_FILE on this system")
	}
	const host = "api.company.test" // which does not resolve
	service := batchtest.New(t, batchtest.WithDuration(0))
	cert, _ := certificate(t, time.Now().Add(time.Hour), host)
	server := httptest.NewUnstartedServer(service)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	authority := filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		proxySecret, proxyUser string
		env                    []string
		want                   string
		connects               bool // through the proxy
	}{
		"proxy":              {"", "", nil, "2 results", true},
		"proxy/password":     {"Basic dXNlcjpwYXNzd29yZC1vZi1wcm94eQ==", "user:password-of-proxy@", nil, "2 results", true},
		"proxy/unknown user": {"Basic other", "user:password-of-proxy@", nil, "refused the connection: 407", true},
		"proxy/NO_PROXY":     {"", "", []string{"NO_PROXY=.company.test"}, "cannot connect to the base URL https://" + host, false},
		"authority/none":     {"", "", []string{"SSL_CERT_FILE="}, "add its certificate authority to the file that SSL_CERT_FILE names", true},
		"gateway/headers":    {"", "", []string{"ANTHROPIC_CUSTOM_HEADERS=X-Team: reports\nX-Gateway-Key: gateway-secret"}, "2 results", true},
		"gateway/identity":   {"", "", []string{"ANTHROPIC_API_KEY=", "ANTHROPIC_FEDERATION_RULE_ID=r", "ANTHROPIC_ORGANIZATION_ID=o", "ANTHROPIC_IDENTITY_TOKEN=the-identity-token"}, "2 results", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := &connectProxy{server: server.Listener.Addr().String(), secret: tt.proxySecret}
			front := httptest.NewServer(proxy)
			t.Cleanup(front.Close)
			cmd := exec.Command(os.Args[0], "-test.run=^TestNetworkOfTheEnvironment$")
			cmd.Env = append([]string{
				variable + "=1", "HOME=" + t.TempDir(),
				"HTTPS_PROXY=" + strings.Replace(front.URL, "://", "://"+tt.proxyUser, 1),
				"SSL_CERT_FILE=" + authority, "SSL_CERT_DIR=/nowhere",
				"ANTHROPIC_BASE_URL=https://" + host, "ANTHROPIC_API_KEY=" + service.Key(),
			}, tt.env...)
			out, _ := cmd.CombinedOutput()
			if !strings.Contains(string(out), tt.want) || strings.Contains(string(out), "password-of-proxy") {
				t.Errorf("got %s, want %s", out, tt.want)
			}
			proxy.mu.Lock()
			defer proxy.mu.Unlock()
			if connects := len(proxy.hosts) > 0; connects != tt.connects {
				t.Errorf("the proxy had %v", proxy.hosts)
			}
			for _, h := range proxy.hosts {
				if h != "CONNECT "+host+":443" {
					t.Errorf("the proxy had %s", h)
				}
			}
		})
	}
	t.Cleanup(func() {
		for _, call := range service.Calls(batchtest.Create) {
			if call.Header.Get("x-gateway-key") == "gateway-secret" && call.Header.Get("x-team") == "reports" {
				return
			}
		}
		t.Error("no create had the headers of the gateway")
	})
}

// callTheNetwork is the program: it takes all settings from the environment.
func callTheNetwork(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := client.New(client.WithRetry(client.Retry{MaxAttempts: 2, MinDelay: time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	batch, err := c.Create(ctx, requests(2))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for item, err := range c.Results(ctx, batch.ID) {
		if err != nil || item.Err() != nil {
			t.Fatal(err, item)
		}
		n++
	}
	fmt.Println(n, "results")
}
