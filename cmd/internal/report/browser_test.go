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
	for name, screen := range map[string]browsertest.Screen{
		"light": {}, "dark": {Dark: true}, "phone": {Width: 360, Height: 740, Phone: true}, "phone/dark": {Width: 360, Height: 740, Phone: true, Dark: true},
	} {
		tab := b.Open(t, "file://"+filepath.ToSlash(file), screen)
		tab.Accessible(name)
		if wide := browsertest.Eval[int](tab, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
			t.Errorf("%s: the page is %d pixels too wide", name, wide)
		}
		if problems := tab.Problems(); len(problems) > 0 {
			t.Errorf("%s: the page reports %q", name, problems)
		}
		if elsewhere := tab.Elsewhere("file://"); len(elsewhere) > 0 {
			t.Errorf("%s: the page requests %q", name, elsewhere)
		}
	}
}
