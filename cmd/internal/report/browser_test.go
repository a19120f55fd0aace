package report

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-111a911e/messagebatches/cmd/internal/browsertest"
)

// TestBrowserReport looks at the report of a job with hostile custom IDs, labels and errors: no script runs, nothing is
// requested, the page fits the screen, and axe-core finds nothing serious.
func TestBrowserReport(t *testing.T) {
	t.Parallel()
	b := browsertest.Start(t)
	var page string
	inScene(t, nil, func(s *scene) { _, page = s.read() })
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, screen := range browsertest.Screens() {
		tab := b.Open(t, "file://"+filepath.ToSlash(file), screen)
		tab.Accessible(name)
		tab.Fits(name)
		tab.Clean("file://")
	}
}
