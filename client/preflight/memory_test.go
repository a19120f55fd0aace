package preflight_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/internal/memtest"
)

// TestMemoryOfGarbage checks files with millions of issues. It is not parallel, because the memory of other tests would
// count.
func TestMemoryOfGarbage(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector needs memory and time of its own: make test runs it without")
	}
	preflight.CheckLines(strings.NewReader("{}"), preflight.Options{}) // loads the contract
	const inParams = `{"custom_id":"a","params":{"model":"claude-opus-5","max_tokens":1,"messages":[`
	for name, tt := range map[string]struct {
		lines  []string
		limit  int // in MiB
		issues int // at least, of any kind
	}{
		"lines/numbers":         {memtest.Repeat("", "1\n", 5<<20, ""), 64, 2_000_000},
		"lines/not JSON":        {memtest.Repeat("", "{x\n", 5<<20, ""), 64, 1_500_000},
		"lines/empty objects":   {memtest.Repeat("", "{}\n", 5<<20, ""), 64, 3_000_000},
		"lines/many more":       {memtest.Repeat("", "{}\n", 6<<20, ""), 64, 4_000_000},
		"lines/same ID":         {memtest.Repeat("", `{"custom_id":"a","params":{}}`+"\n", 8<<20, ""), 64, 250_000},
		"file/CSV":              {memtest.Repeat("custom_id,prompt\n", "a,Hi\n", 5<<20, ""), 8, 1},
		"file/JSON array":       {memtest.Repeat("[", good("a")+",", 5<<20, "1]"), 8, 1},
		"file/two on a line":    {memtest.Repeat("", good("a")+" ", 5<<20, ""), 8, 1},
		"file/100 MB array":     {memtest.Repeat("[", "1,", 100<<20, "1]"), 8, 1},
		"line/numbers":          {memtest.Repeat(inParams, "1,", 5<<20, "1]}}"), 64, 2_000_000},
		"line/objects":          {memtest.Repeat(inParams, "{},", 5<<20, "1]}}"), 64, 1_000_000},
		"line/properties":       {memtest.Repeat(`{"custom_id":"a",`, `"x":1,`, 5<<20, `"y":1}`), 64, 800_000},
		"line/parameters":       {memtest.Repeat(`{"custom_id":"a","params":{`, `"x":1,`, 5<<20, `"y":1}}`), 64, 800_000},
		"line/long name":        {memtest.Repeat(`{"custom_id":"a","params":{"`, "x", 20<<20, `":1}}`), 200, 1},
		"line/100 MB not JSON":  {memtest.Repeat("", "x", 100<<20, ""), 260, 1},
		"line/100 MB of blanks": {memtest.Repeat("{", " ", 100<<20, ""), 260, 1},
		"line/100 MB of text":   {memtest.Repeat(inParams+`"`, "x", 100<<20, ""), 260, 1},
		"line/breakpoints":      {memtest.Repeat(inParams+`{"role":"user","content":[`, `{"type":"text","text":"x","cache_control":{"type":"ephemeral"}},`, 8<<20, `1]}]}}`), 64, 2},
		"line/tool calls":       {memtest.Repeat(inParams+`{"role":"assistant","content":[`, `{"type":"tool_use","id":"a","name":"x","input":{}},`, 8<<20, `1]}]}}`), 64, 2},
		"line/prefills":         {memtest.Repeat(inParams, `{"role":"assistant","content":"x"},`, 8<<20, `{"role":"assistant","content":"x"}]}}`), 64, 1},
		"line/turns":            {memtest.Repeat(inParams, `{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"x","input":{}}]},{"role":"user","content":"x"},`, 8<<20, `1]}}`), 64, 50_000},
		"line/tools":            {memtest.Repeat(`{"custom_id":"a","params":{"tools":[`, `{"name":"x","input_schema":{"type":"object","anyOf":[]}},`, 8<<20, `1]}}`), 64, 100_000},
		"line/JSON Schema":      {memtest.Repeat(`{"custom_id":"a","params":{"tools":[{"name":"x","strict":true,"input_schema":{"type":"object","properties":{`, `"x":{"minimum":1},`, 8<<20, `"y":1}}}]}}`), 64, 100_000},
		"line/8 MB of ones":     {memtest.Repeat(inParams, "1,", 8<<20, "1]}}"), 64, 4_000_000},
	} {
		t.Run(name, func(t *testing.T) {
			var report *preflight.Report
			var err error
			got := memtest.Peak(func() { report, err = preflight.CheckLines(memtest.Reader(tt.lines), preflight.Options{}) }) >> 20
			t.Logf("%d MiB", got)
			if err != nil {
				t.Fatal(err)
			}
			if n := report.Count(preflight.Error) + report.Count(preflight.Warning); n < tt.issues || len(report.Issues) > 100*2*len(preflight.Rules())+2 {
				t.Errorf("%d issues, %d of them listed", n, len(report.Issues))
			}
			if int(got) > tt.limit {
				t.Errorf("%d MiB, want at most %d", got, tt.limit)
			}
			if text := report.Err().Error(); len(text) > 100_000 {
				t.Errorf("a text of %d bytes", len(text))
			}
		})
	}
}

func TestMaxIssues(t *testing.T) {
	t.Parallel()
	lines := strings.Repeat(`{"custom_id":"a b","params":{"model":"m","max_tokens":0,"messages":[{"role":"user","content":"x"}],"zzzz":1}}`+"\nx\n", 5000)
	for max, listed := range map[int]int{0: 300, 1: 3, 7: 21, 100_000: 15_000} {
		report, err := preflight.CheckLines(strings.NewReader(lines), preflight.Options{Max: max})
		if err != nil {
			t.Fatal(err)
		}
		errors, warnings := 0, 0
		for _, i := range report.Issues {
			if i.Severity == preflight.Error {
				errors++
			} else {
				warnings++
			}
		}
		if errors != listed || warnings != min(listed*2/3, 10_000) { // of three rules, and of two
			t.Errorf("max %d: %d errors and %d warnings are listed", max, errors, warnings)
		}
		if report.Count(preflight.Error) != 15_000 || report.Count(preflight.Warning) != 10_000 || report.Requests != 10_000 {
			t.Errorf("max %d: %d errors, %d warnings", max, report.Count(preflight.Error), report.Count(preflight.Warning))
		}
		if !slices.IsSortedFunc(report.Issues, func(x, y preflight.Issue) int { return x.Index - y.Index }) {
			t.Errorf("max %d: not in the order of the requests", max)
		}
		if max == 100_000 {
			if len(report.More) > 0 {
				t.Errorf("all are listed, but more are counted: %v", report.More)
			}
			continue
		}
		n := 0
		for _, m := range report.More {
			n += m.Count
		}
		if n+len(report.Issues) != 25_000 || report.More[0].Severity != preflight.Error {
			t.Errorf("max %d: %d issues are listed, others %v", max, len(report.Issues), report.More)
		}
		if text := report.Err().Error(); !strings.HasPrefix(text, "preflight: 15000 errors\n") || !strings.Contains(text, " more") {
			t.Errorf("got %s", text)
		}
	}
}
