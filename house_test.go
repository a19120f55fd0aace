package messagebatches_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/internal/contract"
)

// The rules of the house that no linter knows.

const module = "github.com/seed-111a911e/messagebatches"

// TestImports keeps what programs link small, and the arrows between packages pointing one way.
func TestImports(t *testing.T) {
	t.Parallel()
	for pkg, allowed := range map[string][]string{
		"internal/wire":     {},
		"internal/lines":    {},
		"internal/envelope": {"internal/wire"},
		"gen":               {"internal/wire"},
		"client":            {"internal/wire", "internal/envelope", "internal/lines", "gen"},
		"client/messages":   {"internal/wire", "internal/envelope", "internal/lines", "gen", "client"},
		"client/bulk":       {"internal/wire", "internal/envelope", "internal/lines", "gen", "client"},
	} {
		out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./"+pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, dep := range strings.Fields(string(out)) {
			own, ours := strings.CutPrefix(dep, module+"/")
			switch {
			case ours && own != pkg && !slices.Contains(allowed, own):
				t.Errorf("%s imports %s", pkg, own)
			case ours:
			case pkg == "client/messages" && dep == "github.com/google/jsonschema-go/jsonschema":
			case !strings.HasPrefix(dep, "github.com/go-json-experiment/json/") &&
				!strings.HasPrefix(dep, "github.com/oapi-codegen/runtime") &&
				!strings.HasPrefix(dep, "github.com/google/uuid") && // of runtime
				!strings.HasPrefix(dep, "github.com/apapsch/go-jsonmerge/"): // of runtime
				t.Errorf("%s links %s", pkg, dep)
			}
		}
		std, err := exec.Command("go", "list", "-deps", "./"+pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(strings.Fields(string(std)), "testing") {
			t.Errorf("%s links package testing", pkg)
		}
	}
}

// TestBetaConstants checks that the names in the overlay stand in the order of the contract's values.
func TestBetaConstants(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "gen/types.gen.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "AnthropicBeta" {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			if want := "AnthropicBeta" + strings.ReplaceAll(value, "-", ""); !strings.EqualFold(spec.Names[0].Name, want) {
				t.Errorf("%s is the constant of %q", spec.Names[0].Name, value)
			}
			n++
		}
		return true
	})
	if want := len(contract.Load().Components.Schemas["AnthropicBeta"].Value.Enum); n != want {
		t.Errorf("%d constants for %d betas", n, want)
	}
}

// TestAPILines checks the last lines of doc comments, which name the operations that methods call.
func TestAPILines(t *testing.T) {
	t.Parallel()
	known := make(map[string]bool)
	for path, item := range contract.Load().Paths.Map() {
		for method := range item.Operations() {
			known[method+" "+path] = false
		}
	}
	files, err := filepath.Glob("client/*.go")
	if err != nil {
		t.Fatal(err)
	}
	apiLine := regexp.MustCompile(`(?m)^API: (.*)$`)
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			for _, m := range apiLine.FindAllStringSubmatch(f.Doc.Text(), -1) {
				if _, ok := known[m[1]]; !ok {
					t.Errorf("%s: %s calls %q, which the contract does not have", name, f.Name.Name, m[1])
				}
				known[m[1]] = true
			}
		}
	}
	for operation, called := range known {
		if !called {
			t.Errorf("no method says that it calls %s", operation)
		}
	}
}
