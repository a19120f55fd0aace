package client_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
)

// environment lists the variables that set the credential and the base URL of a client.
var environment = []string{
	"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "ANTHROPIC_CUSTOM_HEADERS", "ANTHROPIC_PROFILE", "ANTHROPIC_CONFIG_DIR",
	"ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_ORGANIZATION_ID", "ANTHROPIC_SERVICE_ACCOUNT_ID", "ANTHROPIC_WORKSPACE_ID",
	"ANTHROPIC_IDENTITY_TOKEN", "ANTHROPIC_IDENTITY_TOKEN_FILE",
}

func TestNew(t *testing.T) {
	const key = "sk-ant-planted"
	for name, tt := range map[string]struct {
		env     map[string]string
		options []client.Option
		want    string // of the error, or of String
	}{
		"no key":             {nil, nil, "no credential: set ANTHROPIC_API_KEY"},
		"key of environment": {map[string]string{"ANTHROPIC_API_KEY": key}, nil, "https://api.anthropic.com/ with API key"},
		"token":              {map[string]string{"ANTHROPIC_AUTH_TOKEN": key}, nil, "with auth token"},
		"key before token":   {map[string]string{"ANTHROPIC_AUTH_TOKEN": key, "ANTHROPIC_API_KEY": key}, nil, "with API key"},
		"option silences":    {map[string]string{"ANTHROPIC_API_KEY": key}, []client.Option{client.WithAuthToken(key)}, "with auth token"},
		"no environment":     {map[string]string{"ANTHROPIC_API_KEY": key}, []client.Option{client.WithoutEnvironment()}, "no credential"},
		"empty key":          {nil, []client.Option{client.WithAPIKey("")}, "API key is empty"},
		"key with break":     {map[string]string{"ANTHROPIC_API_KEY": key + "\n"}, nil, "ANTHROPIC_API_KEY: API key begins or ends with white space"},
		"key with control":   {nil, []client.Option{client.WithAPIKey("a\x00b")}, "control character"},
		"base URL":           {map[string]string{"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": "https://gateway.example.com/llm"}, nil, "https://gateway.example.com/llm/ with"},
		"base URL plain":     {map[string]string{"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": "http://gateway.example.com"}, nil, "WithInsecureHTTP"},
		"base URL insecure":  {map[string]string{"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": "http://gateway.example.com"}, []client.Option{client.WithInsecureHTTP()}, "http://gateway.example.com/ with"},
		"base URL loopback":  {map[string]string{"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": "http://127.0.0.1:4010"}, nil, "http://127.0.0.1:4010/ with"},
		"base URL user":      {nil, []client.Option{client.WithAPIKey(key), client.WithBaseURL("https://me:" + key + "@example.com")}, "holds a user name or password"},
		"base URL garbage":   {nil, []client.Option{client.WithAPIKey(key), client.WithBaseURL("::" + key)}, "must begin with https://"},
		"base URL no scheme": {map[string]string{"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": "localhost:4010"}, nil, "ANTHROPIC_BASE_URL: base URL must begin with https://"},
		"base URL scheme":    {nil, []client.Option{client.WithAPIKey(key), client.WithBaseURL("ftp://example.com")}, "must begin with https://"},
		"base URL /v1":       {nil, []client.Option{client.WithAPIKey(key), client.WithBaseURL("https://api.anthropic.com/v1")}, "ends with /v1"},
		"base URL endpoint":  {nil, []client.Option{client.WithAPIKey(key), client.WithBaseURL("https://api.anthropic.com/v1/messages/batches")}, "ends with /v1/messages/batches"},
		"base URL with dots": {nil, []client.Option{client.WithAPIKey(key), client.WithBaseURL("https://example.com//a/../b")}, "https://example.com/b/ with API key"},
		"headers":            {map[string]string{"ANTHROPIC_API_KEY": key, "ANTHROPIC_CUSTOM_HEADERS": "x-a: " + key + "\n\nanthropic-beta: b-1"}, nil, "with API key"},
		"headers malformed":  {map[string]string{"ANTHROPIC_API_KEY": key, "ANTHROPIC_CUSTOM_HEADERS": key}, nil, "ANTHROPIC_CUSTOM_HEADERS: each line must have the form"},
		"header of net":      {nil, []client.Option{client.WithAPIKey(key), client.WithHeader("content-length", "1")}, "belongs to the connection"},
		"header of packing":  {nil, []client.Option{client.WithAPIKey(key), client.WithHeader("accept-encoding", "gzip")}, "belongs to the connection"},
		"header injection":   {nil, []client.Option{client.WithAPIKey(key), client.WithHeader("x-a", "1\r\nx-b: "+key)}, "control character"},
		"federation":         {map[string]string{"ANTHROPIC_FEDERATION_RULE_ID": "fdrl_1", "ANTHROPIC_ORGANIZATION_ID": "o", "ANTHROPIC_IDENTITY_TOKEN": key}, nil, "with workload identity"},
		"federation partial": {map[string]string{"ANTHROPIC_FEDERATION_RULE_ID": "fdrl_1", "ANTHROPIC_IDENTITY_TOKEN": key}, nil, "workload identity: ANTHROPIC_ORGANIZATION_ID is not set"},
		"federation option":  {nil, []client.Option{client.WithFederation(client.Federation{OrganizationID: "o"})}, "workload identity: the federation rule is missing"},
		"profile":            {map[string]string{"ANTHROPIC_PROFILE": "work"}, nil, "profile work: open "},
		"several errors":     {nil, []client.Option{client.WithBetas("a b"), client.WithUserAgent("\n")}, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range environment {
				t.Setenv(v, "")
				os.Unsetenv(v)
			}
			t.Setenv("XDG_CONFIG_HOME", t.TempDir())
			for k, v := range tt.env {
				t.Setenv(k, v)
			}
			c, err := client.New(tt.options...)
			var got string
			if err != nil {
				got = err.Error()
			} else {
				got = c.String()
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			printed := got + fmt.Sprintf("%v %+v %#v %s", c, c, c, c) + fmt.Sprintf("%+v %#v", tt.options, tt.options)
			if c != nil {
				printed += fmt.Sprintf("%v %+v %#v", *c, *c, *c)
			}
			if strings.Contains(printed, key) {
				t.Errorf("the secret shows: %s", printed)
			}
		})
	}
}
