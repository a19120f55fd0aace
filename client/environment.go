package client

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/seed-111a911e/messagebatches/internal/identity"
)

// readEnvironment adds the settings of the environment that no option has set.
func readEnvironment(c *config) error {
	if c.noEnvironment {
		return nil
	}
	var errs []error
	if c.credential.kind == "" {
		errs = append(errs, readCredential(c))
	}
	headers := os.Getenv("ANTHROPIC_CUSTOM_HEADERS")
	if strings.HasPrefix(headers, `"`) || strings.HasPrefix(headers, "'") {
		errs = append(errs, errors.New("ANTHROPIC_CUSTOM_HEADERS begins with a quotation mark, which is shell syntax: remove the quotes"))
		headers = ""
	}
	for line := range strings.Lines(headers) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		if !ok {
			errs = append(errs, errors.New("ANTHROPIC_CUSTOM_HEADERS: each line must have the form Name: Value"))
		} else if !isSet(c, name) {
			errs = append(errs, named("ANTHROPIC_CUSTOM_HEADERS", addHeader(&c.call, name, strings.TrimSpace(value))))
		}
	}
	return errors.Join(errs...)
}

// readCredential takes the credential from the first place that has one: a key, a token, the named profile, a workload
// identity, and the active profile.
func readCredential(c *config) error {
	key, token, profile := os.Getenv("ANTHROPIC_API_KEY"), os.Getenv("ANTHROPIC_AUTH_TOKEN"), os.Getenv("ANTHROPIC_PROFILE")
	switch {
	case key != "":
		return named("ANTHROPIC_API_KEY", WithAPIKey(key).applyClient(c))
	case token != "":
		return named("ANTHROPIC_AUTH_TOKEN", WithAuthToken(token).applyClient(c))
	case profile != "":
		return WithProfile(profile).applyClient(c)
	}
	workload, missing := identity.FromEnvironment(os.Getenv)
	if workload != nil {
		return withFederation(workload).applyClient(c)
	}
	dir := identity.Dir(os.Getenv)
	active, err := identity.Active(dir)
	if err == nil && (active != identity.Default || identity.Exists(dir, active)) {
		return WithProfile(active).applyClient(c)
	}
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("workload identity: %s is not set", strings.Join(missing, " and "))
	}
	return err
}

// isSet reports whether an option has set the value of a header. Betas are never set: they add up.
func isSet(c *config, header string) bool {
	switch http.CanonicalHeaderKey(header) {
	case "Anthropic-Version":
		return c.version != ""
	case "Anthropic-Workspace-Id":
		return c.workspace != ""
	case "Anthropic-User-Profile-Id":
		return c.userProfile != ""
	}
	return c.header.Get(header) != ""
}
