// Package identity obtains short-lived access tokens, for the profiles shared by the ant command and the official SDKs,
// and for workloads with an identity token from their platform.
package identity

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/seed-111a911e/messagebatches/internal/foreign"
)

// A Profile describes how and where to authenticate. Either Federation or Login is set.
type Profile struct {
	BaseURL        string      // of the API and of its token endpoint; may be empty
	OrganizationID string      // for an exchange
	WorkspaceID    string      // may be empty
	Federation     *Federation // nil if there is a login
	Login          *Login      // nil if there is a federation
	Stored         string      // the path of the credentials file; empty means that tokens are not stored
}

// Federation exchanges the identity token of a workload for access tokens.
type Federation struct {
	RuleID           string                                // of the federation rule
	ServiceAccountID string                                // may be empty
	Token            func(context.Context) (string, error) // returns the identity token
}

// Login uses the tokens that a user's login has stored.
type Login struct {
	ClientID string // empty means that the tokens cannot be refreshed
}

// An Env returns the value of an environment variable, or "" if it is not set.
type Env func(name string) string

// Dir returns the directory of profiles, or an empty string if there is none.
func Dir(env Env) string {
	if dir := env("ANTHROPIC_CONFIG_DIR"); dir != "" {
		return dir
	}
	if runtime.GOOS == "windows" {
		return under(env("APPDATA"), "Anthropic")
	}
	if dir := env("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "anthropic")
	}
	return under(env("HOME"), ".config", "anthropic")
}

func under(dir string, names ...string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(append([]string{dir}, names...)...)
}

// Default is the name of the profile that is active if no other one is set.
const Default = "default"

// Active returns the name of the profile that is used if none is named.
func Active(dir string) (string, error) {
	data, err := readFile(filepath.Join(dir, "active_config"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if name := string(bytes.TrimSpace(data)); name != "" {
		return name, nil
	}
	return Default, nil
}

// Exists reports whether a profile exists. It may still be malformed.
func Exists(dir, name string) bool {
	if dir == "" {
		return false
	}
	_, err := os.Lstat(filepath.Join(dir, "configs", name+".json"))
	return err == nil || !errors.Is(err, os.ErrNotExist)
}

// Load reads a profile. Environment variables fill in missing values.
func Load(dir, name string, env Env) (*Profile, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if dir == "" {
		return nil, errors.New("there is no directory of profiles: set ANTHROPIC_CONFIG_DIR")
	}
	path := filepath.Join(dir, "configs", name+".json")
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	var f profileFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%s: malformed JSON: %w", path, err)
	}
	p := &Profile{
		BaseURL:        f.BaseURL,
		OrganizationID: cmp.Or(f.OrganizationID, env("ANTHROPIC_ORGANIZATION_ID")),
		WorkspaceID:    cmp.Or(f.WorkspaceID, env("ANTHROPIC_WORKSPACE_ID")),
		Stored:         cmp.Or(f.Authentication.CredentialsPath, filepath.Join(dir, "credentials", name+".json")),
	}
	switch a := f.Authentication; a.Type {
	case "oidc_federation":
		p.Federation = &Federation{
			RuleID:           cmp.Or(a.RuleID, env("ANTHROPIC_FEDERATION_RULE_ID")),
			ServiceAccountID: cmp.Or(a.ServiceAccountID, env("ANTHROPIC_SERVICE_ACCOUNT_ID")),
			Token:            tokenOf(env),
		}
		if t := a.IdentityToken; t != nil {
			if t.Source != "file" || t.Path == "" {
				return nil, fmt.Errorf(`%s: authentication.identity_token must have the source "file" and a path`, path)
			}
			p.Federation.Token = TokenFile(t.Path)
		}
	case "user_oauth":
		p.Login = &Login{ClientID: a.ClientID}
		if _, err := readStored(p.Stored); err != nil {
			return nil, fmt.Errorf("%w (ant auth login writes it)", err)
		}
	case "":
		return nil, fmt.Errorf("%s: authentication.type is missing", path)
	default:
		return nil, fmt.Errorf("%s: authentication.type %q is unknown", path, foreign.Short(a.Type))
	}
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// A profileFile is the JSON of a profile. Unknown properties belong to other programs.
type profileFile struct {
	BaseURL        string `json:"base_url"`
	OrganizationID string `json:"organization_id"`
	WorkspaceID    string `json:"workspace_id"`
	Authentication struct {
		Type             string `json:"type"`
		CredentialsPath  string `json:"credentials_path"`
		RuleID           string `json:"federation_rule_id"`
		ServiceAccountID string `json:"service_account_id"`
		IdentityToken    *struct {
			Source string `json:"source"`
			Path   string `json:"path"`
		} `json:"identity_token"`
		ClientID string `json:"client_id"`
	} `json:"authentication"`
}

// FromEnvironment returns the workload identity that environment variables describe. If they describe only part of it,
// it returns the names of the missing ones.
func FromEnvironment(env Env) (p *Profile, missing []string) {
	token := tokenOf(env)
	have := 0
	for _, v := range []struct {
		name string
		set  bool
	}{
		{"ANTHROPIC_FEDERATION_RULE_ID", env("ANTHROPIC_FEDERATION_RULE_ID") != ""},
		{"ANTHROPIC_ORGANIZATION_ID", env("ANTHROPIC_ORGANIZATION_ID") != ""},
		{"ANTHROPIC_IDENTITY_TOKEN_FILE or ANTHROPIC_IDENTITY_TOKEN", token != nil},
	} {
		if v.set {
			have++
		} else {
			missing = append(missing, v.name)
		}
	}
	switch {
	case have == 0:
		return nil, nil
	case len(missing) > 0:
		return nil, missing
	}
	return &Profile{
		OrganizationID: env("ANTHROPIC_ORGANIZATION_ID"),
		WorkspaceID:    env("ANTHROPIC_WORKSPACE_ID"),
		Federation: &Federation{
			RuleID:           env("ANTHROPIC_FEDERATION_RULE_ID"),
			ServiceAccountID: env("ANTHROPIC_SERVICE_ACCOUNT_ID"),
			Token:            token,
		},
	}, nil
}

// Check returns an error if something in the profile is missing.
func (p *Profile) Check() error {
	f := p.Federation
	switch {
	case f == nil:
		return nil
	case f.RuleID == "":
		return errors.New("the federation rule is missing: set federation_rule_id or ANTHROPIC_FEDERATION_RULE_ID")
	case p.OrganizationID == "":
		return errors.New("the organization is missing: set organization_id or ANTHROPIC_ORGANIZATION_ID")
	case f.Token == nil:
		return errors.New("the identity token is missing: set identity_token, ANTHROPIC_IDENTITY_TOKEN_FILE or ANTHROPIC_IDENTITY_TOKEN")
	}
	return nil
}

// checkName rejects names that cannot be file names in the directory of profiles.
func checkName(name string) error {
	valid := func(r rune) bool {
		return r < 0x80 && (r == '_' || r == '.' || r == '-' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z')
	}
	if name == "" || name == "." || name == ".." || strings.ContainsFunc(name, func(r rune) bool { return !valid(r) }) {
		return fmt.Errorf("profile name %q is malformed: it has letters, digits, '_', '.' and '-'", foreign.Short(name))
	}
	return nil
}

// maxToken bounds identity tokens: real ones are much shorter.
const maxToken = 16 << 10

// TokenFile returns identity tokens from a file, which may be replaced at any time.
func TokenFile(path string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		data, err := readFile(path)
		return string(bytes.TrimSpace(data)), err
	}
}

// tokenOf returns a function that reads the identity token from where the environment has it, or nil. A file is
// preferred, because it can be replaced.
func tokenOf(env Env) func(context.Context) (string, error) {
	if path := env("ANTHROPIC_IDENTITY_TOKEN_FILE"); path != "" {
		return TokenFile(path)
	}
	if token := env("ANTHROPIC_IDENTITY_TOKEN"); token != "" {
		return func(context.Context) (string, error) { return token, nil }
	}
	return nil
}

// readFile reads a file that should be small, and refuses a large one.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBounded(f, path)
}

func readBounded(r io.Reader, name string) ([]byte, error) {
	const most = 1 << 20
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && len(data) > most {
		err = fmt.Errorf("%s is larger than %d bytes", name, most)
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}
