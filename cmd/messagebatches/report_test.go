package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// TestReport writes the report of a job as a page and as JSON.
func TestReport(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 12, "--duration", "100ms", "--errored", "100%")
	p.want("report requests.jsonl", cli.Failed, "there is no job requests.job")
	p.want("run requests.jsonl -y -q --rounds 1 --label team=support", cli.Issues)
	writeRequests(t, p.path("more.jsonl"), 3)
	p.want("run more.jsonl -y -q --rounds 1 --label team=sales", cli.Issues)
	if out := p.want("report requests.jsonl -o a.html", cli.OK); out != "" {
		t.Errorf("standard output has %s", out)
	}
	page := string(must(os.ReadFile(p.path("a.html"))))
	for _, want := range []string{"<!doctype html>", ">team: support<", "<code>row 0</code>", "12 failed", "</html>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
	if out, _, status := p.run("report requests.job -o -"); status != cli.OK || !strings.HasPrefix(out, "<!doctype html>") {
		t.Errorf("status %d, %.100s", status, out)
	}
	p.want("report requests.job -o -  more.job", cli.OK, "<h1>2 jobs</h1>", "<h2 class=\"job\">more.job</h2>", ">team: sales<")
	p.want("report requests.job", cli.OK)
	if _, err := os.Stat(p.path("requests.report.html")); err != nil {
		t.Error(err)
	}
	var doc struct {
		Jobs []struct {
			Outcomes struct {
				Errored  int64
				Failures []struct{ Requests int64 }
			}
		}
	}
	out := p.want("report --json requests.jsonl requests.job more.jsonl", cli.OK)
	if err := json.Unmarshal([]byte(out), &doc); err != nil || len(doc.Jobs) != 2 || doc.Jobs[0].Outcomes.Errored != 12 || doc.Jobs[1].Outcomes.Errored != 3 || len(doc.Jobs[0].Outcomes.Failures) == 0 {
		t.Errorf("got %+v, %v", doc, err)
	}
	p.want("report --json requests.jsonl -o a.html", cli.Failed, "omit -o")
	p.want("report requests.jsonl -o none/a.html", cli.Failed, "there is no directory none")
	p.want("report", cli.Failed, "no requests file or job directory is named")
	for _, entry := range must(os.ReadDir(p.dir)) {
		if strings.HasPrefix(entry.Name(), ".") {
			t.Errorf("%s is left", entry.Name())
		}
	}
}
