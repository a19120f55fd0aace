package foreign

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAll(t *testing.T) {
	t.Parallel()
	found := func(findings ...string) func(context.Context, *Run) ([]string, error) {
		return func(context.Context, *Run) ([]string, error) { return findings, nil }
	}
	tools := []Tool{{"clean", "v1", false, found()}, {"gate", "v2", false, found("a  finding")}, {"other", "v3", false, found("b")}}
	r := &Run{Folder: t.TempDir()}
	lock(t, r.Folder)
	var out strings.Builder
	failed, err := r.All(t.Context(), &out, tools, []string{"clean", "gate"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"gate"}, failed); diff != "" {
		t.Errorf("failed (-want +got)\n%s", diff)
	}
	want := `clean                   v1         0 findings N s
gate                    v2         1 findings N s
    a finding
other                   v3         1 findings N s, reported only
    b
`
	if diff := cmp.Diff(want, regexp.MustCompile(` +\d+\.\d s`).ReplaceAllString(out.String(), " N s")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, err := r.All(t.Context(), &out, tools, []string{"gates"}); err == nil {
		t.Error("a gate that is not a tool passes")
	}
}

// lock makes a folder in which npm has already installed everything.
func lock(t *testing.T, folder string) {
	t.Helper()
	for _, name := range []string{"package-lock.json", "node_modules/.installed"} {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("{}"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSkip checks that npm tools pass, with a message, where there is no node.
func TestSkip(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var out strings.Builder
	failed, err := new(Run).All(t.Context(), &out, []Tool{{Name: "a", Version: "1", npm: true}}, []string{"a"})
	if err != nil || failed != nil || !strings.Contains(out.String(), "skipped") {
		t.Errorf("%v, %v, %q", failed, err, out.String())
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	list(&out, strings.Fields(strings.Repeat("x ", maxFindings+2)))
	if lines := strings.Split(out.String(), "\n"); len(lines) != maxFindings+2 || lines[maxFindings] != "    and 2 more" {
		t.Errorf("got %q", lines)
	}
}

const twoEnums = `
openapi: 3.1.0
components:
  schemas:
    Closed: {type: object, properties: {model: {type: string, enum: [a]}}}
    Open: {type: object, properties: {model: {anyOf: [{enum: [a]}, {type: string}]}}}
`

// TestAjv needs the tools of package-lock.json: make contract-foreign installs them.
func TestAjv(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("node_modules/ajv"); err != nil {
		t.Skip("skipped, the npm tools are not installed: validate.mjs was not tested")
	}
	dir := t.TempDir()
	r := &Run{Folder: ".", Contract: filepath.Join(dir, "openapi.yaml"), Newer: filepath.Join(dir, "newer.json")}
	if findings, err := ajv(t.Context(), r); err != nil || len(findings) != 1 {
		t.Errorf("without values: %q, %v", findings, err)
	}
	for name, text := range map[string]string{
		r.Contract: twoEnums,
		r.Newer: `[
			{"name": "open", "component": "Open", "valid": true, "value": {"model": "b"}},
			{"name": "closed", "component": "Closed", "valid": true, "value": {"model": "b"}},
			{"name": "refused", "component": "Closed", "valid": false, "value": {"model": "b"}},
			{"name": "taken", "component": "Open", "valid": false, "value": {"model": "b"}},
			{"name": "unknown", "component": "Other", "valid": true, "value": {}}]`,
	} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	findings, err := ajv(t.Context(), r)
	want := []string{
		"closed (Closed): /model must be equal to one of the allowed values",
		"taken (Open): it is valid",
		"unknown: the contract has no Other",
	}
	if diff := cmp.Diff(want, findings); err != nil || diff != "" {
		t.Errorf("%v, (-want +got)\n%s", err, diff)
	}
}

func TestMock(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if code := 0; r.Header.Get("prefer") != "" {
			if _, err := fmt.Sscanf(r.Header.Get("prefer"), "code=%d", &code); err != nil {
				t.Error(err)
			}
			w.WriteHeader(code)
		}
		if r.URL.Path == "/v1/messages/batches/empty" {
			return
		}
		fmt.Fprint(w, `{"error": {"type": "not_found_error"}}`)
	}))
	defer server.Close()
	findings := askMock(server.URL, []mockCase{
		{"right", "GET", "/x", "", 404, 404, "not_found_error"},
		{"no error", "GET", "", "", 0, 200, ""},
		{"another status", "GET", "/x", "", 0, 404, "not_found_error"},
		{"another type", "GET", "/x", "", 401, 401, "authentication_error"},
		{"no JSON", "GET", "/empty", "", 404, 404, "not_found_error"},
	})
	var names []string
	for _, f := range findings {
		name, _, _ := strings.Cut(f, ":")
		names = append(names, name)
	}
	if diff := cmp.Diff([]string{"another status", "another type", "no JSON"}, names); diff != "" {
		t.Errorf("(-want +got)\n%s\n%q", diff, findings)
	}
}

// TestPins checks that package.json names exact versions and that package-lock.json has the same ones and names no
// registry.
func TestPins(t *testing.T) {
	t.Parallel()
	want, err := pins(".")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var locked struct {
		Packages map[string]struct{ Version, Resolved, Integrity string }
	}
	if err := json.Unmarshal(text, &locked); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for name, version := range want {
		want[name] = version[strings.LastIndex(version, "@")+1:] // of an alias: npm:package@version
		got[name] = locked.Packages["node_modules/"+name].Version
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("package.json and package-lock.json (-want +got)\n%s", diff)
	}
	for name, p := range locked.Packages {
		if name != "" && (p.Resolved != "" || p.Integrity == "") {
			t.Errorf("%s: resolved %q, integrity %q", name, p.Resolved, p.Integrity)
		}
	}
}
