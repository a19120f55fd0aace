package conformance_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPin moves a copy of this repository, with an outdated README and a stale exception, to the version that is pinned
// here. That needs no network, and nothing else may change.
func TestPin(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped with -short: make drift-pin was not tested")
	}
	version := sdkVersion(t)
	dir := copyRepository(t)
	edit := func(name string, f func(string) string) (before string) {
		file := filepath.Join(dir, name)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(f(string(text))), 0o666); err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	same := func(text string) string { return text }
	const exceptions = "conformance/drift-exceptions.txt"
	readme := edit("README.md", func(text string) string { return strings.Replace(text, "SDK, "+version, "SDK, v2.0.0", 1) })
	migrating := edit("MIGRATING.md", func(text string) string { return strings.Replace(text, "here "+version+")", "here v2.0.0)", 1) })
	known := edit(exceptions, func(text string) string { return text + "batch.gone  long ago\n" })
	pinned := edit("conformance/go.mod", same) + edit("conformance/go.sum", same)

	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "conformance", "pin.sh"), version, "keep")
	out, err := cmd.CombinedOutput()
	if err != nil && regexp.MustCompile(`dial tcp|no such host|lookup disabled`).Match(out) {
		t.Skipf("offline, and a module is not in the cache:\n%s", out)
	}
	if !bytes.Contains(out, []byte("the pinned SDK")) { // printed by make drift, the last step, which fails if there is drift
		t.Errorf("%v\n%s", err, out)
	}
	if edit("README.md", same) != readme || !strings.Contains(readme, "The official Go SDK, "+version+",") {
		t.Errorf("README.md does not name %s", version)
	}
	if edit("MIGRATING.md", same) != migrating || !strings.Contains(migrating, "here "+version+")") {
		t.Errorf("MIGRATING.md does not name %s", version)
	}
	if got := edit(exceptions, same); got != known {
		t.Errorf("the exceptions are\n%s", got)
	}
	if got := edit("conformance/go.mod", same) + edit("conformance/go.sum", same); got != pinned {
		t.Errorf("go.mod and go.sum are\n%s", got)
	}
}

// TestPinUsage checks that wrong arguments change nothing.
func TestPinUsage(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"version/none":  nil,
		"version/word":  {"latest"},
		"version/major": {"v9.0.0", "keep"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if out, err := exec.CommandContext(t.Context(), "./pin.sh", args...).CombinedOutput(); err == nil {
				t.Errorf("it succeeds: %s", out)
			}
		})
	}
}

// sdkVersion returns the version of the Go SDK in go.mod.
func sdkVersion(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`anthropic-sdk-go/v\d+ (v\S+)`).FindSubmatch(text)
	if m == nil {
		t.Fatal("go.mod has no SDK")
	}
	return string(m[1])
}

// copyRepository copies the files that git tracks or would add to a new folder.
func copyRepository(t *testing.T) string {
	t.Helper()
	names, err := exec.Command("git", "-C", "..", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		info, err := os.Stat(filepath.Join("..", name))
		if err != nil {
			continue // removed, and not committed yet
		}
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, info.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestFollowingARelease checks the steps in CONTRIBUTING.md: the targets and files in them exist, and they name
// everything that a pin changes.
func TestFollowingARelease(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(guide), "## Following a new release of the API\n")
	section, _, ok := strings.Cut(section, "\n## ")
	if !ok {
		t.Fatal("CONTRIBUTING.md has no section about a new release")
	}
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(section, -1)
	if len(quoted) < 15 {
		t.Errorf("only %d names were found", len(quoted))
	}
	for _, q := range quoted {
		switch name, args, _ := strings.Cut(q[1], " "); {
		case name == "make":
			target, _, _ := strings.Cut(args, " ")
			if !bytes.Contains(makefile, []byte("\n"+target+": ")) {
				t.Errorf("the Makefile has no target %s", target)
			}
		case strings.Contains(name, "/") || strings.HasSuffix(name, ".md") || strings.HasSuffix(name, ".yaml"):
			if _, err := os.Stat(filepath.Join("..", name)); err != nil {
				t.Error(err)
			}
		}
	}
	for _, moved := range []string{"conformance/go.mod", "README.md", "internal/contract/testdata/inventory.json", "drift exceptions"} {
		if !strings.Contains(section, moved) {
			t.Errorf("the steps do not name %s", moved)
		}
	}
}
