package client

import (
	"context"
	"fmt"

	"github.com/seed-111a911e/messagebatches/internal/foreign"
	"github.com/seed-111a911e/messagebatches/internal/identity"
)

// WithProfile authenticates with a profile of the ant command and the official SDKs: the file configs/NAME.json in the
// directory that ANTHROPIC_CONFIG_DIR names, by default the directory anthropic of the user's configuration directory. New
// reads it. Fields that it omits are filled in from environment variables. Its base URL is used unless an option or
// ANTHROPIC_BASE_URL sets another one; its workspace, unless an option does.
//
// The profile's access token is refreshed before it expires, and once after a 401. The new token is written to the
// profile's credentials file, which only its owner may be able to read.
func WithProfile(name string) Option {
	return clientOption(func(c *config) error {
		c.credential = profileCredential("profile "+foreign.Short(name), func(env identity.Env) (*identity.Profile, error) {
			return identity.Load(identity.Dir(env), name, env)
		})
		return nil
	})
}

// Federation is the identity of a workload, which Anthropic exchanges for short-lived access tokens under a rule of the
// organization.
type Federation struct {
	// RuleID is the ID of the federation rule (fdrl_...). It is required.
	RuleID string

	// OrganizationID is the ID of the organization. It is required.
	OrganizationID string

	// ServiceAccountID is the ID of the service account (svac_...) that the rule leads to. It may be empty if the rule
	// leads to a user.
	ServiceAccountID string

	// WorkspaceID is the ID of the workspace (wrkspc_...) that the access tokens are for, or "default". It may be empty if
	// the rule is for one workspace.
	WorkspaceID string

	// IdentityToken returns the workload's identity token (a JWT) from its platform. It is called for each exchange, with
	// a context that ends after 30 s; an exchange that takes longer fails. It is required, unless IdentityTokenFile is set.
	IdentityToken func(context.Context) (string, error)

	// IdentityTokenFile is a file with the identity token, which is read for each exchange.
	IdentityTokenFile string
}

// WithFederation authenticates with access tokens for a workload. The first call exchanges the identity token. Later calls
// share the access token; it is replaced before it expires, and once after a 401. A call whose exchange fails is retried as
// after a lost connection, unless the exchange was refused: then the error is of kind [ErrAuthentication].
func WithFederation(f Federation) Option {
	p := &identity.Profile{
		OrganizationID: f.OrganizationID,
		WorkspaceID:    f.WorkspaceID,
		Federation:     &identity.Federation{RuleID: f.RuleID, ServiceAccountID: f.ServiceAccountID, Token: f.IdentityToken},
	}
	if f.IdentityToken == nil && f.IdentityTokenFile != "" {
		p.Federation.Token = identity.TokenFile(f.IdentityTokenFile)
	}
	return withFederation(p)
}

func withFederation(p *identity.Profile) Option {
	return clientOption(func(c *config) error {
		c.credential = profileCredential("workload identity", func(identity.Env) (*identity.Profile, error) { return p, p.Check() })
		return nil
	})
}

func profileCredential(kind string, load func(identity.Env) (*identity.Profile, error)) credential {
	return credential{kind: kind, header: "authorization", prefix: "Bearer ", beta: identity.Beta, refresh: true, load: load}
}

// loadProfile reads the profile that the credential depends on, and sets its workspace. It returns nil if the credential
// has no profile.
func (c *config) loadProfile() (*identity.Profile, error) {
	if c.credential.load == nil {
		return nil, nil
	}
	p, err := c.credential.load(c.env)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.credential.kind, err)
	}
	if p.Federation == nil && c.workspace == "" && p.WorkspaceID != "" { // the tokens of a federation are for one workspace
		if err := WithWorkspace(p.WorkspaceID).applyClient(c); err != nil {
			return nil, fmt.Errorf("%s: %w", c.credential.kind, err)
		}
	}
	return p, nil
}
