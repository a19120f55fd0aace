package repotest

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExamplesStandAlone checks that documentation shows everything that an Example calls. It shows the Example's
// function, or the whole file if the file has one Example, its declarations, and no tests.
func TestExamplesStandAlone(t *testing.T) {
	t.Parallel()
	for _, what := range needy(sources(t)) {
		t.Error(what)
	}
}

// needy returns the Examples of client, of the packages below it, and of otel that call functions which documentation
// does not show.
func needy(all []*source) (problems []string) {
	tests := slices.DeleteFunc(slices.Clone(all), func(s *source) bool {
		area, _, _ := strings.Cut(s.dir(), "/")
		return !s.isTest() || area != "client" && area != "otel"
	})
	files := make(map[call]string) // of functions
	for _, s := range tests {
		for _, decl := range s.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				files[call{s.dir(), false, f.Name.Name}] = s.name
			}
		}
	}
	for _, s := range tests {
		for _, e := range doc.Examples(s.file) {
			_, whole := e.Code.(*ast.File)
			for _, name := range callsIn(e.Code) {
				if in := files[call{s.dir(), false, name}]; in != "" && !(whole && in == s.name) {
					problems = append(problems, fmt.Sprintf("%s: Example%s calls %s of %s", s.name, e.Name, name, in))
				}
			}
		}
	}
	return problems
}

// callsIn returns the functions that are called by an unqualified name, except those declared there as variables.
func callsIn(code ast.Node) (names []string) {
	var local []string
	ast.Inspect(code, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, to := range n.Lhs {
				if id, ok := to.(*ast.Ident); ok && n.Tok == token.DEFINE {
					local = append(local, id.Name)
				}
			}
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok {
				names = append(names, id.Name)
			}
		}
		return true
	})
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(local, name) })
}

func TestNeedy(t *testing.T) {
	t.Parallel()
	const head = "package p_test\n"
	files := map[string]string{
		"client/helpers_test.go": head + "func help() {}\nfunc TestA() {}\n",
		"client/a_test.go":       head + "func ExampleA() { help() }\n",
		"client/b_test.go":       head + "func ExampleB() { own() }\nfunc ExampleC() {}\nfunc own() {}\n",
		"client/d_test.go":       head + "func ExampleD() { alone() }\nfunc alone() {}\n",
		"client/e_test.go":       head + "func ExampleE() { help := func() {}; help() }\n",
		"jobs/f_test.go":         head + "func ExampleF() { g() }\nfunc ExampleH() {}\nfunc g() {}\n",
	}
	var all []*source
	for name, text := range files {
		lines := token.NewFileSet()
		file, err := parser.ParseFile(lines, name, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, &source{name: name, text: text, lines: lines, file: file})
	}
	got := needy(all)
	slices.Sort(got)
	want := []string{
		"client/a_test.go: ExampleA calls help of client/helpers_test.go",
		"client/b_test.go: ExampleB calls own of client/b_test.go",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
