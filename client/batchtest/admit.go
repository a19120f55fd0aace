package batchtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
	"github.com/seed-111a911e/messagebatches/internal/identity"
)

// A Key is a credential that the service accepts, as x-api-key and as a bearer token.
type Key struct {
	Secret string // the credential itself

	// Organization owns the key, org_fake by default. Its workspaces share its limits.
	Organization string

	// Workspaces are those that the key may use; the first is the default of calls that name none. A key without
	// workspaces may use every workspace of its organization, and its default is wrkspc_fake.
	Workspaces []string
}

// organization returns the organization of the key.
func (k Key) organization() string {
	if k.Organization == "" {
		return "org_fake"
	}
	return k.Organization
}

// tenant returns the tenant of calls that use the key and name no workspace.
func (k Key) tenant() tenant {
	if len(k.Workspaces) == 0 {
		return tenant{k.organization(), "wrkspc_fake"}
	}
	return tenant{k.organization(), k.Workspaces[0]}
}

// access decides which calls are admitted.
type access struct {
	keys    []Key
	anyKey  bool
	revoked []string
	betas   []gen.AnthropicBeta // beyond those of the contract
}

// AddKey makes the service accept another credential, or one that was revoked.
func (s *Service) AddKey(k Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.access.revoked = slices.DeleteFunc(s.access.revoked, func(secret string) bool { return secret == k.Secret })
	s.access.keys = append(slices.DeleteFunc(slices.Clone(s.access.keys), func(old Key) bool { return old.Secret == k.Secret }), k)
}

// RevokeKey makes the service refuse a credential from now on, with 401 and authentication_error. Batches created with
// it remain.
func (s *Service) RevokeKey(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.access.revoked = append(s.access.revoked, secret)
}

// admit checks the headers that all calls have: credential, workspace, version, betas.
func (a *access) admit(h http.Header) (who tenant, fail *failure) {
	who, fail = a.authenticate(h)
	if fail != nil {
		return who, fail
	}
	switch version := h.Get("anthropic-version"); {
	case version == "":
		return who, invalidRequest("anthropic-version: header is required")
	case !schema.Knows("AnthropicVersion", version):
		return who, invalidRequest("anthropic-version: %q is not a valid version", version)
	}
	for _, beta := range betasOf(h) {
		if beta != identity.Beta && !schema.Knows("AnthropicBeta", string(beta)) && !slices.Contains(a.betas, beta) {
			return who, invalidRequest("anthropic-beta: unexpected value %q", beta)
		}
	}
	return who, nil
}

func (a *access) authenticate(h http.Header) (who tenant, fail *failure) {
	credential := h.Get("x-api-key")
	if scheme, token, _ := strings.Cut(h.Get("authorization"), " "); credential == "" && strings.EqualFold(scheme, "bearer") {
		credential = token
	}
	refused := &failure{status: http.StatusUnauthorized, err: &gen.BetaAuthenticationError{Message: "invalid x-api-key or bearer token"}}
	var k Key
	switch i := slices.IndexFunc(a.keys, func(k Key) bool { return k.Secret == credential }); {
	case slices.Contains(a.revoked, credential):
		return who, refused
	case credential != "" && i >= 0:
		k = a.keys[i]
	case credential == "" || !a.anyKey:
		return who, refused
	}
	who = k.tenant()
	switch wanted := h.Get("anthropic-workspace-id"); {
	case wanted == "":
		return who, nil
	case len(k.Workspaces) == 0 || slices.Contains(k.Workspaces, wanted):
		who.Workspace = wanted
		return who, nil
	default:
		return tenant{}, &failure{status: http.StatusForbidden, err: &gen.BetaPermissionError{Message: fmt.Sprintf("anthropic-workspace-id: this credential may not use workspace %q", wanted)}}
	}
}
