package repotest

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
)

// TestFieldNotes checks the table of client failures in ARCHITECTURE.md: each row links tests that run.
func TestFieldNotes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	notes, problems := checkFieldNotes(os.DirFS("."), string(text))
	for _, p := range problems {
		t.Errorf("ARCHITECTURE.md: %s", p)
	}
	if notes < 66 {
		t.Errorf("ARCHITECTURE.md lists %d field notes, want 59 or more", notes)
	}
}

var (
	noteRow  = regexp.MustCompile(`^\| ([1-9][0-9]*) \| ([^|]*\S) \| ([^|]*\S) \|$`)
	noteTest = regexp.MustCompile(`^\[(\w+)\]\(([^()\s]+)\)$`)
)

// checkFieldNotes returns the number of rows of the table in the section "Tests", and their problems. The files that
// rows link are in fsys.
func checkFieldNotes(fsys fs.FS, text string) (notes int, problems []string) {
	_, section, _ := strings.Cut(text, "\n## Tests\n")
	section, _, _ = strings.Cut(section, "\n## ")
	_, table, found := strings.Cut(section, "\n| # | What goes wrong | Tests |\n|---|---|---|\n")
	if !found {
		return 0, []string{"the section Tests has no table of field notes"}
	}
	table, _, _ = strings.Cut(table, "\n\n")
	last := 0
	for row := range strings.SplitSeq(strings.TrimSuffix(table, "\n"), "\n") {
		m := noteRow.FindStringSubmatch(row)
		if m == nil {
			problems = append(problems, fmt.Sprintf("not a row of a number, a text and tests: %q", row))
			continue
		}
		notes++
		number, err := strconv.Atoi(m[1])
		if err != nil || number <= last {
			problems = append(problems, fmt.Sprintf("number %s comes after %d", m[1], last))
		}
		last = number
		linked := make(map[string]bool)
		for link := range strings.SplitSeq(m[3], ", ") {
			if problem := checkTestLink(fsys, link); problem != "" {
				problems = append(problems, fmt.Sprintf("row %s: %s", m[1], problem))
			} else if linked[link] {
				problems = append(problems, fmt.Sprintf("row %s: %s is linked twice", m[1], link))
			}
			linked[link] = true
		}
	}
	return notes, problems
}

// TestJobFailures checks the table of job failures in ARCHITECTURE.md: each row links tests that run.
func TestJobFailures(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n| What happens | Outcome | Tests |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	rows := strings.Split(table, "\n")
	if len(rows) < 22 {
		t.Errorf("the table has %d rows, want 22 or more", len(rows))
	}
	for _, row := range rows {
		cells := strings.Split(strings.Trim(row, "| "), " | ")
		if len(cells) != 3 {
			t.Errorf("not a row of three cells: %q", row)
			continue
		}
		for link := range strings.SplitSeq(cells[2], ", ") {
			if problem := checkTestLink(os.DirFS("."), link); problem != "" {
				t.Errorf("%s: %s", cells[0], problem)
			}
		}
	}
}

// checkTestLink returns why a link is not to a test that make test runs, or "".
func checkTestLink(fsys fs.FS, link string) string {
	m := noteTest.FindStringSubmatch(link)
	if m == nil {
		return fmt.Sprintf("not a link to a test: %q", link)
	}
	name, file := m[1], m[2]
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return err.Error()
	}
	dir, base := path.Split(file)
	for part := range strings.SplitSeq(strings.TrimSuffix(dir, "/"), "/") {
		if part == "testdata" || strings.HasPrefix(part, "_") || strings.HasPrefix(part, ".") && part != "." {
			return fmt.Sprintf("%s: go test ./... skips %s", file, part)
		}
	}
	modules, err := fs.ReadFile(fsys, "go.work") // make test and make test-postgres run all of them
	if err != nil {
		return err.Error()
	}
	for d := path.Clean(dir); d != "."; d = path.Dir(d) {
		if _, err := fs.Stat(fsys, path.Join(d, "go.mod")); err == nil && !strings.Contains(string(modules), "\t./"+d+"\n") {
			return fmt.Sprintf("%s is in the module of %s, which is not in go.work", file, d)
		}
	}
	context := build.Default
	context.OpenFile = func(name string) (io.ReadCloser, error) { return fsys.Open(name) }
	context.JoinPath = path.Join
	if match, err := context.MatchFile(path.Clean(dir), base); !match || err != nil || !strings.HasSuffix(base, "_test.go") {
		return fmt.Sprintf("%s is not among the tests that are built: %v", file, err)
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
	if err != nil {
		return err.Error()
	}
	for _, decl := range parsed.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == name {
			if !isTestFunc(f) {
				return fmt.Sprintf("%s: go test does not run %s", file, name)
			}
			return ""
		}
	}
	return fmt.Sprintf("%s has no %s", file, name)
}

// isTestFunc reports whether go test runs the function f: its name and parameter make it a test or a fuzz test, and it
// does not skip itself unconditionally.
func isTestFunc(f *ast.FuncDecl) bool {
	want, rest := "testing.T", ""
	if after, ok := strings.CutPrefix(f.Name.Name, "Test"); ok {
		rest = after
	} else if after, ok := strings.CutPrefix(f.Name.Name, "Fuzz"); ok {
		want, rest = "testing.F", after
	} else {
		return false
	}
	if rest != "" && unicode.IsLower([]rune(rest)[0]) || f.Type.TypeParams != nil || f.Type.Results != nil || len(f.Type.Params.List) != 1 {
		return false
	}
	param := f.Type.Params.List[0]
	star, ok := param.Type.(*ast.StarExpr)
	if !ok || len(param.Names) > 1 || dotted(star.X) != want {
		return false
	}
	if len(param.Names) == 0 {
		return true
	}
	for _, stmt := range f.Body.List {
		if expr, ok := stmt.(*ast.ExprStmt); ok {
			if call, ok := expr.X.(*ast.CallExpr); ok && strings.HasPrefix(called(call), param.Names[0].Name+".Skip") {
				return false
			}
		}
	}
	return true
}

// dotted returns a qualified name, such as "testing.T".
func dotted(x ast.Expr) string {
	if s, ok := x.(*ast.SelectorExpr); ok {
		if pkg, ok := s.X.(*ast.Ident); ok {
			return pkg.Name + "." + s.Sel.Name
		}
	}
	return ""
}

// TestFieldNotesBite breaks rows and their links.
func TestFieldNotesBite(t *testing.T) {
	t.Parallel()
	const code = "package a\n\nimport \"testing\"\n\n"
	files := fstest.MapFS{
		"go.work": {Data: []byte("use (\n\t.\n\t./cmd\n)\n")},
		"a/a_test.go": {Data: []byte(code + `func TestA(t *testing.T) { if testing.Short() { t.Skip() } }
func FuzzA(f *testing.F) {}
func Test(t *testing.T) {}
func Testa(t *testing.T) {}
func TestMain(m *testing.M) {}
func TestHelper(t *testing.T, n int) {}
func TestUnnamed(*testing.T) {}
func TestSkipped(t *testing.T) { t.Parallel(); t.Skipf("later") }
func BenchmarkA(b *testing.B) {}
func helper(t *testing.T) {}
type s struct{}
func (s) TestMethod(t *testing.T) {}
var TestVariable = func(t *testing.T) {}
`)},
		"a/a.go":               {Data: []byte(code + "func TestA(t *testing.T) {}\n")},
		"a/a_plan9_test.go":    {Data: []byte(code + "func TestA(t *testing.T) {}\n")},
		"a/tagged_test.go":     {Data: []byte("//go:build nightly\n\n" + code + "func TestA(t *testing.T) {}\n")},
		"a/_test.go":           {Data: []byte(code + "func TestA(t *testing.T) {}\n")},
		"a/testdata/a_test.go": {Data: []byte(code + "func TestA(t *testing.T) {}\n")},
		"_a/a_test.go":         {Data: []byte(code + "func TestA(t *testing.T) {}\n")},
		"cmd/go.mod":           {Data: []byte("module cmd\n")},
		"cmd/x/a_test.go":      {Data: []byte(code + "func TestA(t *testing.T) {}\n")},
		"tools/go.mod":         {Data: []byte("module tools\n")},
		"tools/x/a_test.go":    {Data: []byte(code + "func TestA(t *testing.T) {}\n")},
		"root_test.go":         {Data: []byte(code + "func TestA(t *testing.T) {}\n")},
	}
	const a = "[TestA](a/a_test.go)"
	for name, tt := range map[string]struct {
		rows string
		want string // part of the only problem; empty means none
	}{
		"row/right":            {"| 1 | Text. | " + a + ", [FuzzA](a/a_test.go), [Test](a/a_test.go), [TestUnnamed](a/a_test.go) |\n| 53 | Text. | [TestA](root_test.go) |", ""},
		"row/number again":     {"| 1 | Text. | " + a + " |\n| 1 | Text. | " + a + " |", "number 1 comes after 1"},
		"row/number decreases": {"| 2 | Text. | " + a + " |\n| 1 | Text. | " + a + " |", "number 1 comes after 2"},
		"row/number missing":   {"|  | Text. | " + a + " |", "not a row"},
		"row/number zero":      {"| 0 | Text. | " + a + " |", "not a row"},
		"row/text missing":     {"| 1 |  | " + a + " |", "not a row"},
		"row/tests missing":    {"| 1 | Text. |  |", "not a row"},
		"row/two cells":        {"| 1 | Text. |", "not a row"},
		"row/four cells":       {"| 1 | Text. | " + a + " | " + a + " |", "not a row"},
		"row/no bar":           {"| 1 | Text. | " + a, "not a row"},
		"link/word":            {"| 1 | Text. | none |", "not a link"},
		"link/code":            {"| 1 | Text. | `TestA` |", "not a link"},
		"link/second":          {"| 1 | Text. | " + a + ", TestB |", "not a link"},
		"link/twice":           {"| 1 | Text. | " + a + ", " + a + " |", "linked twice"},
		"link/no file":         {"| 1 | Text. | [TestA](a/b_test.go) |", "not exist"},
		"link/no test":         {"| 1 | Text. | [TestB](a/a_test.go) |", "has no TestB"},
		"link/part of a name":  {"| 1 | Text. | [TestHelpe](a/a_test.go) |", "has no TestHelpe"},
		"link/variable":        {"| 1 | Text. | [TestVariable](a/a_test.go) |", "has no TestVariable"},
		"link/outside":         {"| 1 | Text. | [TestA](../a/a_test.go) |", "not exist"},
		"func/lower case":      {"| 1 | Text. | [Testa](a/a_test.go) |", "does not run Testa"},
		"func/main":            {"| 1 | Text. | [TestMain](a/a_test.go) |", "does not run TestMain"},
		"func/helper":          {"| 1 | Text. | [helper](a/a_test.go) |", "does not run helper"},
		"func/two parameters":  {"| 1 | Text. | [TestHelper](a/a_test.go) |", "does not run TestHelper"},
		"func/benchmark":       {"| 1 | Text. | [BenchmarkA](a/a_test.go) |", "does not run BenchmarkA"},
		"func/method":          {"| 1 | Text. | [TestMethod](a/a_test.go) |", "has no TestMethod"},
		"func/skipped":         {"| 1 | Text. | [TestSkipped](a/a_test.go) |", "does not run TestSkipped"},
		"file/not a test":      {"| 1 | Text. | [TestA](a/a.go) |", "not among the tests"},
		"file/other system":    {"| 1 | Text. | [TestA](a/a_plan9_test.go) |", "not among the tests"},
		"file/tag":             {"| 1 | Text. | [TestA](a/tagged_test.go) |", "not among the tests"},
		"file/underscore":      {"| 1 | Text. | [TestA](a/_test.go) |", "not among the tests"},
		"file/testdata":        {"| 1 | Text. | [TestA](a/testdata/a_test.go) |", "skips testdata"},
		"file/folder":          {"| 1 | Text. | [TestA](_a/a_test.go) |", "skips _a"},
		"file/command":         {"| 1 | Text. | [TestA](cmd/x/a_test.go) |", ""},
		"file/other module":    {"| 1 | Text. | [TestA](tools/x/a_test.go) |", "in the module of tools"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := "# A\n\n## Tests\n\nText.\n\n| # | What goes wrong | Tests |\n|---|---|---|\n" + tt.rows + "\n\n## B\n"
			switch _, problems := checkFieldNotes(files, text); {
			case tt.want == "" && len(problems) > 0:
				t.Errorf("got %q", problems)
			case tt.want != "" && (len(problems) != 1 || !strings.Contains(problems[0], tt.want)):
				t.Errorf("got %q, want %q", problems, tt.want)
			}
		})
	}
	if _, problems := checkFieldNotes(files, "# A\n\n## Tests\n\nText.\n\n## B\n\n| # | What goes wrong | Tests |\n|---|---|---|\n| 1 | Text. | "+a+" |\n"); len(problems) != 1 {
		t.Errorf("without a table: %q", problems)
	}
}
