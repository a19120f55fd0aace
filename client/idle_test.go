package client_test

import (
	"net/http"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestCreateAfterIdleConnectionsWereClosed makes the service close all connections, which are idle since the last call,
// right before each create: no create may be lost or uncertain.
func TestCreateAfterIdleConnectionsWereClosed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		listen func(*batchtest.Service) (func() error, error)
		http   func(*batchtest.Service) *http.Client
		proto  string
	}{
		"HTTP/1.1": {
			func(s *batchtest.Service) (func() error, error) { return s.Listen("127.0.0.1:0") },
			func(*batchtest.Service) *http.Client { return &http.Client{Transport: &http.Transport{}} },
			"HTTP/1.1",
		},
		"HTTP/1.1/default transport": {
			func(s *batchtest.Service) (func() error, error) { return s.Listen("127.0.0.1:0") },
			func(*batchtest.Service) *http.Client { return &http.Client{} },
			"HTTP/1.1",
		},
		"HTTP/2": {
			func(s *batchtest.Service) (func() error, error) { return s.ListenTLS("127.0.0.1:0") },
			(*batchtest.Service).TLSClient,
			"HTTP/2.0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := batchtest.New(t, batchtest.WithDuration(0))
			if _, err := tt.listen(s); err != nil {
				t.Fatal(err)
			}
			h := tt.http(s)
			t.Cleanup(h.CloseIdleConnections)
			c := s.Client(client.WithHTTPClient(h))
			const runs = 60
			for run := range runs {
				for _, err := range c.List(t.Context()) { // leaves a connection idle
					if err != nil {
						t.Fatal(err)
					}
				}
				s.DropConnections()
				if _, err := c.Create(t.Context(), requests(1)); err != nil {
					t.Errorf("run %d: %v", run, err)
				}
			}
			calls := s.Calls(batchtest.Create)
			if len(calls) != runs || len(s.Batches()) != runs || calls[0].Proto != tt.proto {
				t.Errorf("%d calls, over %s, made %d batches, want %d", len(calls), calls[0].Proto, len(s.Batches()), runs)
			}
		})
	}
}
