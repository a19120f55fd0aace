package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestPastedSettings passes New settings as editors, shells and docker --env-file damage them. The error describes the
// fault of the value, and does not show a credential. The test is not parallel, because it sets the environment.
func TestPastedSettings(t *testing.T) {
	const key, address = "sk-ant-pasted", "https://gateway.example.com"
	for name, tt := range map[string]struct{ variable, value, want string }{
		"key/double quotes":     {"ANTHROPIC_API_KEY", `"` + key + `"`, "API key is in quotes"},
		"key/single quotes":     {"ANTHROPIC_API_KEY", "'" + key + "'", "API key is in quotes"},
		"key/quoted break":      {"ANTHROPIC_API_KEY", `"` + key + "\n" + `"`, "API key is in quotes"},
		"key/blank before":      {"ANTHROPIC_API_KEY", " " + key, "API key begins or ends with white space or a line break"},
		"key/break behind":      {"ANTHROPIC_API_KEY", key + "\r\n", "API key begins or ends with white space or a line break"},
		"key/break within":      {"ANTHROPIC_API_KEY", key + "\n" + key, "API key holds a control character"},
		"key/blank within":      {"ANTHROPIC_API_KEY", key + " # mine", "API key holds white space"},
		"key/bearer":            {"ANTHROPIC_API_KEY", "Bearer " + key, `API key begins with "Bearer": remove it`},
		"key/typographic":       {"ANTHROPIC_API_KEY", "\u201c" + key + "\u201d", "API key holds a character that is not ASCII"},
		"key/good":              {"ANTHROPIC_API_KEY", key, ""},
		"token/quotes":          {"ANTHROPIC_AUTH_TOKEN", `"` + key + `"`, "auth token is in quotes"},
		"token/bearer":          {"ANTHROPIC_AUTH_TOKEN", "bearer " + key, `auth token begins with "bearer": remove it`},
		"token/break":           {"ANTHROPIC_AUTH_TOKEN", key + "\n", "auth token begins or ends with white space or a line break"},
		"base URL/quotes":       {"ANTHROPIC_BASE_URL", `"` + address + `"`, "base URL is in quotes, which are shell syntax: remove them"},
		"base URL/blank":        {"ANTHROPIC_BASE_URL", address + " ", "base URL begins or ends with white space or a line break"},
		"base URL/break":        {"ANTHROPIC_BASE_URL", address + "\r", "base URL begins or ends with white space or a line break"},
		"base URL/break within": {"ANTHROPIC_BASE_URL", address + "\n" + address, "base URL holds a control character"},
		"headers/quotes":        {"ANTHROPIC_CUSTOM_HEADERS", `"X-Own: ` + key + `"`, "begins with a quotation mark"},
		"headers/quoted lines":  {"ANTHROPIC_CUSTOM_HEADERS", "'X-Own: " + key + "\nX-Other: y'", "begins with a quotation mark"},
		"headers/upgrade":       {"ANTHROPIC_CUSTOM_HEADERS", "Upgrade: " + key, "header Upgrade cannot be set"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range environment {
				t.Setenv(v, "")
				os.Unsetenv(v)
			}
			t.Setenv(tt.variable, tt.value)
			var options []client.Option
			if tt.variable == "ANTHROPIC_BASE_URL" || tt.variable == "ANTHROPIC_CUSTOM_HEADERS" {
				options = append(options, client.WithAPIKey("k"))
			}
			_, err := client.New(options...)
			if (err == nil) != (tt.want == "") {
				t.Fatalf("got %v", err)
			}
			if err != nil && (!strings.Contains(err.Error(), tt.variable) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %s and %q in it", err, tt.variable, tt.want)
			}
			if strings.Contains(fmt.Sprint(err), key) {
				t.Errorf("shows the key: %v", err)
			}
			if err != nil {
				checkFit(t, err.Error(), 500)
			}
		})
	}
}

func TestPastedOptions(t *testing.T) {
	t.Parallel()
	const key = "sk-ant-pasted"
	source := func(context.Context) (string, error) { return `"` + key + `"`, nil }
	c, err := client.New(client.WithoutEnvironment(), client.WithTokenSource(source))
	if err != nil {
		t.Fatal(err)
	}
	for want, err := range map[string]error{
		"API key is in quotes":      second(client.New(client.WithoutEnvironment(), client.WithAPIKey("'"+key+"'"))),
		"auth token is in quotes":   second(client.New(client.WithoutEnvironment(), client.WithAuthToken("'"+key+"'"))),
		"base URL is in quotes":     second(client.New(client.WithoutEnvironment(), client.WithAPIKey("k"), client.WithBaseURL(`"https://example.com"`))),
		"token source is in quotes": second(c.Get(t.Context(), "b")),
	} {
		if text := fmt.Sprint(err); !strings.Contains(text, want) || strings.Contains(text, key) {
			t.Errorf("got %s, want %q", text, want)
		}
	}
}

// TestBaseURLsOfThisMachine checks that these need no TLS.
func TestBaseURLsOfThisMachine(t *testing.T) {
	t.Parallel()
	for host, here := range map[string]bool{
		"localhost:1": true, "LOCALHOST": true, "localhost.": true, "api.localhost": true, "a.b.Localhost:4000": true, "0.0.0.0:4000": true,
		"127.1.2.3": true, "[::1]": true, "[::]:1": true,
		"localhost.example.com": false, "notlocalhost": false, "192.168.0.1": false, "0.0.0.1": false, "[fe80::1]": false,
	} {
		_, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("k"), client.WithBaseURL("http://"+host))
		if here != (err == nil) || err != nil && !strings.Contains(err.Error(), "is not encrypted") {
			t.Errorf("%s: got %v", host, err)
		}
	}
}

func TestBaseURLsWithDotSegments(t *testing.T) {
	t.Parallel()
	for path, good := range map[string]bool{
		"": true, "/": true, "/a": true, "/a/../b": true, "/a%20b": true, "/a//b": true, "/a%2eb": true,
		"/%2e%2e/x": false, "/a/%2E%2e": false, "/a/.%2e/b": false, "/%2e": false, "/a/%2e/b": false, "/a%2f..%2fb": false, "/a%2F%2Fb": false,
	} {
		c, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("k"), client.WithBaseURL("http://localhost"+path),
			client.WithHTTPClient(&http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("sent") })}), once)
		if good != (err == nil) || err != nil && !strings.Contains(err.Error(), "base URL has an encoded dot segment or slash") {
			t.Errorf("%s: got %v", path, err)
		}
		if err == nil {
			if _, err := c.Get(t.Context(), "b"); !strings.Contains(fmt.Sprint(err), "sent") {
				t.Errorf("%s: a call returns %v", path, err)
			}
		}
	}
}

// TestHeadersOfTheConnection checks that New and calls refuse these headers before anything is sent.
func TestHeadersOfTheConnection(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	c := s.Client()
	for _, name := range []string{
		"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "HTTP2-Settings",
		"Content-Length", "Host", "Accept-Encoding", "keep-alive", "tE", "upgrade",
	} {
		const secret = "planted-value"
		_, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("k"), client.WithHeader(name, secret))
		for op, err := range map[string]error{
			"new":    err,
			"get":    second(c.Get(t.Context(), "b", client.WithHeader(name, secret))),
			"create": second(c.Create(t.Context(), requests(1), client.WithHeader(name, secret))),
			"wait":   second(c.Wait(t.Context(), "b", client.WithHeader(name, secret))),
			"cancel": second(c.Cancel(t.Context(), "b", client.WithHeader(name, secret))),
			"delete": c.Delete(t.Context(), "b", client.WithHeader(name, secret)),
		} {
			if text := fmt.Sprint(err); !strings.Contains(text, "belongs to the connection") || strings.Contains(text, secret) {
				t.Errorf("%s of %s: got %s", op, name, text)
			}
		}
	}
	if n := len(s.Calls("")); n > 0 {
		t.Errorf("%d calls", n)
	}
}

// TestRedirectsWithAPassword checks that these are not followed, even within the origin: net/http would turn the password
// into a credential.
func TestRedirectsWithAPassword(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"http://" + plantedUser + ":" + plantedPass + "@localhost/v1/messages/batches/b", "//" + plantedUser + "@localhost/v1/messages/batches/b"} {
		s := batchtest.New(t)
		c := s.Client()
		s.Inject(batchtest.Get, batchtest.Status(302, "", "location", to))
		_, err := c.Get(t.Context(), "b")
		var apiErr *client.APIError
		if !errors.As(err, &apiErr) || apiErr.StatusCode != 302 || !strings.Contains(err.Error(), "without a user in the URL") || len(s.Calls("")) != 1 {
			t.Errorf("%s: %d calls, %v", to, len(s.Calls("")), err)
		}
		for _, call := range s.Calls("") {
			if call.Header.Get("authorization") != "" {
				t.Errorf("%s: sends %q", to, call.Header.Get("authorization"))
			}
		}
		if text := err.Error() + inside(err); strings.Contains(text, plantedUser) || strings.Contains(text, plantedPass) {
			t.Errorf("shows the password: %s", text)
		}
	}
}
