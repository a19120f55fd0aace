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

// A config holds the settings of a client from options and the environment.
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

// A state is the configuration of a client and what it has learned from responses.
type state struct {
	config

	base           *url.URL // its path ends with a slash
	reads, creates *http.Client
	proxy          secrets // of the proxy that reads and creates use
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

// named prefixes the error of a setting with the name of its source.
func named(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}
