package repotest

import (
	"go/ast"
	"go/doc"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// notCalled are methods that need no Example, because users do not call them directly: other code does, through Go's
// interfaces.
var notCalled = []string{
	"Error", "Is", "Unwrap", // fmt and errors
	"LogValue",                     // log/slog
	"MarshalText",                  // encoding/json
	"String",                       // fmt
	"MarshalJSON", "UnmarshalJSON", // encoding/json
	"MarshalJSONTo", "UnmarshalJSONFrom", // encoding/json/v2
	"CheckRequests", "CheckLines", // package client, as a Checker
	"ServeHTTP", // net/http
}

// TestExamples checks that an Example with output shows everything that users call in the packages that they import.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, call := range withoutExample(sources(t)) {
		t.Errorf("no Example shows %s", call)
	}
}

// A call is something that users may call: a function of one of our packages, or a method, whatever its type.
type call struct {
	dir    string
	method bool
	name   string
}

// withoutExample returns the functions and methods of client and the packages below it that no Example shows.
func withoutExample(all []*source) (missing []string) {
	e := examples{funcs: make(map[call]helper), shown: make(map[call]bool)}
	e.read(all)
	for _, s := range all {
		if s.isTest() || s.dir() != "client" && !strings.HasPrefix(s.dir(), "client/") {
			continue
		}
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			c, text := call{s.dir(), f.Recv != nil, f.Name.Name}, s.dir()+"."+f.Name.Name
			if c.method {
				if !ast.IsExported(receiver(f)) || slices.Contains(notCalled, c.name) {
					continue
				}
				text = s.dir() + "." + receiver(f) + "." + c.name
			}
			if !e.shown[c] {
				missing = append(missing, text)
			}
		}
	}
	return missing
}

// examples are what the Examples of all packages call, directly or through functions in the same package.
type examples struct {
	funcs map[call]helper
	shown map[call]bool
}

// A helper is a function of a test file.
type helper struct {
	in   *source
	body *ast.BlockStmt
}

func (e *examples) read(all []*source) {
	for _, s := range all {
		for _, decl := range s.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil && s.isTest() {
				e.funcs[call{s.dir(), f.Recv != nil, f.Name.Name}] = helper{s, f.Body}
			}
		}
	}
	for _, s := range all {
		if !s.isTest() {
			continue
		}
		for _, example := range doc.Examples(s.file) {
			if example.Output != "" || example.EmptyOutput {
				e.walk(s, example.Code)
			}
		}
	}
}

// walk records what is called in a part of a file.
func (e *examples) walk(s *source, part ast.Node) {
	imports := make(map[string]string) // directories of our packages, and the paths of others, by the name in the file
	for _, i := range s.file.Imports {
		path := strings.Trim(i.Path.Value, `"`)
		imports[path[strings.LastIndex(path, "/")+1:]] = own(path)
	}
	ast.Inspect(part, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok {
				e.shown[call{imports[x.Name], false, n.Sel.Name}] = true
			}
		case *ast.CallExpr:
			f, ok := n.Fun.(*ast.SelectorExpr)
			if !ok {
				break
			}
			if x, ok := f.X.(*ast.Ident); ok && imports[x.Name] != "" {
				break // a function of a package
			}
			for _, dir := range imports {
				e.shown[call{dir, true, f.Sel.Name}] = true
			}
			e.shown[call{s.dir(), true, f.Sel.Name}] = true // of a value that a helper returns
		case *ast.Ident:
			key := call{s.dir(), false, n.Name}
			if f, ok := e.funcs[key]; ok {
				delete(e.funcs, key) // once is enough
				e.walk(f.in, f.body)
			}
		}
		return true
	})
}

// TestExamplesAreMissed checks that missing Examples are found.
func TestExamplesAreMissed(t *testing.T) {
	t.Parallel()
	library := parseGo(t, "client/a.go", `package client
type T struct{}
type t struct{}
func New() *T { return nil }
func With() {}
func (t *T) Get() {}
func (t *T) Error() string { return "" }
func (t *t) Read() {}
func less() {}
`)
	const head = "package client_test\nimport \"" + module + "/client\"\n"
	for name, tt := range map[string]struct {
		tests string
		want  []string
	}{
		"shown":       {"func Example() {\n\tclient.New(client.With).Get()\n\t// Output: a\n}", nil},
		"none":        {"func TestA() { client.New().Get(); client.With() }", []string{"client.New", "client.With", "client.T.Get"}},
		"no output":   {"func Example() {\n\tclient.New(client.With).Get()\n}", []string{"client.New", "client.With", "client.T.Get"}},
		"a method":    {"func Example() {\n\tclient.New(client.With)\n\t// Output: a\n}", []string{"client.T.Get"}},
		"a field":     {"func Example() {\n\tclient.New(client.With, item.Get)\n\t// Output: a\n}", []string{"client.T.Get"}},
		"a function":  {"func Example() {\n\tclient.New(client.With); client.Get()\n\t// Output: a\n}", []string{"client.T.Get"}},
		"by a helper": {"func Example() {\n\tf()\n\t// Output: a\n}\nfunc f() { g() }\nfunc g() { client.New().Get() }", []string{"client.With"}},
		"other With":  {"func Example() {\n\tclient.New().Get()\n\tother.With()\n\t// Output: a\n}", []string{"client.With"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := withoutExample([]*source{library, parseGo(t, "client/a_test.go", head+tt.tests)})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
