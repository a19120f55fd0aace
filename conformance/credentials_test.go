package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/config"
	"github.com/anthropics/anthropic-sdk-go/v2/option"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
)

// An origin is a server that records how calls authenticate, and exchanges anything for the token "exchanged".
type origin struct {
	*httptest.Server
	mu    sync.Mutex
	calls []string
}

func newOrigin(t *testing.T) *origin {
	t.Helper()
	o := &origin{}
	o.Server = httptest.NewServer(o)
	t.Cleanup(o.Close)
	return o
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("content-type", "application/json")
	credential := strings.TrimPrefix(r.Header.Get("authorization"), "Bearer ") + r.Header.Get("x-api-key") // the SDK sends keys as tokens
	text := fmt.Sprintf("%s as %q", r.URL.Path, credential)
	if workspace := r.Header.Get("anthropic-workspace-id"); workspace != "" {
		text += " in " + workspace
	}
	if beta := r.Header.Get("anthropic-beta"); beta != "" {
		text += " with " + beta
	}
	if strings.HasSuffix(r.URL.Path, "/v1/oauth/token") {
		var params map[string]string
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &params)
		}
		text += fmt.Sprintf(": %v %v", params, err)
		io.WriteString(w, `{"access_token":"exchanged","token_type":"Bearer","expires_in":600,"refresh_token":"r-2"}`)
	} else {
		io.WriteString(w, `{"id":"b","type":"message_batch","processing_status":"ended"}`)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls = append(o.calls, text)
}

// take returns the calls since its last call, or the error instead if there was one.
func (o *origin) take(err error) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	calls := o.calls
	o.calls = nil
	if err != nil {
		return []string{"an error"}
	}
	return calls
}

// identityVariables are all variables that one of the clients reads to authenticate.
var identityVariables = []string{
	"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "ANTHROPIC_CUSTOM_HEADERS", "ANTHROPIC_PROFILE",
	"ANTHROPIC_CONFIG_DIR", "ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_ORGANIZATION_ID", "ANTHROPIC_SERVICE_ACCOUNT_ID",
	"ANTHROPIC_WORKSPACE_ID", "ANTHROPIC_SCOPE", "ANTHROPIC_IDENTITY_TOKEN", "ANTHROPIC_IDENTITY_TOKEN_FILE", "XDG_CONFIG_HOME", "HOME",
}

// The files and variables in the rows. DIR is the directory of profiles, URL and OTHER are origins.
const (
	loginFile       = `{"version":"1.0","authentication":{"type":"user_oauth"}}`
	refreshableFile = `{"authentication":{"type":"user_oauth","client_id":"cli","scope":"s","console_url":"https://example.com"},"unknown":1}`
	federationFile  = `{"organization_id":"org","workspace_id":"ws-file","authentication":{"type":"oidc_federation","federation_rule_id":"rule-file","service_account_id":"sa-file","identity_token":{"source":"file","path":"DIR/jwt"}}}`
	freshToken      = `{"version":"1.0","type":"oauth_token","access_token":"stored","refresh_token":"r-1","expires_at":4000000000}`
	oldToken        = `{"access_token":"stored","refresh_token":"r-1","expires_at":1}`
)

type named map[string]string

var (
	workload = named{"ANTHROPIC_FEDERATION_RULE_ID": "rule-env", "ANTHROPIC_ORGANIZATION_ID": "org-env", "ANTHROPIC_IDENTITY_TOKEN": "jwt-env"}
	login    = named{"configs/work.json": loginFile, "credentials/work.json": freshToken}
)

func with(parts ...named) named {
	all := named{}
	for _, m := range parts {
		maps.Copy(all, m)
	}
	return all
}

// credentialRows test the precedence of credentials, and how files are read. They are not parallel because they set the
// environment.
var credentialRows = []struct {
	name  string
	env   named
	files named
	want  string // part of what arrives from ours; empty means an error
	why   string // why the SDK's calls differ
}{
	{name: "order/nothing"},
	{name: "order/1 key", env: with(workload, named{"ANTHROPIC_API_KEY": "key", "ANTHROPIC_AUTH_TOKEN": "token", "ANTHROPIC_PROFILE": "work"}), files: login, want: `as "key"`},
	{name: "order/2 token", env: with(workload, named{"ANTHROPIC_AUTH_TOKEN": "token", "ANTHROPIC_PROFILE": "work"}), files: login, want: `as "token"`},
	{name: "order/3 named profile", env: with(workload, named{"ANTHROPIC_PROFILE": "work"}), files: login, want: `as "stored"`},
	{name: "order/4 workload", env: workload, files: with(named{"active_config": "work"}, login), want: `as "exchanged"`},
	{name: "order/5 active profile", files: with(named{"active_config": "work\n"}, login), want: `as "stored"`},
	{name: "order/6 default profile", files: named{"configs/default.json": loginFile, "credentials/default.json": freshToken}, want: `as "stored"`},

	{name: "empty/key", env: named{"ANTHROPIC_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": "token"}, want: `as "token"`},
	{name: "empty/active_config", files: named{"active_config": " \n", "configs/default.json": loginFile, "credentials/default.json": freshToken}, want: `as "stored"`},
	{name: "empty/profile", env: named{"ANTHROPIC_PROFILE": ""}, files: named{"configs/default.json": loginFile, "credentials/default.json": freshToken}, want: `as "stored"`,
		why: "an empty variable counts as unset, as everywhere else"},
	{name: "empty/token file", env: with(workload, named{"ANTHROPIC_IDENTITY_TOKEN_FILE": ""}), want: `as "exchanged"`,
		why: "an empty variable counts as unset, as everywhere else"},

	{name: "named/missing", env: named{"ANTHROPIC_PROFILE": "home"}, files: login},
	{name: "named/missing, with a workload", env: with(workload, named{"ANTHROPIC_PROFILE": "home"}), files: login},
	{name: "named/malformed name", env: named{"ANTHROPIC_PROFILE": "../configs/work"}, files: login},
	{name: "active/missing", files: with(named{"active_config": "home"}, login)},
	{name: "active/malformed name", files: with(named{"active_config": "../configs/work"}, login)},
	{name: "default/malformed", files: named{"configs/default.json": "{", "credentials/default.json": freshToken}},
	{name: "default/no authentication", files: named{"configs/default.json": "{}", "credentials/default.json": freshToken}},
	{name: "default/unknown authentication", files: named{"configs/default.json": `{"authentication":{"type":"new"}}`, "credentials/default.json": freshToken}},

	{name: "workload/all", env: with(workload, named{"ANTHROPIC_SERVICE_ACCOUNT_ID": "sa-env", "ANTHROPIC_WORKSPACE_ID": "ws-env", "ANTHROPIC_SCOPE": "s"}), want: `as "exchanged" with oauth`},
	{name: "workload/file before value", env: with(workload, named{"ANTHROPIC_IDENTITY_TOKEN_FILE": "DIR/jwt"}), files: named{"jwt": " jwt-file\n"}, want: `as "exchanged"`},
	{name: "workload/file missing", env: with(workload, named{"ANTHROPIC_IDENTITY_TOKEN_FILE": "DIR/jwt"})},
	{name: "workload/partial", env: named{"ANTHROPIC_FEDERATION_RULE_ID": "r", "ANTHROPIC_IDENTITY_TOKEN": "j"}},
	{name: "workload/partial, with a profile", env: named{"ANTHROPIC_FEDERATION_RULE_ID": "r", "ANTHROPIC_IDENTITY_TOKEN": "j"}, files: named{"configs/default.json": loginFile, "credentials/default.json": freshToken}, want: `as "stored"`},

	{name: "login/workspace of the file", env: named{"ANTHROPIC_PROFILE": "work", "ANTHROPIC_WORKSPACE_ID": "ws-env"}, files: with(login, named{"configs/work.json": `{"workspace_id":"ws-file","authentication":{"type":"user_oauth"}}`}), want: "in ws-file"},
	{name: "login/workspace of the environment", env: named{"ANTHROPIC_PROFILE": "work", "ANTHROPIC_WORKSPACE_ID": "ws-env"}, files: login, want: "in ws-env"},
	{name: "login/workspace of a header", env: named{"ANTHROPIC_PROFILE": "work", "ANTHROPIC_WORKSPACE_ID": "ws-env", "ANTHROPIC_CUSTOM_HEADERS": "anthropic-workspace-id: ws-header"}, files: login, want: "in ws-header"},
	{name: "login/expired", env: named{"ANTHROPIC_PROFILE": "work"}, files: with(login, named{"credentials/work.json": oldToken})},
	{name: "login/no expiry", env: named{"ANTHROPIC_PROFILE": "work"}, files: with(login, named{"credentials/work.json": `{"access_token":"stored"}`}), want: `as "stored"`},
	{name: "login/refreshed", env: named{"ANTHROPIC_PROFILE": "work"}, files: named{"configs/work.json": refreshableFile, "credentials/work.json": oldToken}, want: `as "exchanged" with oauth`},
	{name: "login/no refresh token", env: named{"ANTHROPIC_PROFILE": "work"}, files: named{"configs/work.json": refreshableFile, "credentials/work.json": `{"access_token":"stored","expires_at":1}`}},
	{name: "login/no credentials", env: named{"ANTHROPIC_PROFILE": "work"}, files: named{"configs/work.json": loginFile}},
	{name: "login/path of credentials", env: named{"ANTHROPIC_PROFILE": "work"}, files: named{"configs/work.json": `{"authentication":{"type":"user_oauth","credentials_path":"DIR/mine.json"}}`, "mine.json": freshToken}, want: `as "stored"`},

	{name: "federation/file", env: named{"ANTHROPIC_PROFILE": "work"}, files: named{"configs/work.json": federationFile, "jwt": "jwt-file"}, want: `as "exchanged" with oauth`},
	{name: "federation/file before environment", env: with(workload, named{"ANTHROPIC_PROFILE": "work", "ANTHROPIC_WORKSPACE_ID": "ws-env", "ANTHROPIC_SERVICE_ACCOUNT_ID": "sa-env"}), files: named{"configs/work.json": federationFile, "jwt": "jwt-file"}, want: `as "exchanged"`},
	{name: "federation/environment fills in", env: with(workload, named{"ANTHROPIC_PROFILE": "work", "ANTHROPIC_WORKSPACE_ID": "ws-env", "ANTHROPIC_SERVICE_ACCOUNT_ID": "sa-env"}), files: named{"configs/work.json": `{"authentication":{"type":"oidc_federation"}}`}, want: `as "exchanged"`},
	{name: "federation/stored token", env: named{"ANTHROPIC_PROFILE": "work"}, files: named{"configs/work.json": federationFile, "credentials/work.json": freshToken}, want: `as "stored"`},
	{name: "federation/stored token is old", env: named{"ANTHROPIC_PROFILE": "work"}, files: named{"configs/work.json": federationFile, "credentials/work.json": oldToken, "jwt": "jwt-file"}, want: `as "exchanged"`},
	{name: "federation/no rule", env: named{"ANTHROPIC_PROFILE": "work"}, files: named{"configs/work.json": `{"organization_id":"o","authentication":{"type":"oidc_federation"}}`}},
	{name: "federation/unknown source", env: named{"ANTHROPIC_PROFILE": "work"}, files: named{"configs/work.json": strings.Replace(federationFile, `"source":"file"`, `"source":"url"`, 1), "jwt": "jwt-file"}},

	{name: "base URL/profile", env: named{"ANTHROPIC_PROFILE": "work", "ANTHROPIC_BASE_URL": ""}, files: with(login, named{"configs/work.json": `{"base_url":"OTHER","authentication":{"type":"user_oauth"}}`}), want: `other: /v1/messages/batches/b as "stored"`},
	{name: "base URL/environment", env: named{"ANTHROPIC_PROFILE": "work"}, files: with(login, named{"configs/work.json": `{"base_url":"OTHER","authentication":{"type":"user_oauth"}}`}), want: `/v1/messages/batches/b as "stored"`},
	{name: "base URL/tokens of the profile", env: named{"ANTHROPIC_PROFILE": "work"}, files: named{"configs/work.json": strings.Replace(refreshableFile, "{", `{"base_url":"OTHER/path/",`, 1), "credentials/work.json": oldToken}, want: `/v1/messages/batches/b as "exchanged"`},
	{name: "base URL/tokens below a path", env: with(workload, named{"ANTHROPIC_BASE_URL": "URL/gateway"}), want: `/gateway/v1/messages/batches/b as "exchanged"`,
		why: "the identity token stays below the path of the base URL, because others may own the rest of the host"},
}

// TestCredentials gives both clients the same environment and the same files, and compares the calls that arrive.
func TestCredentials(t *testing.T) {
	var table strings.Builder
	for _, tt := range credentialRows {
		t.Run(tt.name, func(t *testing.T) {
			server, other := newOrigin(t), newOrigin(t)
			place := func(dir, s string) string {
				return strings.NewReplacer("DIR", dir, "URL", server.URL, "OTHER", other.URL).Replace(s)
			}
			run := func(call func(context.Context) error) []string {
				dir := t.TempDir()
				for _, v := range identityVariables {
					t.Setenv(v, "")
					os.Unsetenv(v)
				}
				t.Setenv("HOME", t.TempDir())
				t.Setenv("ANTHROPIC_CONFIG_DIR", dir)
				t.Setenv("ANTHROPIC_BASE_URL", server.URL)
				for name, value := range tt.env {
					t.Setenv(name, place(dir, value))
				}
				for name, text := range tt.files {
					path := filepath.Join(dir, name)
					if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(path, []byte(place(dir, text)), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				err := call(t.Context())
				calls := server.take(err)
				for _, c := range other.take(nil) {
					calls = append(calls, "other: "+c)
				}
				return append(calls, storedTokens(dir)...)
			}
			theirs := run(func(ctx context.Context) error {
				c := anthropic.NewClient(option.WithMaxRetries(0))
				_, err := c.Beta.Messages.Batches.Get(ctx, "b", anthropic.BetaMessageBatchGetParams{})
				return err
			})
			ours := run(func(ctx context.Context) error {
				c, err := client.New(client.WithRetry(client.Retry{MaxAttempts: 1}))
				if err == nil {
					_, err = c.Get(ctx, "b")
				}
				return err
			})
			same := cmp.Equal(theirs, ours)
			if same != (tt.why == "") {
				t.Errorf("the SDK (-) and ours (+), which should differ if %q:\n%s", tt.why, cmp.Diff(theirs, ours))
			}
			want := tt.want
			if want == "" {
				want = "an error"
			}
			if all := strings.Join(ours, "\n"); !strings.Contains(all, want) {
				t.Errorf("got %s, want %s", all, want)
			}
			note := "same"
			if !same {
				note = "differs: " + tt.why
			}
			fmt.Fprintf(&table, "%-40s %-55s %s\n", tt.name, want, note)
		})
	}
	t.Logf("\n%s", table.String())
}

// storedTokens reads the credentials files in a directory as the SDK does.
func storedTokens(dir string) (all []string) {
	paths, _ := filepath.Glob(filepath.Join(dir, "credentials", "*.json"))
	for _, path := range paths {
		var c config.Credentials
		data, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(data, &c)
		}
		text := fmt.Sprintf("%s: %s %s, %v", filepath.Base(path), c.AccessToken, c.RefreshToken, err)
		if c.ExpiresAt != nil {
			text += fmt.Sprintf(", expires in %s", time.Until(*c.ExpiresAt).Round(time.Minute))
		}
		all = append(all, text)
	}
	return all
}

// TestDirectories compares where both look for profiles.
func TestDirectories(t *testing.T) {
	for name, env := range map[string]named{
		"variable": {"ANTHROPIC_CONFIG_DIR": "/a", "XDG_CONFIG_HOME": "/x", "HOME": "/h"},
		"XDG":      {"XDG_CONFIG_HOME": "/x", "HOME": "/h"},
		"home":     {"HOME": "/h"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for _, v := range identityVariables {
				t.Setenv(v, "")
				os.Unsetenv(v)
			}
			for variable, dir := range env {
				t.Setenv(variable, root+dir)
			}
			dir := config.DefaultDir()
			if err := config.SaveProfile(dir, "default", &config.Config{AuthenticationInfo: config.NewUserOAuthAuthentication("cli")}); err != nil {
				t.Fatal(err)
			}
			if err := config.WriteCredentials(config.ProfileCredentialsPath(dir, "default"), config.Credentials{AccessToken: "stored", RefreshToken: "r"}); err != nil {
				t.Fatal(err)
			}
			c, err := client.New()
			if err != nil || !strings.HasSuffix(c.String(), "with profile default") {
				t.Errorf("%s: got %v, %v", dir, c, err)
			}
		})
	}
}
