package repotest

import (
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/internal/repotest/circles"
)

// fileCircles limits, by package, the pairs of files that use each other and the files in circles. Uses of and by the
// hub do not count: every file of the package may use it, and it may use them.
var fileCircles = map[string]struct {
	pairs, files int
	hub          string
}{
	"client":           {},
	"client/batchtest": {hub: "service.go"},
	"client/bulk":      {},
	"client/messages":  {},
	"client/preflight": {},
}

// TestFileCircles checks that files of a package do not use each other, so that each can be read without the files that
// use it.
func TestFileCircles(t *testing.T) {
	t.Parallel()
	for dir, most := range fileCircles {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			g, err := circles.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			if len(g.Errors) > 0 {
				t.Fatal(g.Errors)
			}
			g.Remove(most.hub)
			pairs, files := len(g.Pairs()), 0
			for _, circle := range g.Circles() {
				files += len(circle)
			}
			if pairs > most.pairs || files > most.files {
				var report strings.Builder
				g.Report(&report)
				t.Errorf("%d pairs and %d files in circles, more than %d and %d:\n%s", pairs, files, most.pairs, most.files, report.String())
			}
			t.Logf("%d pairs and %d files in circles, of at most %d and %d", pairs, files, most.pairs, most.files)
		})
	}
}
