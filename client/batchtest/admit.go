package batchtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/contract"
)

// A key is a credential.
type key struct {
	secret     string
	workspaces []string // that it may use, the first one if a call names none; none for all
}

// admit checks what is the same for all calls: credential, workspace, version, betas. It returns the workspace.
func (s *Service) admit(r *http.Request) (workspace string, fail *failure) {
	workspace, fail = s.authenticate(r)
	if fail != nil {
		return "", fail
	}
	switch version := r.Header.Get("anthropic-version"); {
	case version == "":
		return "", invalid("anthropic-version: header is required")
	case !isValue("AnthropicVersion", version):
		return "", invalid("anthropic-version: %q is not a valid version", version)
	}
	for _, beta := range betasOf(r.Header) {
		if !isValue("AnthropicBeta", string(beta)) && !slices.Contains(s.betas, beta) {
			return "", invalid("anthropic-beta: unexpected value %q", beta)
		}
	}
	return workspace, nil
}

func (s *Service) authenticate(r *http.Request) (workspace string, fail *failure) {
	credential := r.Header.Get("x-api-key")
	if scheme, token, _ := strings.Cut(r.Header.Get("authorization"), " "); credential == "" && strings.EqualFold(scheme, "bearer") {
		credential = token
	}
	var k key
	switch i := slices.IndexFunc(s.keys, func(k key) bool { return k.secret == credential }); {
	case credential != "" && i >= 0:
		k = s.keys[i]
	case credential == "" || !s.anyKey:
		return "", &failure{http.StatusUnauthorized, &gen.BetaAuthenticationError{Message: "invalid x-api-key or bearer token"}}
	}
	switch wanted := r.Header.Get("anthropic-workspace-id"); {
	case wanted == "" && len(k.workspaces) == 0:
		return "wrkspc_fake", nil
	case wanted == "":
		return k.workspaces[0], nil
	case len(k.workspaces) == 0 || slices.Contains(k.workspaces, wanted):
		return wanted, nil
	default:
		return "", &failure{http.StatusForbidden, &gen.BetaPermissionError{Message: fmt.Sprintf("anthropic-workspace-id: this credential may not use workspace %q", wanted)}}
	}
}

// isValue reports whether the contract lists a value of an enum.
func isValue(enum, value string) bool {
	return slices.Contains(contract.Load().Components.Schemas[enum].Value.Enum, any(value))
}
