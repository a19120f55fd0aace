package repotest

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
)

// A modFile is the content of go.mod or go.work, as go mod edit -json and go work edit -json print it.
type modFile struct {
	Module  struct{ Path string }
	Go      string
	Require []struct{ Path, Version string }
	Replace []struct {
		Old, New struct{ Path, Version string }
	}
	Use []struct{ DiskPath string }
}

// edit reads a go.mod or go.work file; kind is mod or work.
func edit(t *testing.T, kind, name string) modFile {
	t.Helper()
	if _, err := os.Stat(name); err != nil { // also makes the cached results of go test depend on the file
		t.Fatal(err)
	}
	out, err := exec.Command("go", kind, "edit", "-json", name).Output()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var f modFile
	if err := json.Unmarshal(out, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// moduleDirs returns the directories of the modules below the root, without the root.
func moduleDirs(t *testing.T) (dirs []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && isOutside(entry.Name()):
			return filepath.SkipDir
		case entry.Name() == "go.mod" && path != "go.mod":
			dirs = append(dirs, filepath.ToSlash(filepath.Dir(path)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(dirs) == 0 {
		t.Fatal("no nested modules were found")
	}
	slices.Sort(dirs)
	return dirs
}

// required returns the version of the root module that the nested modules require: that of the next release.
func required(t *testing.T) string {
	t.Helper()
	for _, r := range edit(t, "mod", "cmd/go.mod").Require {
		if r.Path == module {
			return r.Version
		}
	}
	t.Fatal("cmd/go.mod does not require the root module")
	return ""
}

// TestModules checks that go.work lists all modules, that they share one version, and that no go.mod has a replace,
// which would break go install.
func TestModules(t *testing.T) {
	t.Parallel()
	version, root, work := required(t), edit(t, "mod", "go.mod"), edit(t, "work", "go.work")
	var listed []string
	for _, u := range work.Use {
		if dir := filepath.ToSlash(filepath.Clean(u.DiskPath)); dir != "." {
			listed = append(listed, dir)
		}
	}
	dirs := slices.Sorted(slices.Values(moduleDirs(t)))
	if slices.Sort(listed); !slices.Equal(listed, dirs) {
		t.Errorf("go.work lists the modules in %q besides the root, but there are %q", listed, dirs)
	}
	for _, r := range work.Replace {
		if own := strings.TrimPrefix(r.Old.Path, module); r.Old.Version != version || filepath.ToSlash(filepath.Clean(r.New.Path)) != filepath.ToSlash(filepath.Clean("./"+own)) {
			t.Errorf("go.work should replace %s %s with its directory", r.Old.Path, version)
		}
	}
	if strings.TrimSuffix(work.Go, ".0") != root.Go {
		t.Errorf("go.work has go %s, and go.mod %s", work.Go, root.Go)
	}
	if len(root.Replace) > 0 {
		t.Error("go.mod has a replace")
	}
	for _, dir := range dirs {
		f := edit(t, "mod", dir+"/go.mod")
		if f.Module.Path != module+"/"+dir || strings.TrimSuffix(f.Go, ".0") != root.Go || len(f.Replace) > 0 {
			t.Errorf("%s/go.mod should be of module %s/%s, have go %s and no replace", dir, module, dir, root.Go)
		}
		for _, r := range f.Require {
			if (r.Path == module || strings.HasPrefix(r.Path, module+"/")) && r.Version != version {
				t.Errorf("%s/go.mod requires %s %s, others %s", dir, r.Path, r.Version, version)
			}
		}
	}
	if slices.Compare(numbers(t, version), numbers(t, "v"+client.Version)) < 0 {
		t.Errorf("the modules require version %s of the root, and this is %s", version, client.Version)
	}
}

// numbers returns the parts of a version.
func numbers(t *testing.T, version string) (parts []int) {
	t.Helper()
	for part := range strings.SplitSeq(strings.TrimPrefix(version, "v"), ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			t.Fatalf("version %s: %v", version, err)
		}
		parts = append(parts, n)
	}
	return parts
}

// TestNestedImports checks that nested modules import only packages that other programs can import too.
func TestNestedImports(t *testing.T) {
	t.Parallel()
	nested, found := moduleDirs(t), 0
	for _, s := range sources(t) {
		if inModule(s, nested) {
			found++
		}
		for _, p := range checkNested(s, nested) {
			t.Errorf("%s: %s", s.lines.Position(p.at), p.what)
		}
	}
	if found < 10 {
		t.Errorf("only %d files of nested modules were found", found)
	}
}

func inModule(s *source, nested []string) bool {
	return slices.ContainsFunc(nested, func(dir string) bool { return strings.HasPrefix(s.name, dir+"/") })
}

// checkNested checks the imports of a file. Go itself allows internal packages across modules with the same path
// prefix.
func checkNested(s *source, nested []string) (problems []problem) {
	if !inModule(s, nested) {
		return nil
	}
	for _, i := range s.file.Imports {
		path := strings.Trim(i.Path.Value, `"`)
		if strings.HasPrefix(path, module+"/internal/") {
			problems = append(problems, problem{i.Pos(), fmt.Sprintf("a nested module imports %q of the root, which other versions of the root may lack", own(path))})
		}
	}
	return problems
}

func TestNestedImportsBite(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file, imports string
		problems      int
	}{
		"root/internal":   {"client/a.go", "/internal/wire", 0},
		"nested/internal": {"cmd/x/a_test.go", "/internal/wire", 1},
		"nested/client":   {"cmd/x/a.go", "/client", 0},
		"nested/its own":  {"cmd/x/a.go", "/cmd/internal/x", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := parseGo(t, tt.file, "package a\nimport _ \""+module+tt.imports+"\"\n")
			if got := checkNested(s, []string{"cmd"}); len(got) != tt.problems {
				t.Errorf("got %v, want %d problems", got, tt.problems)
			}
		})
	}
}
