package client

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// A config is what the options and the environment say about a client.
type config struct {
	call // the defaults of all calls

	credential    credential
	noEnvironment bool
	baseURL       string
	insecureHTTP  bool
	http          *http.Client
	logger        *slog.Logger
	userAgent     string
	random        func(n time.Duration) time.Duration // at least 0 and less than n
}

// A state is what a client works with: its configuration, and what it learned from responses.
type state struct {
	config

	base           *url.URL // its path ends with a slash
	reads, creates *http.Client
	proxy          secrets // of the proxy that they use
	clock          clock
	created        idSet // batches that Create returned
	known          idSet // batches of any response
}

// env returns an environment variable, unless the client ignores it.
func (c *config) env(name string) string {
	if c.noEnvironment && strings.HasPrefix(name, "ANTHROPIC_") {
		return ""
	}
	return os.Getenv(name)
}

// named puts the name of what a setting is from before its error.
func named(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}
