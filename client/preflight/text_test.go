package preflight_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/seed-111a911e/messagebatches/client/preflight"
)

// TestTextsOfIssues uses property names that forge lines and control terminals. Only pointers keep them unchanged.
func TestTextsOfIssues(t *testing.T) {
	t.Parallel()
	name := "max_token\n::error::\u001b[2J\u009b\u202e\u2028"
	line := `{"custom_id":"a","params":{"model":"claude-opus-5","max_tokens":"x","messages":[],"max_token\n::error::\u001b[2J\u009b\u202e\u2028":1,"` + strings.Repeat("z", 5000) + `":2}}`
	report, err := preflight.CheckLines(strings.NewReader(line), preflight.Options{Version: "2026\u202e"})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, i := range report.Issues {
		found = found || strings.Contains(string(i.Pointer), name) && strings.Contains(i.String(), `max_token\n::error::\x1b[2J\u009b\u202e\u2028`)
		if len(i.String()) > 1200 {
			t.Errorf("%d bytes: %s", len(i.String()), i)
		}
		checkText(t, i.String())
	}
	if !found {
		t.Errorf("got %v", report.Issues)
	}
	var issues *preflight.IssuesError
	if err := report.Err(); !errors.As(err, &issues) {
		t.Errorf("got %v", err)
	} else {
		for line := range strings.SplitSeq(err.Error(), "\n") { // a line for each issue
			checkText(t, line)
			if strings.HasPrefix(line, "::") {
				t.Errorf("a name starts a new line: %s", line)
			}
		}
	}
}

func checkText(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			t.Errorf("%q contains %U", text, r)
			return
		}
	}
}
