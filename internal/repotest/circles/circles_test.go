package circles

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGraph(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files   map[string]string
		pairs   []Pair
		circles [][]string
	}{
		"edge/one way": {
			files: map[string]string{"a.go": "func f() { g() }", "b.go": "func g() {}"},
		},
		"edge/itself": {
			files: map[string]string{"a.go": "func f() { f() }"},
		},
		"edge/local name": {
			files: map[string]string{"a.go": "func f() { g := 1; _ = g }; type t int", "b.go": "func g() { var _ t }"},
		},
		"pair/function": {
			files:   map[string]string{"a.go": "func f() { g() }", "b.go": "func g() { f() }"},
			pairs:   []Pair{{"a.go", "b.go"}},
			circles: [][]string{{"a.go", "b.go"}},
		},
		"pair/method": {
			files:   map[string]string{"a.go": "type t int; func f(x t) { x.m() }", "b.go": "func (t) m() {}"},
			pairs:   []Pair{{"a.go", "b.go"}},
			circles: [][]string{{"a.go", "b.go"}},
		},
		"pair/field": {
			files:   map[string]string{"a.go": "type t struct { x *u }; func f(x t) { _ = x.x.y }", "b.go": "type u struct { y int; t t }"},
			pairs:   []Pair{{"a.go", "b.go"}},
			circles: [][]string{{"a.go", "b.go"}},
		},
		"pair/method of a generic type": {
			files:   map[string]string{"a.go": "type t[K any] struct{}; func f(x t[int]) { x.m() }", "b.go": "func (t[K]) m() {}"},
			pairs:   []Pair{{"a.go", "b.go"}},
			circles: [][]string{{"a.go", "b.go"}},
		},
		"circle/three": {
			files:   map[string]string{"a.go": "const a = b", "b.go": "const b = 1; var _ = c", "c.go": "var c = func() int { return a }", "d.go": "var _ = a"},
			circles: [][]string{{"a.go", "b.go", "c.go"}},
		},
		"circle/two": {
			files: map[string]string{
				"a.go": "func a() { b() }", "b.go": "func b() { a(); c() }",
				"c.go": "func c() { d() }", "d.go": "func d() { c() }",
			},
			pairs:   []Pair{{"a.go", "b.go"}, {"c.go", "d.go"}},
			circles: [][]string{{"a.go", "b.go"}, {"c.go", "d.go"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for file, text := range tt.files {
				tt.files[file] = "package p\n" + text
			}
			g, err := load(tt.files, func(string) (io.ReadCloser, error) { return nil, errors.ErrUnsupported })
			if err != nil {
				t.Fatal(err)
			}
			if len(g.Errors) > 0 {
				t.Fatal(g.Errors)
			}
			if diff := cmp.Diff(tt.pairs, g.Pairs()); diff != "" {
				t.Errorf("pairs: %s", diff)
			}
			if diff := cmp.Diff(tt.circles, g.Circles()); diff != "" {
				t.Errorf("circles: %s", diff)
			}
		})
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	g, err := load(map[string]string{
		"a.go": "package p\nfunc a() { hub() }", "b.go": "package p\nfunc b() { hub() }", "hub.go": "package p\nfunc hub() { a(); b() }",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(g.Pairs()); n != 2 {
		t.Errorf("%d pairs, want 2", n)
	}
	g.Remove("hub.go")
	if pairs, circles := g.Pairs(), g.Circles(); pairs != nil || circles != nil {
		t.Errorf("%v, %v are left", pairs, circles)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	g, err := load(map[string]string{
		"a.go": "package p\ntype t struct{ n int }\nfunc f(x *t) { x.m() }",
		"b.go": "package p\nfunc (x *t) m() { f(x); _ = x.n }",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	g.Report(&got)
	const want = `pair a.go <-> b.go
circle of 2 files: a.go b.go
  a.go -> b.go: t.m
  b.go -> a.go: .n, f, t
1 pairs, 2 files in 1 circles
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}
