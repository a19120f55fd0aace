package repotest

import (
	"errors"
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/internal/contract"
)

// packageDocs are the files with the documentation of packages that programs import. Each begins with a whole program.
var packageDocs = []string{
	"generate.go", "gen/doc.go", "client/doc.go", "client/batchtest/doc.go", "client/bulk/doc.go", "client/messages/doc.go",
	"client/preflight/doc.go",
}

// TestDocs compiles the code in the README and in the documentation of packages.
func TestDocs(t *testing.T) {
	t.Parallel()
	check := func(name string, i int, code string) {
		if err := compile(code); err != nil {
			t.Errorf("%s, block %d: %v\n%s", name, i+1, err, code)
		}
	}
	shown := readmeCode(t)
	for i, code := range shown {
		check("README.md", i, code)
	}
	for _, name := range packageDocs {
		blocks := docCode(t, name)
		for i, code := range blocks {
			check(name, i, code)
		}
		if len(blocks) == 0 || !strings.HasPrefix(blocks[0], "package ") {
			t.Errorf("%s does not begin with a whole program", name)
		}
	}
	if len(shown) == 0 {
		t.Error("no block of code was found in the README")
	}
}

// TestReadmeLinks follows the links to files. The name of a test must link to the file that contains it.
func TestReadmeLinks(t *testing.T) {
	t.Parallel()
	tests, prose := 0, codeBlock.ReplaceAllString(readme(t), "")
	for _, link := range regexp.MustCompile(`\[([^\]]+)\]\(([^):]+)\)`).FindAllStringSubmatch(prose, -1) {
		file, _, _ := strings.Cut(link[2], "#")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
		}
		if strings.HasPrefix(link[1], "Test") {
			tests++
			if !strings.Contains(string(text), "\nfunc "+link[1]+"(") {
				t.Errorf("%s has no %s", link[2], link[1])
			}
		}
	}
	if tests < 5 {
		t.Errorf("only %d links to tests", tests)
	}
}

// TestVersion compares the places that state our version and that of the official SDK.
func TestVersion(t *testing.T) {
	t.Parallel()
	changes, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	newest := regexp.MustCompile(`(?m)^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$`).FindSubmatch(changes)
	if newest == nil || string(newest[1]) != client.Version {
		t.Errorf("the newest section of CHANGELOG.md is not that of %s", client.Version)
	}
	if got := contract.Load().Info.Version; got != client.Version {
		t.Errorf("openapi.yaml has version %s, want %s", got, client.Version)
	}
	if !strings.Contains(readme(t), "\nVersion "+client.Version+". ") {
		t.Errorf("README.md does not say that this is version %s", client.Version)
	}
	modules, err := os.ReadFile("conformance/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sdk := regexp.MustCompile(`anthropic-sdk-go/v\d+ (v\S+)`).FindSubmatch(modules)
	if sdk == nil || !strings.Contains(readme(t), "The official Go SDK, "+string(sdk[1])+",") {
		t.Errorf("README.md compares with a version of the SDK other than %s", sdk)
	}
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var codeBlock = regexp.MustCompile("(?s)```([a-z]*)\n(.*?)```")

// readmeCode returns the blocks of Go code in the README.
func readmeCode(t *testing.T) (blocks []string) {
	t.Helper()
	for _, m := range codeBlock.FindAllStringSubmatch(readme(t), -1) {
		if m[1] == "go" {
			blocks = append(blocks, m[2])
		}
	}
	return blocks
}

// docCode returns the blocks of code in the comment of a file's package.
func docCode(t *testing.T, name string) (blocks []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range new(comment.Parser).Parse(file.Doc.Text()).Content {
		if code, ok := block.(*comment.Code); ok {
			blocks = append(blocks, code.Text)
		}
	}
	return blocks
}

// around surrounds code that is not a whole file, and declares the names that such code may use.
const around = `package p
func _(ctx context.Context, c *client.Client, id string, requests []client.Request) error {
%s
return nil
}`

// compile type-checks code: a file, declarations or statements.
func compile(code string) error {
	if !strings.HasPrefix(code, "package ") {
		if _, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+code, 0); err == nil {
			code = "package p\n" + code
		} else {
			code = fmt.Sprintf(around, code)
		}
		code = withImports(code)
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "code", code, 0)
	if err != nil {
		return err
	}
	imports, err := exports()
	if err != nil {
		return err
	}
	conf := types.Config{Importer: importer.ForCompiler(set, "gc", func(path string) (io.ReadCloser, error) { return os.Open(imports[path]) })}
	_, err = conf.Check("code", set, []*ast.File{file}, nil)
	return err
}

// withImports adds the imports that code without imports uses.
func withImports(code string) string {
	head, rest, _ := strings.Cut(code, "\n")
	for _, path := range []string{
		"context", "errors", "fmt", "log", "slices", "testing", "testing/synctest", "time",
		module + "/client", module + "/client/batchtest", module + "/client/bulk", module + "/client/messages", module + "/client/preflight", module + "/gen",
	} {
		if regexp.MustCompile(`\b` + path[strings.LastIndex(path, "/")+1:] + `\.\w`).MatchString(code) {
			head += "\nimport \"" + path + `"`
		}
	}
	return head + "\n" + rest
}

// exports returns the files with export data of packages, by path.
var exports = sync.OnceValues(func() (map[string]string, error) {
	args := []string{"list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".", "./client/...", "testing", "testing/synctest"}
	out, err := exec.Command("go", args...).Output()
	if failed := new(exec.ExitError); errors.As(err, &failed) {
		return nil, fmt.Errorf("go list: %s", failed.Stderr)
	}
	files := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			files[path] = file
		}
	}
	return files, err
})

// TestDocsBite checks code that does not compile.
func TestDocsBite(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"package main\nimport \"fmt\"\nfunc main() { fmt.Println() }":            "",
		"package main\nfunc main() { fmt.Println() }":                            "undefined: fmt",
		"batch, err := c.Get(ctx, id)\nif err != nil { return err }\n_ = batch":  "",
		"batch, err := c.Get(ctx)\nif err != nil { return err }\n_ = batch":      "not enough arguments",
		"batch, err := c.Get(ctx, id)\nif err != nil { return err }":             "declared and not used",
		"func TestDay(t *testing.T) { batchtest.New(t) }":                        "",
		"func TestDay(t *testing.T) { batchtest.None(t) }":                       "undefined: batchtest.None",
		"for item, err := range c.Results(ctx, id) { fmt.Println(item, err) } }": "expected",
	} {
		err := compile(code)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s\ngot %v, want %q", code, err, want)
		}
	}
}
