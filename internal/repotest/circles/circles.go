// Package circles finds files of a package that use each other.
//
// File a uses file b if code in a names something that is declared in b: a function, type, variable or constant of the
// package, a method, or a field. Test files do not count. A pair is two files that use each other; a circle is a group
// of files in which each reaches every other.
package circles

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A Graph records which files of a package use which others.
type Graph struct {
	// Uses holds the names that one file uses of another, sorted, by the using file and the used file.
	Uses map[string]map[string][]string
	// Errors are the errors of the type checker. The graph of a package with errors may lack edges.
	Errors []error
}

// A Pair is two files that use each other.
type Pair struct {
	A, B string // the names of the files, in alphabetical order
}

// Load reads the package in a directory, with the go command's configuration of that directory.
func Load(dir string) (*Graph, error) {
	list := exec.Command("go", "list", "-e", "-export", "-deps", "-json=ImportPath,Export,Dir,GoFiles,DepOnly", ".")
	list.Dir, list.Stderr = dir, os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list in %s: %w", dir, err)
	}
	type listed struct {
		ImportPath, Export, Dir string
		GoFiles                 []string
		DepOnly                 bool
	}
	exports := make(map[string]string)
	var target listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		exports[p.ImportPath] = p.Export
		if !p.DepOnly {
			target = p
		}
	}
	texts := make(map[string]string)
	for _, name := range target.GoFiles {
		text, err := os.ReadFile(filepath.Join(target.Dir, name))
		if err != nil {
			return nil, err
		}
		texts[name] = string(text)
	}
	return load(texts, func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("%s does not compile", path)
		}
		return os.Open(exports[path])
	})
}

// load builds the graph of a package from the texts of its files.
func load(texts map[string]string, lookup importer.Lookup) (*Graph, error) {
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		file, err := parser.ParseFile(set, name, texts[name], parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	if len(files) == 0 {
		return nil, errors.New("the package has no files")
	}
	g := &Graph{Uses: make(map[string]map[string][]string)}
	config := types.Config{
		Importer: importer.ForCompiler(set, "gc", lookup),
		Error:    func(err error) { g.Errors = append(g.Errors, err) },
	}
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object)}
	pkg, _ := config.Check(files[0].Name.Name, set, files, info) // the errors are in g
	for ident, object := range info.Uses {
		if object.Pkg() != pkg || !object.Pos().IsValid() {
			continue
		}
		from, to := set.Position(ident.Pos()).Filename, set.Position(object.Pos()).Filename
		if from == to {
			continue
		}
		if g.Uses[from] == nil {
			g.Uses[from] = make(map[string][]string)
		}
		g.Uses[from][to] = append(g.Uses[from][to], describe(object))
	}
	for _, used := range g.Uses {
		for to, names := range used {
			slices.Sort(names)
			used[to] = slices.Compact(names)
		}
	}
	return g, nil
}

// describe names an object, with a dot before the name of a field and the receiver before that of a method.
func describe(object types.Object) string {
	switch object := object.(type) {
	case *types.Var:
		if object.IsField() {
			return "." + object.Name()
		}
	case *types.Func:
		receiver := object.Signature().Recv()
		if receiver == nil {
			break
		}
		t := receiver.Type()
		if pointer, ok := t.(*types.Pointer); ok {
			t = pointer.Elem()
		}
		if named, ok := t.(*types.Named); ok {
			return named.Obj().Name() + "." + object.Name()
		}
	}
	return object.Name()
}

// Remove removes a file from the graph.
func (g *Graph) Remove(file string) {
	delete(g.Uses, file)
	for _, used := range g.Uses {
		delete(used, file)
	}
}

// Pairs returns the files that use each other.
func (g *Graph) Pairs() (pairs []Pair) {
	for a, used := range g.Uses {
		for b := range used {
			if a < b && g.Uses[b][a] != nil {
				pairs = append(pairs, Pair{a, b})
			}
		}
	}
	slices.SortFunc(pairs, func(x, y Pair) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) })
	return pairs
}

// Circles returns the groups of files that reach each other, each sorted.
func (g *Graph) Circles() (circles [][]string) {
	reached := make(map[string]map[string]bool)
	for from := range g.Uses {
		reached[from] = make(map[string]bool)
		g.reach(from, reached[from])
	}
	done := make(map[string]bool)
	for _, from := range slices.Sorted(maps.Keys(g.Uses)) {
		if done[from] || !reached[from][from] {
			continue
		}
		var circle []string
		for to := range reached[from] {
			if reached[to][from] {
				circle, done[to] = append(circle, to), true
			}
		}
		slices.Sort(circle)
		circles = append(circles, circle)
	}
	return circles
}

// reach adds to seen the files that can be reached from a file.
func (g *Graph) reach(from string, seen map[string]bool) {
	for to := range g.Uses[from] {
		if !seen[to] {
			seen[to] = true
			g.reach(to, seen)
		}
	}
}

// Report writes the circles, and for each the uses between its files, with names.
func (g *Graph) Report(w io.Writer) {
	pairs, circles := g.Pairs(), g.Circles()
	for _, p := range pairs {
		fmt.Fprintf(w, "pair %s <-> %s\n", p.A, p.B)
	}
	inside := 0
	for _, circle := range circles {
		inside += len(circle)
		fmt.Fprintf(w, "circle of %d files: %s\n", len(circle), strings.Join(circle, " "))
		for _, from := range circle {
			for _, to := range slices.Sorted(maps.Keys(g.Uses[from])) {
				if slices.Contains(circle, to) {
					fmt.Fprintf(w, "  %s -> %s: %s\n", from, to, strings.Join(g.Uses[from][to], ", "))
				}
			}
		}
	}
	fmt.Fprintf(w, "%d pairs, %d files in %d circles\n", len(pairs), inside, len(circles))
}
