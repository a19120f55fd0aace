package repotest

import (
	"archive/zip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestRelease publishes the working tree to a proxy in a directory, with the version that the nested modules require,
// and then does what users do, without go.work: go get in a new module, go install of the command, and running it.
func TestRelease(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped with -short: not tested that go get and go install work with the committed files")
	}
	version, proxy := required(t), t.TempDir()
	publish(t, proxy, ".", version)
	publish(t, proxy, "jobs", version)
	publish(t, proxy, "jobs/bucket", version)
	publish(t, proxy, "jobs/river", version)
	publish(t, proxy, "cmd", version)
	publish(t, proxy, "aws", version)
	publish(t, proxy, "otel", version)
	publish(t, proxy, "cookbook", version)

	// Our modules come from proxy, other modules from the module cache or the usual proxies. A separate cache keeps our
	// version out of the user's cache.
	downloaded := strings.TrimSpace(runGo(t, ".", nil, "env", "GOMODCACHE"))
	usual := strings.TrimSpace(runGo(t, ".", nil, "env", "GOPROXY"))
	bin := t.TempDir()
	env := []string{
		"GOPROXY=" + fileURL(proxy) + "," + fileURL(filepath.Join(downloaded, "cache", "download")) + "," + usual,
		"GOSUMDB=off", "GOPRIVATE=", "GONOPROXY=", "GOFLAGS=-modcacherw", "GOMODCACHE=" + t.TempDir(), "GOBIN=" + bin,
	}

	dir := newImporter(t, "/client", "/client/batchtest", "/client/preflight")
	runGo(t, dir, env, "get", module+"/client@"+version)
	runGo(t, dir, env, "mod", "tidy")
	runGo(t, dir, env, "build", "-o", os.DevNull, ".")
	if got := runGo(t, dir, env, "list", "-m", "-f", "{{.Path}} {{.Version}}{{with .Replace}} replaced{{end}}", module); got != module+" "+version+"\n" {
		t.Errorf("go get chose %s", got)
	}

	dir = newImporter(t, "/aws")
	runGo(t, dir, env, "get", module+"/aws@"+version)
	runGo(t, dir, env, "mod", "tidy")
	runGo(t, dir, env, "build", "-o", os.DevNull, ".")

	// A program that traces its calls without using jobs must not gain the dependencies of jobs.
	dir = newImporter(t, "/client", "/otel")
	runGo(t, dir, env, "get", module+"/otel@"+version)
	runGo(t, dir, env, "mod", "tidy")
	runGo(t, dir, env, "build", "-o", os.DevNull, ".")
	if mod := runGo(t, dir, env, "mod", "edit", "-json"); strings.Contains(mod, "sqlite") || strings.Contains(mod, module+"/jobs") {
		t.Errorf("package otel brings jobs: %s", mod)
	}

	runGo(t, t.TempDir(), env, "install", module+"/cookbook/classify@"+version)
	runGo(t, t.TempDir(), env, "install", module+"/cmd/messagebatches@"+version)
	name := "messagebatches"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	command := exec.Command(filepath.Join(bin, name), "validate", "-")
	command.Stdin = strings.NewReader(`{"custom_id": "a", "params": {"model": "claude-opus-5", "max_tokens": 10, "messages": [{"role": "user", "content": "Hello"}]}}` + "\n")
	out, err := command.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "1 request") {
		t.Errorf("validate: %v\n%s", err, out)
	}
	t.Logf("%s %s: go get, go install and validate work: %s", module, version, out)
}

// fileURL returns the URL of a directory.
func fileURL(dir string) string { return "file:///" + strings.TrimPrefix(filepath.ToSlash(dir), "/") }

// publish adds a module in a directory of the working tree to a proxy: https://go.dev/ref/mod#goproxy-protocol.
func publish(t *testing.T, proxy, dir, version string) {
	t.Helper()
	f := edit(t, "mod", filepath.Join(dir, "go.mod"))
	at := filepath.Join(proxy, filepath.FromSlash(f.Module.Path), "@v")
	if err := os.MkdirAll(at, 0o700); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"list":            version + "\n",
		version + ".info": fmt.Sprintf(`{"Version": %q}`, version),
		version + ".mod":  string(mod),
	} {
		if err := os.WriteFile(filepath.Join(at, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	archive, err := os.Create(filepath.Join(at, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	w := zip.NewWriter(archive)
	for _, name := range moduleFiles(t, dir) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		entry, err := w.Create(f.Module.Path + "@" + version + "/" + name)
		if err == nil {
			_, err = entry.Write(text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// moduleFiles returns the files of the module in a directory that git has or would add, without those of modules in it.
func moduleFiles(t *testing.T, dir string) []string {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = dir
	out, err := list.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	var nested []string // with a trailing slash
	for _, m := range moduleDirs(t) {
		if below, ok := strings.CutPrefix(m+"/", strings.TrimPrefix(filepath.ToSlash(dir)+"/", "./")); ok && below != "" {
			nested = append(nested, below)
		}
	}
	files := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	slices.Sort(files)
	return slices.DeleteFunc(slices.Compact(files), func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err != nil || slices.ContainsFunc(nested, func(m string) bool { return strings.HasPrefix(name, m) })
	})
}
