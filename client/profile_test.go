package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// profileOf writes a profile and its credentials, and returns a client that uses it. The environment names the directory.
func profileOf(t *testing.T, s *batchtest.Service, dir, config, credentials string) (*issuer, *client.Client, string) {
	t.Helper()
	stored := filepath.Join(dir, "credentials", "work.json")
	for path, text := range map[string]string{filepath.Join(dir, "configs", "work.json"): config, stored: credentials} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	i := &issuer{next: s.HTTPClient().Transport, key: s.Key(), life: 10 * time.Minute, valid: map[string]time.Time{"stored-access-token": time.Now().Add(time.Hour)}}
	c, err := client.New(client.WithBaseURL(s.URL()), client.WithHTTPClient(&http.Client{Transport: i}), client.WithProfile("work"))
	if err != nil {
		t.Fatal(err)
	}
	return i, c, stored
}

// TestLogin uses stored tokens, refreshes them, and stores the new ones without changing other stored values. It is not
// parallel, because it sets the environment.
func TestLogin(t *testing.T) {
	s := batchtest.New(t, batchtest.WithDuration(0))
	dir := t.TempDir()
	t.Setenv("ANTHROPIC_CONFIG_DIR", dir)
	i, c, path := profileOf(t, s, dir, `{"workspace_id":"wrkspc_1","authentication":{"type":"user_oauth","client_id":"cli"}}`,
		fmt.Sprintf(`{"access_token":"stored-access-token","refresh_token":"stored-refresh-token","expires_at":%d,"account_email":"me@example.com"}`, time.Now().Add(time.Hour).Unix()))
	batch := create(t, c, 1)
	i.wantCounts(t, 0, 0)
	if got := s.Calls(batchtest.Create)[0].Header.Get("anthropic-workspace-id"); got != "wrkspc_1" {
		t.Errorf("the workspace is %q", got)
	}
	i.revoke()
	if _, err := c.Get(t.Context(), batch.ID); err != nil {
		t.Error(err)
	}
	i.wantCounts(t, 1, 1)
	if want := `{"client_id":"cli","grant_type":"refresh_token","refresh_token":"stored-refresh-token"}`; i.bodies[0] != want || i.headers[0].Get("anthropic-beta") != "oauth-2025-04-20" {
		t.Errorf("sent %s with %v", i.bodies[0], i.headers[0])
	}
	var file map[string]any
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &file)
	}
	if err != nil || file["access_token"] != "access-token-1" || file["refresh_token"] != "refresh-token-1" || file["account_email"] != "me@example.com" {
		t.Errorf("stored %s, %v", data, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	// Another process refreshes the file: its tokens are used, and not the refresh token.
	i.revoke()
	i.valid["other-access-token"] = time.Now().Add(time.Hour)
	if err := os.WriteFile(path, []byte(fmt.Sprintf(`{"access_token":"other-access-token","refresh_token":"x","expires_at":%d}`, time.Now().Add(time.Hour).Unix())), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), batch.ID); err != nil {
		t.Error(err)
	}
	i.wantCounts(t, 1, 2)
}

// TestSpentRefreshToken makes another process use the refresh token at the same time.
func TestSpentRefreshToken(t *testing.T) {
	s := batchtest.New(t)
	dir := t.TempDir()
	t.Setenv("ANTHROPIC_CONFIG_DIR", dir)
	i, c, path := profileOf(t, s, dir, `{"authentication":{"type":"user_oauth","client_id":"cli"}}`,
		`{"access_token":"old-access-token","refresh_token":"stored-refresh-token","expires_at":1}`)
	i.exchange = func(r *http.Request, body string) *http.Response {
		now := fmt.Sprintf(`{"access_token":"stored-access-token","refresh_token":"next-refresh-token","expires_at":%d}`, time.Now().Add(time.Hour).Unix())
		if err := os.WriteFile(path, []byte(now), 0o600); err != nil {
			t.Error(err)
		}
		return jsonResponse(r, 400, `{"error":"invalid_grant","error_description":"spent: `+strings.ReplaceAll(body, `"`, "'")+`"}`)
	}
	create(t, c, 1)
	i.wantCounts(t, 1, 0)
	i.revoke()
	_, err := c.Create(t.Context(), requests(1))
	if !errors.Is(err, client.ErrAuthentication) || !strings.Contains(err.Error(), "sign in again") || strings.Contains(err.Error(), "next-refresh") {
		t.Errorf("got %v", err)
	}
}

// TestFederationOfAProfile uses a stored token that is refused, and a token endpoint at another host than the gateway for
// calls.
func TestFederationOfAProfile(t *testing.T) {
	s := batchtest.New(t)
	dir := t.TempDir()
	t.Setenv("ANTHROPIC_CONFIG_DIR", dir)
	t.Setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Gateway: gateway-secret")
	jwt := filepath.Join(dir, "jwt")
	if err := os.WriteFile(jwt, []byte("the-jwt\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	i, c, path := profileOf(t, s, dir, `{"base_url":"https://tokens.example.com/base","organization_id":"o","authentication":{"type":"oidc_federation","federation_rule_id":"r","identity_token":{"source":"file","path":"`+filepath.ToSlash(jwt)+`"}}}`,
		fmt.Sprintf(`{"access_token":"stored-access-token","expires_at":%d}`, time.Now().Add(time.Hour).Unix()))
	create(t, c, 1)
	i.wantCounts(t, 0, 0)
	i.revoke()
	create(t, c, 1)
	i.wantCounts(t, 1, 1)
	if h := i.headers[0]; h.Get("x-gateway") != "" || h.Get("host") != "" || i.host != "tokens.example.com" {
		t.Errorf("%s received %v", i.host, h)
	}
	if got := s.Calls(batchtest.Create)[0].Header.Get("x-gateway"); got != "gateway-secret" {
		t.Errorf("the gateway received %q", got)
	}
	if data, err := os.ReadFile(path); err != nil || !strings.Contains(string(data), `"access_token": "access-token-1"`) {
		t.Errorf("stored %s, %v", data, err)
	}
}

// TestProfilesThatAreRefused passes New profiles that it cannot use. It is not parallel, because it sets the environment.
func TestProfilesThatAreRefused(t *testing.T) {
	const login, good = `{"authentication":{"type":"user_oauth"}}`, `{"access_token":"stored-access-token"}`
	for name, tt := range map[string]struct {
		profile, config, credentials string
		mode                         os.FileMode
		want                         string
	}{
		"good":                    {"work", login, good, 0o600, ""},
		"name/path":               {"../work", login, good, 0o600, `profile name "../work" is malformed`},
		"name/empty":              {"", login, good, 0o600, `profile name "" is malformed`},
		"name/dots":               {"..", login, good, 0o600, `profile name ".." is malformed`},
		"config/missing":          {"home", login, good, 0o600, "home.json: no such file"},
		"config/JSON":             {"work", "{", good, 0o600, "work.json: malformed JSON"},
		"config/no type":          {"work", "{}", good, 0o600, "authentication.type is missing"},
		"config/type":             {"work", `{"authentication":{"type":"x\u202e"}}`, good, 0o600, `authentication.type "x\\u202e" is unknown`},
		"config/base URL":         {"work", `{"base_url":"http://example.com","authentication":{"type":"user_oauth"}}`, good, 0o600, "base URL http://example.com is not encrypted"},
		"federation/rule":         {"work", `{"authentication":{"type":"oidc_federation"}}`, good, 0o600, "the federation rule is missing"},
		"federation/organization": {"work", `{"authentication":{"type":"oidc_federation","federation_rule_id":"r"}}`, good, 0o600, "the organization is missing"},
		"federation/token":        {"work", `{"organization_id":"o","authentication":{"type":"oidc_federation","federation_rule_id":"r"}}`, good, 0o600, "the identity token is missing"},
		"federation/source":       {"work", `{"organization_id":"o","authentication":{"type":"oidc_federation","federation_rule_id":"r","identity_token":{"source":"url","path":"p"}}}`, good, 0o600, `must have the source "file"`},
		"credentials/readable":    {"work", login, good, 0o640, "has permissions 0640, which let other users in"},
		"credentials/JSON":        {"work", login, `{"access_token":1}`, 0o600, "is not JSON, or a property has the wrong type"},
		"credentials/none":        {"work", login, `{}`, 0o600, "has no access_token"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []string{"ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_ORGANIZATION_ID", "ANTHROPIC_IDENTITY_TOKEN", "ANTHROPIC_IDENTITY_TOKEN_FILE", "ANTHROPIC_BASE_URL"} {
				t.Setenv(v, "")
			}
			dir := t.TempDir()
			t.Setenv("ANTHROPIC_CONFIG_DIR", dir)
			stored := filepath.Join(dir, "credentials", "work.json")
			for path, text := range map[string]string{filepath.Join(dir, "configs", "work.json"): tt.config, stored: tt.credentials} {
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), tt.mode); err != nil {
					t.Fatal(err)
				}
			}
			_, err := client.New(client.WithProfile(tt.profile))
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if err != nil {
				checkFit(t, err.Error(), 700)
			}
		})
	}
	t.Run("credentials/link", func(t *testing.T) {
		dir := t.TempDir()
		t.Setenv("ANTHROPIC_CONFIG_DIR", dir)
		_, _, path := profileOf(t, batchtest.New(t), dir, login, good)
		if err := os.Rename(path, path+".real"); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path+".real", path); err != nil {
			t.Skip(err)
		}
		if _, err := client.New(client.WithProfile("work")); err == nil || !strings.Contains(err.Error(), "is a symbolic link") {
			t.Errorf("got %v", err)
		}
	})
}
