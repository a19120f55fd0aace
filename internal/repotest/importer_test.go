package repotest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestImporters makes modules that import our packages, and checks what that adds to their go.mod and go.sum: the
// modules that they link, and none of the generator, of tests, or of commands.
func TestImporters(t *testing.T) {
	t.Parallel()
	linked := []string{
		"github.com/apapsch/go-jsonmerge/v2", // required by runtime
		"github.com/go-json-experiment/json",
		"github.com/google/uuid", // required by runtime
		"github.com/oapi-codegen/runtime",
	}
	for name, tt := range map[string]struct {
		imports []string
		want    []string // modules beside ours
		sums    int      // most lines of go.sum, which includes the dependencies of tests of imported packages
	}{
		"contract":  {[]string{""}, nil, 12},
		"client":    {[]string{"/client"}, linked, 41},
		"tests too": {[]string{"/client", "/client/batchtest", "/client/preflight"}, linked, 41},
		"bulk":      {[]string{"/client", "/client/bulk"}, linked, 41},
		"messages":  {[]string{"/client", "/client/messages"}, linked, 41},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newImporter(t, tt.imports...)
			checkout, err := os.Getwd()
			if err != nil {
				t.Fatal(err)
			}
			runGo(t, dir, nil, "mod", "edit", "-require", module+"@v0.0.0", "-replace", module+"="+checkout)
			runGo(t, dir, nil, "mod", "tidy")
			var got []string
			for _, r := range edit(t, "mod", filepath.Join(dir, "go.mod")).Require {
				if r.Path != module {
					got = append(got, r.Path)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("modules (-want +got)\n%s", diff)
			}
			sums, err := os.ReadFile(filepath.Join(dir, "go.sum"))
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			if n := strings.Count(string(sums), "\n"); n > tt.sums {
				t.Errorf("go.sum has %d lines, more than %d:\n%s", n, tt.sums, sums)
			}
			modules := runGo(t, dir, nil, "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", ".")
			for _, path := range got {
				if !slices.Contains(strings.Fields(modules), path) {
					t.Errorf("module %s is required, and not linked", path)
				}
			}
			t.Logf("%d modules, %d lines of go.sum", len(got), strings.Count(string(sums), "\n"))
		})
	}
}

// newImporter makes a module with one program that imports some of our packages, and returns its directory.
func newImporter(t *testing.T, packages ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	var program strings.Builder
	program.WriteString("package main\n\n")
	for _, p := range packages {
		fmt.Fprintf(&program, "import _ %q\n", module+p)
	}
	program.WriteString("\nfunc main() {}\n")
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	runGo(t, dir, nil, "mod", "init", "example.com/importer")
	return dir
}

// runGo runs the go command outside of our workspace, with additional environment variables, and returns its output.
func runGo(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	command := exec.Command("go", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local")
	command.Env = append(command.Env, env...)
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}
