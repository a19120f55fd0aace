package repotest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/internal/contract"
)

// TestPackageComments checks that each package has exactly one package comment.
func TestPackageComments(t *testing.T) {
	t.Parallel()
	comments := make(map[string]int)
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		comments[s.dir()] += 0
		if s.file.Doc != nil && !s.generated() {
			comments[s.dir()]++
		}
	}
	for dir, n := range comments {
		if n != 1 {
			t.Errorf("package in %s has %d package comments", dir, n)
		}
	}
}

// checkComments checks that exported constants, variables and fields are documented, in the form that go doc expects.
// Linters check functions and types.
func checkComments(s *source) []problem {
	if s.generated() || s.isTest() {
		return nil
	}
	c := &comments{source: s}
	for _, decl := range s.file.Decls {
		if decl, ok := decl.(*ast.GenDecl); ok {
			for _, spec := range decl.Specs {
				c.spec(decl, spec)
			}
		}
	}
	return c.problems
}

type comments struct {
	*source
	problems []problem
}

// check checks the comment of names, which is above them or follows on the same line.
func (c *comments) check(names []*ast.Ident, above, behind *ast.CommentGroup) {
	names = slices.DeleteFunc(slices.Clone(names), func(n *ast.Ident) bool { return !n.IsExported() })
	if len(names) == 0 || above == nil && behind != nil {
		return
	}
	name := names[0].Name
	words := strings.Fields(above.Text())
	if len(words) > 1 && slices.Contains([]string{"A", "An", "The"}, words[0]) {
		words = words[1:]
	}
	switch {
	case len(words) == 0:
		c.problems = append(c.problems, problem{names[0].Pos(), name + " has no comment"})
	case strings.TrimRight(words[0], ",:") != name:
		c.problems = append(c.problems, problem{names[0].Pos(), "the comment of " + name + " should begin with " + name})
	}
}

// spec checks one part of a declaration. The comment of a group of constants or variables is enough for them.
func (c *comments) spec(decl *ast.GenDecl, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if t, ok := spec.Type.(*ast.StructType); ok && spec.Name.IsExported() {
			c.fields(t.Fields)
		}
	case *ast.ValueSpec:
		switch {
		case !decl.Lparen.IsValid():
			c.check(spec.Names, decl.Doc, nil)
		case decl.Doc == nil || spec.Doc != nil:
			c.check(spec.Names, spec.Doc, spec.Comment)
		}
	}
}

// fields checks the fields of a struct. A comment on several fields is above the first of them.
func (c *comments) fields(list *ast.FieldList) {
	var shared *ast.CommentGroup
	var last token.Pos
	for _, f := range list.List {
		if f.Doc != nil || last.IsValid() && c.line(f.Pos()) > c.line(last)+1 {
			shared = f.Doc
		}
		last = f.End()
		named := func(n *ast.Ident) bool {
			return shared != nil && regexp.MustCompile(`\b`+n.Name+`\b`).MatchString(shared.Text())
		}
		if f.Doc == nil && f.Comment == nil && len(f.Names) > 0 && !slices.ContainsFunc(f.Names, func(n *ast.Ident) bool { return !named(n) }) {
			continue
		}
		c.check(f.Names, f.Doc, f.Comment)
	}
}

// receiver returns the name of the type that a method belongs to.
func receiver(f *ast.FuncDecl) string {
	expr := f.Recv.List[0].Type
	for {
		switch x := expr.(type) {
		case *ast.StarExpr:
			expr = x.X
		case *ast.IndexExpr:
			expr = x.X
		case *ast.IndexListExpr:
			expr = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
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
