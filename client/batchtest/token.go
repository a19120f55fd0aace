package batchtest

import (
	"encoding/json"
	"io"
	"net/http"
)

// token is the token endpoint. It exchanges any identity token and any refresh token for the key of the service, with a
// stated lifetime of an hour.
func (s *Service) token(w http.ResponseWriter, r *http.Request) {
	var params struct {
		GrantType      string `json:"grant_type"`
		Assertion      string `json:"assertion"`
		RuleID         string `json:"federation_rule_id"`
		OrganizationID string `json:"organization_id"`
		RefreshToken   string `json:"refresh_token"`
		ClientID       string `json:"client_id"`
	}
	status, reply := http.StatusOK, map[string]any{"access_token": s.Key(), "token_type": "Bearer", "expires_in": 3600}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	refuse := func(code, why string) {
		status, reply = http.StatusBadRequest, map[string]any{"error": code, "error_description": why}
	}
	switch {
	case err != nil || json.Unmarshal(body, &params) != nil:
		refuse("invalid_request", "The body is not a JSON object.")
	case params.GrantType == "refresh_token":
		if params.RefreshToken == "" || params.ClientID == "" {
			refuse("invalid_request", "refresh_token and client_id are required.")
			break
		}
		reply["refresh_token"] = newID("refresh", &s.serial)
	case params.GrantType != "urn:ietf:params:oauth:grant-type:jwt-bearer":
		refuse("unsupported_grant_type", "grant_type is unknown.")
	case params.Assertion == "" || params.RuleID == "" || params.OrganizationID == "":
		refuse("invalid_request", "assertion, federation_rule_id and organization_id are required.")
	}
	w.Header().Set("content-type", "application/json")
	w.WriteHeader(status)
	text, err := json.Marshal(reply)
	must(err)
	w.Write(text)
}
