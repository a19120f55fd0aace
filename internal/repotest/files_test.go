package repotest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMain runs the tests in the root of the repository, where their paths begin.
func TestMain(m *testing.M) {
	if err := os.Chdir(filepath.Join("..", "..")); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// A source is a file of Go code.
type source struct {
	name  string // path from the root of the repository
	text  string
	lines *token.FileSet
	file  *ast.File
}

// A check returns the problems of a file.
type check func(*source) []problem

// A problem is a place that breaks a rule.
type problem struct {
	at   token.Pos
	what string
}

// fileRules are rules for every file, by name. Linters have no such rules.
var fileRules = map[string]check{
	"generated": checkGenerated,
	"waiting":   checkWaiting,
	"start":     checkStart,
	"comments":  checkComments,
}

func TestRules(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		for name, check := range fileRules {
			for _, p := range check(s) {
				t.Errorf("%s: %s (rule %q)", s.lines.Position(p.at), p.what, name)
			}
		}
	}
}

// isOutside reports whether a folder does not hold sources of this repository. Go skips the first three kinds too.
func isOutside(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules"
}

// sources returns all Go files of the repository, including those of nested modules.
func sources(t *testing.T) []*source {
	t.Helper()
	var all []*source
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && isOutside(entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		all = append(all, parseGo(t, filepath.ToSlash(path), string(text)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("only %d files were found", len(all))
	}
	return all
}

func parseGo(t *testing.T, name, text string) *source {
	t.Helper()
	s := &source{name: name, text: text, lines: token.NewFileSet()}
	var err error
	if s.file, err = parser.ParseFile(s.lines, name, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *source) dir() string          { return filepath.ToSlash(filepath.Dir(s.name)) }
func (s *source) isTest() bool         { return strings.HasSuffix(s.name, "_test.go") }
func (s *source) generated() bool      { return ast.IsGenerated(s.file) }
func (s *source) line(p token.Pos) int { return s.lines.Position(p).Line }

func (s *source) imports(path string) bool {
	return slices.ContainsFunc(s.file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"`+path+`"` })
}

// checkGenerated checks that the names of generated files mark them as generated, for the patterns in .gitattributes.
func checkGenerated(s *source) []problem {
	named := strings.HasSuffix(s.name, ".gen.go") || strings.HasSuffix(s.name, "_gen_test.go")
	switch {
	case named && !s.generated():
		return []problem{{s.file.Package, "named like generated code, but has no header of generated code"}}
	case !named && s.generated():
		return []problem{{s.file.Package, "generated code is in files whose names end in .gen.go or _gen_test.go"}}
	}
	return nil
}

// checkWaiting prevents tests from waiting in real time. In a testing/synctest bubble, time passes by receiving from
// time.After.
func checkWaiting(s *source) []problem {
	if !s.isTest() {
		return nil
	}
	var problems []problem
	bounded := make(map[ast.Stmt]bool) // by another case of the same select
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			switch called(n) {
			case "time.Sleep":
				problems = append(problems, problem{n.Pos(), "tests do not sleep"})
			case "time.Tick", "time.NewTicker":
				if !s.imports("testing/synctest") {
					problems = append(problems, problem{n.Pos(), "tests wait in bubbles of testing/synctest only"})
				}
			}
		case *ast.CommClause:
			bounded[n.Comm] = true
		case *ast.ExprStmt:
			receive, ok := n.X.(*ast.UnaryExpr)
			if !ok || bounded[n] || s.imports("testing/synctest") {
				break
			}
			if call, ok := receive.X.(*ast.CallExpr); ok && called(call) == "time.After" {
				problems = append(problems, problem{n.Pos(), "tests wait in bubbles of testing/synctest only"})
			}
		}
		return true
	})
	return problems
}

// called returns the called function, if it is a plain or qualified name, such as "errors.New".
func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			return x.Name + "." + f.Sel.Name
		}
	}
	return ""
}

// checkStart prevents our packages from doing work before main in programs that import them: there are no init
// functions and no computed variables.
func checkStart(s *source) []problem {
	if dir := s.dir(); s.isTest() || dir != "gen" && dir != "internal/wire" && dir != "client" && !strings.HasPrefix(dir, "client/") {
		return nil
	}
	var problems []problem
	for _, decl := range s.file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil && decl.Name.Name == "init" {
				problems = append(problems, problem{decl.Pos(), "an init function runs in every program that imports the package"})
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				if spec, ok := spec.(*ast.ValueSpec); ok && decl.Tok == token.VAR {
					for _, value := range spec.Values {
						if computed(value) {
							problems = append(problems, problem{value.Pos(), "a variable that is computed before main: use sync.OnceValue, or a function"})
						}
					}
				}
			}
		}
	}
	return problems
}

// computed reports whether the value of a variable takes work at the start of the program: a call, or a map, which is
// filled then. Making an error does not count.
func computed(value ast.Expr) bool {
	found := false
	ast.Inspect(value, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.MapType:
			found = true
		case *ast.CallExpr:
			switch called(n) {
			case "errors.New", "fmt.Errorf", "sync.OnceFunc", "sync.OnceValue", "sync.OnceValues":
			default:
				_, conversion := n.Fun.(*ast.ParenExpr) // var _ io.Reader = (*T)(nil)
				found = found || !conversion
			}
		}
		return true
	})
	return found
}
