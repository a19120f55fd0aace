package repotest

import (
	"fmt"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/seed-111a911e/messagebatches"
	schema = "internal/contract/schema" // reads JSON by reflection, unlike client and gen
)

// layout lists which of our packages each package may link, and whether it may link packages that programs should not
// carry: kin-openapi, and package testing. A name that ends in a slash means all packages below it.
var layout = map[string]struct {
	ours  []string
	heavy bool
}{
	"":                         {},
	"internal/foreign":         {},
	"internal/wire":            {ours: []string{"internal/foreign"}},
	"internal/identity":        {ours: []string{"internal/foreign", "internal/parallel"}},
	"internal/lines":           {},
	"internal/parallel":        {},
	"internal/memtest":         {},
	"internal/sniff":           {},
	"internal/limits":          {ours: []string{"internal/wire", "internal/foreign"}},
	"internal/contract":        {ours: []string{""}, heavy: true},
	"internal/contract/schema": {},
	"internal/contract/cmd/":   {ours: []string{"internal/contract", ""}, heavy: true},
	"gen":                      {ours: []string{"internal/wire", "internal/foreign"}},
	"client":                   {ours: []string{"gen", "internal/foreign", "internal/wire", "internal/identity", "internal/limits", "internal/lines", "internal/parallel"}},
	"client/bulk":              {ours: []string{"client", "gen", "internal/foreign", "internal/wire", "internal/identity", "internal/limits", "internal/lines", "internal/parallel"}},
	"client/messages":          {ours: []string{"client", "gen", "internal/foreign", "internal/wire", "internal/identity", "internal/limits", "internal/lines", "internal/parallel", "internal/sniff"}},
	"client/preflight":         {ours: []string{"client", "gen", "internal/"}},
	"client/batchtest":         {ours: []string{"client", "client/preflight", "gen", "internal/"}},
	"internal/repotest/":       {ours: []string{"internal/repotest/"}},
	"examples/":                {ours: []string{"client", "client/", "gen", "internal/"}},
}

// A linked package is one of our packages, with the paths of the packages that it imports and of all that it links.
type linked struct {
	path          string
	imports, deps []string
}

// TestImports checks that programs link little, and that imports between our packages follow the layout.
func TestImports(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}|{{join .Imports " "}}|{{join .Deps " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []linked
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSpace(line), "|")
		packages = append(packages, linked{fields[0], strings.Fields(fields[1]), strings.Fields(fields[2])})
	}
	if len(packages) < 8 {
		t.Fatalf("only %d packages", len(packages))
	}
	for _, p := range packages {
		for _, what := range checkLinks(p) {
			t.Error(what)
		}
	}
}

// checkLinks returns the problems with the packages that a package links.
func checkLinks(p linked) []string {
	pkg := own(p.path)
	rule, ok := layout[pkg]
	for area := pkg; !ok && area != "."; area = path.Dir(area) {
		rule, ok = layout[area+"/"]
	}
	if !ok {
		return []string{fmt.Sprintf("package %s has no place in the layout", pkg)}
	}
	var problems []string
	for _, dep := range p.deps {
		switch {
		case dep == module || strings.HasPrefix(dep, module+"/"):
			dep := own(dep)
			if !slices.ContainsFunc(rule.ours, func(may string) bool {
				return dep == may || strings.HasSuffix(may, "/") && strings.HasPrefix(dep, may)
			}) {
				problems = append(problems, fmt.Sprintf("%q links our %q", pkg, dep))
			}
		case dep == "github.com/go-json-experiment/json" && (pkg == schema || slices.Contains(p.deps, module+"/"+schema)):
		case !rule.heavy && (dep == "testing" || isForeign(dep) && !isLight(dep)):
			problems = append(problems, fmt.Sprintf("%q links %s", pkg, dep))
		}
	}
	for _, i := range p.imports {
		if strings.HasPrefix(pkg, "examples/") && strings.HasPrefix(own(i), "internal/") {
			problems = append(problems, fmt.Sprintf("%q imports our %q, which users cannot", pkg, own(i)))
		}
	}
	return problems
}

func own(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, module), "/") }

// isForeign reports whether a package is in a third-party module: the first part of its path is a host.
func isForeign(path string) bool {
	host, _, _ := strings.Cut(path, "/")
	return strings.Contains(host, ".")
}

// isLight reports whether a package is one of the few that programs link.
func isLight(path string) bool {
	return slices.ContainsFunc([]string{
		"github.com/go-json-experiment/json/",
		"github.com/oapi-codegen/runtime",
		"github.com/google/uuid",           // required by runtime
		"github.com/apapsch/go-jsonmerge/", // required by runtime
	}, func(prefix string) bool { return strings.HasPrefix(path, prefix) })
}

// TestImportsBites breaks the layout.
func TestImportsBites(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pkg     string
		imports []string
		deps    []string
		want    string // the only problem; empty means none
	}{
		"ours/right":          {"client", nil, []string{"net/http", module + "/gen", module + "/internal/wire"}, ""},
		"ours/against arrow":  {"gen", nil, []string{module + "/client"}, `"gen" links our "client"`},
		"ours/fake in client": {"client", nil, []string{module + "/client/batchtest"}, `"client" links our "client/batchtest"`},
		"ours/client in fake": {"client/batchtest", nil, []string{module + "/client"}, ""},
		"ours/root in fake":   {"client/batchtest", nil, []string{module}, `"client/batchtest" links our ""`},
		"ours/root":           {"client", nil, []string{module}, `"client" links our ""`},
		"ours/quickstart":     {"examples/a", nil, []string{module + "/client/batchtest", module + "/gen"}, ""},
		"ours/no place":       {"client/more", nil, nil, "package client/more has no place in the layout"},
		"ours/example":        {"examples/a", []string{module + "/internal/wire"}, []string{module + "/internal/wire"}, `"examples/a" imports our "internal/wire", which users cannot`},
		"ours/through client": {"examples/a", []string{module + "/client"}, []string{module + "/client", module + "/internal/wire"}, ""},
		"links/light":         {"client", nil, []string{"github.com/go-json-experiment/json/jsontext", "github.com/google/uuid"}, ""},
		"links/kin-openapi":   {"client", nil, []string{"github.com/getkin/kin-openapi/openapi3"}, `"client" links github.com/getkin/kin-openapi/openapi3`},
		"links/reflection":    {"client", nil, []string{"github.com/go-json-experiment/json"}, `"client" links github.com/go-json-experiment/json`},
		"links/schemas":       {"client/preflight", nil, []string{module + "/" + schema, "github.com/go-json-experiment/json"}, ""},
		"links/other":         {"client/bulk", nil, []string{"golang.org/x/sync/errgroup"}, `"client/bulk" links golang.org/x/sync/errgroup`},
		"links/testing":       {"gen", nil, []string{"testing"}, `"gen" links testing`},
		"links/in contract":   {"internal/contract", nil, []string{"github.com/getkin/kin-openapi/openapi3"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(checkLinks(linked{module + "/" + tt.pkg, tt.imports, tt.deps}), "\n")
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
