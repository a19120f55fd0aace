package gen_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/seed-111a911e/messagebatches/internal/contract"
)

// root is the path from this package to the root of the repository.
const root = ".."

// generatorDir is the directory of the code generator, once it has been built.
var generatorDir string

// generator builds the code generator in the version that go.mod pins.
var generator = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "oapi-codegen")
	if err != nil {
		return "", err
	}
	generatorDir = dir
	path := filepath.Join(dir, "oapi-codegen")
	out, err := exec.Command("go", "build", "-o", path, "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen").CombinedOutput()
	if err != nil {
		os.Stderr.Write(out)
	}
	return path, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if generatorDir != "" {
		os.RemoveAll(generatorDir)
	}
	os.Exit(code)
}

var outputLine = regexp.MustCompile(`(?m)^output: .*$`)

// generate runs the generator with the text of a configuration and returns what it writes.
func generate(t *testing.T, config string) []byte {
	t.Helper()
	path, err := generator()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	output := filepath.Join(dir, "output.go")
	write(t, filepath.Join(dir, "config.yaml"), outputLine.ReplaceAllLiteralString(config, "output: "+output))
	command := exec.Command(path, "-config", filepath.Join(dir, "config.yaml"), "openapi.yaml")
	command.Dir = root // the paths in configurations are relative to it
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// configs returns the configurations that go generate uses.
func configs(t *testing.T) []string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(root, "generate.go"))
	if err != nil {
		t.Fatal(err)
	}
	var configs []string
	for _, m := range regexp.MustCompile(`(?m)^//go:generate .* -config (\S+) openapi\.yaml$`).FindAllSubmatch(source, -1) {
		configs = append(configs, string(m[1]))
	}
	if len(configs) == 0 {
		t.Fatal("generate.go generates nothing")
	}
	return configs
}

type config struct {
	Text          string
	Output        string `yaml:"output"`
	OutputOptions struct {
		UserTemplates map[string]string `yaml:"user-templates"`
	} `yaml:"output-options"`
}

func readConfig(t *testing.T, name string) config {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	c := config{Text: string(b)}
	if err := yaml.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestGeneratedCodeIsCurrent(t *testing.T) {
	t.Parallel()
	for _, name := range configs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := readConfig(t, name)
			committed, err := os.ReadFile(filepath.Join(root, c.Output))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(committed), string(generate(t, c.Text))); diff != "" {
				t.Errorf("%s differs from the output of the contract and the templates: run go generate ./...\n(-committed +generated)\n%s", c.Output, diff)
			}
		})
	}
}

// TestOverridesAreInForce adds a mark to each template that replaces an upstream one and looks for it in the output,
// because the generator silently ignores a template whose name it does not know.
func TestOverridesAreInForce(t *testing.T) {
	t.Parallel()
	for _, name := range configs(t) {
		c := readConfig(t, name)
		for template, path := range c.OutputOptions.UserTemplates {
			if !replaced(t, path, template) {
				continue
			}
			t.Run(name+"/"+template, func(t *testing.T) {
				t.Parallel()
				source, err := os.ReadFile(filepath.Join(root, path))
				if err != nil {
					t.Fatal(err)
				}
				const mark = "// This template is in force."
				marked := filepath.Join(t.TempDir(), template)
				if template == "imports.tmpl" { // gofmt would move a comment after the imports
					write(t, marked, strings.Replace(string(source), "package {{", mark+"\n\npackage {{", 1))
				} else {
					write(t, marked, string(source)+"\n"+mark+"\n")
				}
				line := " " + template + ": "
				if strings.Count(c.Text, line+path+"\n") != 1 {
					t.Fatalf("cannot find the line for %s", template)
				}
				changed := strings.Replace(c.Text, line+path+"\n", line+marked+"\n", 1)
				if !strings.Contains(string(generate(t, changed)), mark) {
					t.Errorf("the generator does not use %s", template)
				}
			})
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// replaced reports whether a template file states that it replaces the upstream template of that name. It must state
// that, or that it is new.
func replaced(t *testing.T, path, template string) bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(string(text), "*/")
	if !strings.HasPrefix(header, "{{- /*\n") {
		t.Errorf("%s does not begin with a comment", path)
	}
	if strings.Contains(header, "New: ") {
		return false
	}
	for _, part := range []string{"Replaces: ", "Differs from upstream: ", "Why: "} {
		if !strings.Contains(header, part) {
			t.Errorf("the header of %s lacks %q", path, part)
		}
	}
	names := regexp.MustCompile(`[a-z-]+\.tmpl`).FindAllString(header, -1)
	if !slices.Contains(names, template) {
		t.Errorf("the header of %s does not say that it replaces %s", path, template)
	}
	return true
}

// TestEnumNames checks that each value that the overlay names has a constant of that name.
func TestEnumNames(t *testing.T) {
	t.Parallel()
	var overlay struct {
		Actions []struct {
			Target string
			Update yaml.Node
		}
	}
	text, err := os.ReadFile(filepath.Join(root, "gen/overlay.yaml"))
	if err == nil {
		err = yaml.Unmarshal(text, &overlay)
	}
	if err != nil {
		t.Fatal(err)
	}
	types, err := os.ReadFile(filepath.Join(root, "gen/types.gen.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := 0
	for _, action := range overlay.Actions {
		var update struct {
			Names map[string]string `yaml:"x-go-enum-names"`
		}
		if action.Update.Kind == yaml.MappingNode && action.Update.Decode(&update) != nil {
			continue // names of something other than an enum
		}
		for value, name := range update.Names {
			names++
			if !regexp.MustCompile(`(?m)^\t\w+` + name + ` +\w+ = ` + strconv.Quote(value) + `$`).Match(types) {
				t.Errorf("%s: no constant of %q is named %s", action.Target, value, name)
			}
		}
	}
	if names == 0 {
		t.Error("the overlay names no constants")
	}
}

// TestBetaConstants checks that each beta of the contract has a constant, which is named after it.
func TestBetaConstants(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "types.gen.go", nil, parser.SkipObjectResolution)
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
