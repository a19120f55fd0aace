package batchtest

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
)

// Key returns the credential that the service accepts, or the first of several.
func (s *Service) Key() string { return s.access.keys[0].Secret }

// URL returns the base URL for clients. Until Listen is called, only [Service.HTTPClient] can reach it.
func (s *Service) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// HTTPClient returns a client that reaches the service inside the process, whatever the host of a URL is.
func (s *Service) HTTPClient() *http.Client { return &http.Client{Transport: transport{s.handler}} }

// TLSClient returns a client that trusts the certificate of [Service.ListenTLS] and nothing else, and speaks HTTP/2. It
// has its own connections, and reaches nothing before ListenTLS is called.
func (s *Service) TLSClient() *http.Client {
	pool := x509.NewCertPool()
	pool.AddCert(s.certificate().Leaf)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}}
}

// Client returns a client for the service. It has the service's key and URL, uses [Service.HTTPClient], and reads
// nothing from the environment. Its first poll comes after a millisecond, so that tests in real time are fast too;
// client.WithPollInterval(0, 0) restores the defaults. The given options override these settings. If an option is
// invalid, a service made by [New] fails its test, and one made by [Start] panics.
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
