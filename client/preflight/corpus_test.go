package preflight_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A testCase is a case of the corpora in testdata/wrong, testdata/rules and testdata/right.txt. A case is a few lines:
//
//	== what it is about
//	version 2026-10-21          options, where they are not the defaults: version, betas, disable
//	params {"top_k":-1}         what to check, see complete
//	error limit /params/top_k   all issues that there should be, in their order; ok if there are none
//
// Options before the first case apply to all cases of the file.
//
// In the checked text «65 a» means 65 times a, and «9, {}» nine times {} separated by commas.
type testCase struct {
	name    string
	file    string
	options preflight.Options
	request string
	want    []string
}

// complete makes a whole request from the part in a case.
func complete(t testing.TB, part, text string) string {
	text = repeats.ReplaceAllStringFunc(text, func(s string) string {
		m := repeats.FindStringSubmatch(s)
		n, _ := strconv.Atoi(m[1])
		return strings.TrimSuffix(strings.Repeat(m[3]+m[2], n), m[2])
	})
	switch part {
	case "request": // one request of a batch
		return text
	case "params": // parameters, merged into those of a valid request
		var given map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &given); err != nil {
			t.Fatal(err)
		}
		inner := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(text), "{"), "}")
		for _, p := range []struct{ name, value string }{
			{"model", `"claude-opus-5"`}, {"max_tokens", "16"}, {"messages", `[{"role":"user","content":"Hi"}]`},
		} {
			if _, ok := given[p.name]; !ok {
				inner = strings.TrimSuffix(fmt.Sprintf("%q:%s,%s", p.name, p.value, inner), ",")
			}
		}
		return `{"custom_id":"a","params":{` + inner + `}}`
	case "message": // the only message
		return complete(t, "params", `{"messages":[`+text+`]}`)
	case "block": // the only block of the user message
		return complete(t, "message", `{"role":"user","content":[`+text+`]}`)
	case "tool": // the only tool
		return complete(t, "params", `{"tools":[`+text+`]}`)
	}
	t.Fatalf("there is no part %q", part)
	return ""
}

var repeats = regexp.MustCompile(`«(\d+)(,?) ([^»]*)»`)

// readCorpus reads files of cases.
func readCorpus(t testing.TB, pattern string) []testCase {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatal(pattern, err)
	}
	var cases []testCase
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var all preflight.Options
		for line := range strings.Lines(string(text)) {
			word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			if word == "==" {
				cases = append(cases, testCase{file: filepath.ToSlash(name), name: strings.TrimSuffix(filepath.Base(name), ".txt") + "/" + rest, options: all, want: []string{}})
				continue
			}
			values := strings.Split(rest, ", ")
			c := &testCase{}
			if len(cases) > 0 && cases[len(cases)-1].file == filepath.ToSlash(name) {
				c = &cases[len(cases)-1]
			} else if word == "disable" {
				for _, r := range values {
					all.Disable = append(all.Disable, preflight.Rule(r))
				}
			}
			switch word {
			case "", "ok":
			case "version":
				c.options.Version = gen.AnthropicVersion(rest)
			case "betas":
				for _, b := range values {
					c.options.Betas = append(c.options.Betas, gen.AnthropicBeta(b))
				}
			case "disable":
				for _, r := range values {
					c.options.Disable = append(c.options.Disable, preflight.Rule(r))
				}
			case "error", "warning":
				c.want = append(c.want, word+" "+strings.TrimSpace(rest))
			default:
				c.request = complete(t, word, rest)
			}
		}
	}
	return cases
}

// found formats issues as the corpora do.
func found(issues []preflight.Issue) []string {
	all := []string{}
	for _, i := range issues {
		where := string(i.Pointer)
		if i.Index < 0 {
			where = "batch"
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%v %s %s", i.Severity, i.Rule, where)))
	}
	return all
}

func check(t testing.TB, lines string, o preflight.Options) []preflight.Issue {
	report, err := preflight.CheckLines(strings.NewReader(lines), o)
	if err != nil {
		t.Fatal(err)
	}
	return report.Issues
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	names := make(map[string]bool)
	for _, c := range slices.Concat(readCorpus(t, "testdata/wrong/*.txt"), readCorpus(t, "testdata/rules/*.txt"), readCorpus(t, "testdata/right.txt")) {
		if names[c.name] {
			t.Errorf("two cases are named %q", c.name)
		}
		names[c.name] = true
		t.Run(c.name, func(t *testing.T) {
			issues := check(t, c.request, c.options)
			if diff := cmp.Diff(c.want, found(issues)); diff != "" {
				t.Errorf("%s\n(-want +got)\n%s\n%v", c.request, diff, issues)
			}
		})
	}
}

// TestCorpusIsLarge checks the corpus itself: it covers every rule that a single request can break, and wrong cases
// have issues.
func TestCorpusIsLarge(t *testing.T) {
	t.Parallel()
	cases := slices.Concat(readCorpus(t, "testdata/wrong/*.txt"), readCorpus(t, "testdata/rules/*.txt"))
	rules, pointers := make(map[string]bool), make(map[string]bool)
	for _, c := range cases {
		if len(c.want) == 0 && !strings.Contains(c.file, "/rules/") {
			t.Errorf("%s: no issue is expected", c.name)
		}
		for _, issue := range c.want {
			fields := strings.SplitN(issue+" ", " ", 3)
			rules[fields[1]], pointers[fields[2]] = true, true
		}
	}
	t.Logf("%d cases, %d pointers", len(cases), len(pointers))
	for _, r := range preflight.Rules() {
		switch r {
		case preflight.JSON, preflight.DuplicateID, preflight.BatchCount, preflight.BatchSize: // in lines_test.go
		default:
			if !rules[string(r)] {
				t.Errorf("no case breaks the rule %s", r)
			}
		}
	}
}
