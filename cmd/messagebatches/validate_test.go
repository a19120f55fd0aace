package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// TestMain runs the command itself if a test asks for it.
func TestMain(m *testing.M) {
	if os.Getenv("MESSAGEBATCHES_TEST_COMMAND") != "" {
		main()
	}
	status := m.Run()
	shared.remove()
	os.Exit(status)
}

// runCommand runs the command in this process.
func runCommand(in string, color bool, args ...string) (out, err string, status int) {
	var stdout, stderr strings.Builder
	status = run(context.Background(), cli.Streams{In: strings.NewReader(in), Out: &stdout, Err: &stderr, Color: color}, args)
	return stdout.String(), stderr.String(), status
}

const mistakes = `testdata/mistakes.jsonl:2: error: no-tokens /params/max_tokens: "max_tokens" is missing [required]
testdata/mistakes.jsonl:4: error: fine-1 /custom_id: line 1 has the same custom id [duplicate-id]
testdata/mistakes.jsonl:5: error: /custom_id: must match ^[a-zA-Z0-9_-]{1,64}$ [pattern]
testdata/mistakes.jsonl:5: error: /params/max_tokens: expected a whole number, got a string [type]
testdata/mistakes.jsonl:6: warning: streamed /params/model: the contract does not know this model: did you mean "claude-opus-5-5"? [unknown-model]
testdata/mistakes.jsonl:6: error: streamed /params/stream: a request inside a batch must not have true here [refused-by-batch]
testdata/mistakes.jsonl:7: error: jpg /params/messages/0/content/0/source/media_type: must be "image/jpeg", "image/png", "image/gif" or "image/webp": did you mean "image/jpeg"? [enum]
testdata/mistakes.jsonl:8: error: tools /params/tools/0/input_schema: "input_schema" is missing [required]
testdata/mistakes.jsonl:8: error: tools /params/tools/0/inputSchema: there is no such property: did you mean "input_schema"? [unknown-property]
testdata/mistakes.jsonl:9: error: budget /params/thinking/budget_tokens: must be at least 1024 [limit]
testdata/mistakes.jsonl:9: warning: budget /params/compaction: needs the beta "compact-2026-09-04" [missing-beta]
testdata/mistakes.jsonl:10: error: cut-off /params/messages/0/content: not one whole JSON object, at byte 125: unexpected EOF: the line is cut off, or has a line break where \n belongs [json]
testdata/mistakes.jsonl: 9 requests, 1,512 bytes: 10 errors, 2 warnings
`

func TestValidateText(t *testing.T) {
	t.Parallel()
	out, err, status := runCommand("", false, "validate", "testdata/mistakes.jsonl")
	if diff := cmp.Diff(mistakes, out); diff != "" || err != "" || status != cli.Issues {
		t.Errorf("status %d, %s\n%s", status, err, diff)
	}
	out, _, _ = runCommand("", true, "validate", "testdata/mistakes.jsonl")
	colored := strings.NewReplacer(": error: ", ": \x1b[31merror\x1b[0m: ", ": warning: ", ": \x1b[33mwarning\x1b[0m: ").Replace(mistakes)
	if diff := cmp.Diff(colored, out); diff != "" {
		t.Error(diff)
	}
}

func TestValidateJSON(t *testing.T) {
	t.Parallel()
	out, _, status := runCommand("", false, "validate", "--json", "testdata/mistakes.jsonl", "testdata/mistakes.jsonl")
	if status != cli.Issues {
		t.Errorf("status %d", status)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 3 || lines[0] != lines[1] || lines[2] != `{"totals":{"files":2,"failed":0,"requests":18,"bytes":3024,"errors":20,"warnings":4}}` {
		t.Fatalf("%d lines for two equal files and their totals\n%s", len(lines), out)
	}
	var report struct {
		File                              string
		Requests, Bytes, Errors, Warnings int
		Kinds                             []struct {
			Rule, Severity, Place string
			Count                 int
			First                 []map[string]any
		}
	}
	if err := json.Unmarshal([]byte(lines[0]), &report); err != nil {
		t.Fatal(err)
	}
	if report.File != "testdata/mistakes.jsonl" || report.Requests != 9 || report.Errors != 10 || report.Warnings != 2 || len(report.Kinds) != 12 {
		t.Errorf("got %+v", report)
	}
	want := map[string]any{
		"index": 1.0, "line": 2.0, "custom_id": "no-tokens", "pointer": "/params/max_tokens",
		"rule": "required", "severity": "error", "message": `"max_tokens" is missing`,
	}
	if diff := cmp.Diff(want, report.Kinds[0].First[0]); diff != "" {
		t.Error(diff)
	}
	if out, _, _ := runCommand(fine, false, "validate", "--json", "-"); out != `{"file":"-","requests":1,"bytes":125,"errors":0,"warnings":0,"kinds":[]}`+"\n" {
		t.Errorf("got %s", out)
	}
}

const (
	fine    = `{"custom_id":"a","params":{"model":"claude-opus-5","max_tokens":1,"messages":[{"role":"user","content":"x"}]}}`
	newer   = `{"custom_id":"a","params":{"model":"claude-opus-9","max_tokens":1,"messages":[{"role":"user","content":"x"}]}}`
	fast    = `{"custom_id":"a","params":{"model":"claude-opus-5","max_tokens":1,"messages":[{"role":"user","content":"x"}],"speed":"fast"}}`
	several = `{"custom_id":"a","params":{"model":"claude-opus-5","max_tokens":1,"messages":[{"role":"user","content":1},{"role":"user","content":2}]}}`
	cool    = `{"custom_id":"a","params":{"model":"claude-haiku-4-5","max_tokens":1,"messages":[{"role":"user","content":"x"}],"temperature":0}}`
	advised = `{"custom_id":"a","params":{"model":"claude-opus-5","max_tokens":1,"messages":[{"role":"user","content":"x"}],"output_config":{"task_budget":{"type":"tokens","total":20000}},"compaction":{"type":"summarize"}}}`
)

func TestValidateFlags(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in     string
		args   []string
		status int
		out    string // part of the output
		err    string
	}{
		"fine":                      {fine, []string{"-"}, cli.OK, "-: 1 request, ", ""},
		"error":                     {fast, []string{"-"}, cli.Issues, `-:1: error: a /params/speed: a request inside a batch must not have "speed" [refused-by-batch]`, ""},
		"warning":                   {newer, []string{"-"}, cli.OK, ": 0 errors, 1 warning\n", ""},
		"strict":                    {newer, []string{"--strict", "-"}, cli.Issues, ": 0 errors, 1 warning\n", ""},
		"strict behind the file":    {newer, []string{"-", "--strict"}, cli.Issues, ": 0 errors, 1 warning\n", ""},
		"rule off behind the file":  {fast, []string{"-", "--disable", "refused-by-batch"}, cli.OK, ": 0 errors, 0 warnings\n", ""},
		"strict and fine":           {fine, []string{"--strict", "-"}, cli.OK, ": 0 errors, 0 warnings\n", ""},
		"empty":                     {"", []string{"-"}, cli.Issues, "-: error: a batch has 1 to 100000 requests, and there are none: the file is empty [batch-count]\n-: 0 requests, ", ""},
		"older version":             {cool, []string{"--strict", "-"}, cli.OK, ": 0 errors", ""},
		"newer version":             {cool, []string{"--api-version", "2026-10-21", "-"}, cli.Issues, "[refused-by-version]", ""},
		"unknown version":           {cool, []string{"--api-version", "2026-10-12", "-"}, cli.OK, `-: warning: the contract does not know the version "2026-10-12"`, ""},
		"unknown version, strict":   {cool, []string{"--api-version=2026-10-12", "--strict", "-"}, cli.Issues, "[unknown-version]", ""},
		"betas missing":             {advised, []string{"--strict", "-"}, cli.Issues, ": 0 errors, 2 warnings\n", ""},
		"one beta missing":          {advised, []string{"--betas", "compact-2026-09-04", "--strict", "-"}, cli.Issues, ": 0 errors, 1 warning\n", ""},
		"betas given":               {advised, []string{"--betas", "compact-2026-09-04, task-budgets-2026-03-13", "--strict", "-"}, cli.OK, ": 0 errors, 0 warnings\n", ""},
		"unknown beta":              {fine, []string{"--betas", "compact-2026-09-40", "-"}, cli.OK, "[unknown-beta]", ""},
		"rule off":                  {fast, []string{"--disable", "refused-by-batch", "--strict", "-"}, cli.OK, ": 0 errors, 0 warnings\n", ""},
		"rules off":                 {fast + "\n" + newer, []string{"--disable", "refused-by-batch,unknown-model,duplicate-id", "--strict", "-"}, cli.OK, "-: 2 requests", ""},
		"rule that is none":         {fine, []string{"--disable", "type,refused", "-"}, cli.Failed, "", `there is no rule "refused": the rules are file, json, type, required, `},
		"CSV":                       {"custom_id,prompt\na,Hi\n", []string{"-"}, cli.Issues, "-:1: error: the file is CSV, not one JSON object per line: messagebatches convert makes requests from its rows and a template [file]\n-: not checked: 1 error, 0 warnings\n", ""},
		"compressed":                {"\x1f\x8b\x08\x00", []string{"-"}, cli.Issues, "-: error: the file is a gzip file: decompress it with gunzip [file]\n-: not checked: 1 error, 0 warnings\n", ""},
		"CSV, rule off":             {"custom_id,prompt\na,Hi\n", []string{"--disable", "file", "-"}, cli.Issues, "-:1: error: not one whole JSON object", ""},
		"too many":                  {strings.Repeat("{}\n", 100_001), []string{"-"}, cli.Issues, "-: error: a batch has 1 to 100000 requests, and there are more: split it [batch-count]", ""},
		"split":                     {strings.Repeat("{}\n", 100_001), []string{"--split", "--disable", "required", "-"}, cli.OK, "-: 100,001 requests, 300,017 bytes: 0 errors, 0 warnings\n", ""},
		"many of a kind":            {strings.Repeat(newer+"\n", 500) + fast, []string{"--disable=duplicate-id", "-"}, cli.Issues, "-:1: warning: a /params/model: the contract does not know this model: did you mean \"claude-opus-5\"? [unknown-model]\n  500 times, next in lines 2 (a), 3 (a), 4 (a), 5 (a)\n-:501: error: a /params/speed: a request inside a batch must not have \"speed\" [refused-by-batch]\n-: 501 requests, 55,640 bytes: 1 error, 500 warnings, of 2 kinds\n", ""},
		"many places":               {several, []string{"-"}, cli.Issues, "-:1: error: a /params/messages/0/content: expected a string or a list, got a number [type]\n  2 times at /params/messages/*/content, next in line 1 (a)\n", ""},
		"max":                       {strings.Repeat(newer+"\n", 500), []string{"--disable=duplicate-id", "--max", "1", "-"}, cli.OK, "[unknown-model]\n  500 times\n-: 500 requests", ""},
		"more than are looked at":   {strings.Repeat(newer+"\n", 2500), []string{"--disable=duplicate-id", "--max", "2", "-"}, cli.OK, "\n  2,000 times, next in line 2 (a)\n-: warning: and 500 more [unknown-model]\n-: 2,500 requests", ""},
		"max that is none":          {fine, []string{"--max", "0", "-"}, cli.Failed, "", "--max must be 1 or more, not 0"},
		"no file":                   {"", nil, cli.Failed, "", "messagebatches validate: no requests file is named"},
		"file that is not there":    {"", []string{"testdata/none.jsonl"}, cli.Failed, "", "messagebatches validate: open testdata/none.jsonl: "},
		"file that is no file":      {"", []string{"testdata"}, cli.Failed, "", "messagebatches validate: testdata: read testdata: "},
		"a file that is there too":  {fast, []string{"testdata/none.jsonl", "-"}, cli.Failed, "2 files, of which 1 could not be read: 1 request, ", "none.jsonl"},
		"flag that is none":         {fine, []string{"--fix", "-"}, cli.Failed, "", "there is no flag --fix"},
		"help":                      {"", []string{"-h"}, cli.OK, "Exit status: 0 without errors", ""},
		"two files, one with error": {fast, []string{"-", "-"}, cli.Issues, "-: 0 requests, 15 bytes: 1 error, 0 warnings\n2 files: 1 request, 155 bytes: 2 errors, 0 warnings\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err, status := runCommand(tt.in, false, append([]string{"validate"}, tt.args...)...)
			if status != tt.status || !strings.Contains(out, tt.out) || !strings.Contains(err, tt.err) || tt.err == "" && err != "" {
				t.Errorf("status %d, want %d\n%s%s", status, tt.status, out, err)
			}
		})
	}
}

// TestProcess runs the command as a process whose output is not a terminal.
func TestProcess(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in     string
		args   []string
		status int
	}{
		"fine":   {fine, []string{"validate", "-"}, cli.OK},
		"issues": {fast, []string{"validate", "-"}, cli.Issues},
		"failed": {"", []string{"validate", filepath.Join("testdata", "none.jsonl")}, cli.Failed},
	} {
		c := exec.Command(os.Args[0], tt.args...)
		c.Env = append(os.Environ(), "MESSAGEBATCHES_TEST_COMMAND=1")
		c.Stdin = strings.NewReader(tt.in)
		out, err := c.CombinedOutput()
		if status := c.ProcessState.ExitCode(); status != tt.status || strings.Contains(string(out), "\x1b") {
			t.Errorf("%s: status %d, %v\n%s", name, status, err, out)
		}
	}
}
