package batchtest

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
)

// Key returns the credential that the service accepts, the first one if there are several.
func (s *Service) Key() string { return s.access.keys[0].Secret }

// URL returns the base URL for clients: one that only [Service.HTTPClient] can reach, until Listen is called.
func (s *Service) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// HTTPClient returns a client that reaches the service inside the process, whatever host a URL names.
func (s *Service) HTTPClient() *http.Client { return &http.Client{Transport: transport{s.handler}} }

// TLSClient returns a client that trusts the certificate of [Service.ListenTLS] and nothing else, and speaks HTTP/2. It
// has connections of its own. Without ListenTLS there is nothing for it to reach.
func (s *Service) TLSClient() *http.Client {
	pool := x509.NewCertPool()
	pool.AddCert(s.certificate().Leaf)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}}
}

// Client returns a client of the service: it has the service's key and URL, reaches it with [Service.HTTPClient], and
// reads nothing from the environment. It polls for the first time after a millisecond, so that tests in real time are fast
// too; client.WithPollInterval(0, 0) restores the defaults. The options come last and win. If they are wrong, a service
// of [New] fails its test, and a service of [Start] panics.
func (s *Service) Client(opts ...client.Option) *client.Client {
	c, err := client.New(append([]client.Option{
		client.WithoutEnvironment(),
		client.WithAPIKey(s.Key()),
		client.WithBaseURL(s.URL()),
		client.WithHTTPClient(s.HTTPClient()),
		client.WithPollInterval(time.Millisecond, 0),
	}, opts...)...)
	if err != nil {
		s.reporter.fatal(err)
	}
	return c
}
