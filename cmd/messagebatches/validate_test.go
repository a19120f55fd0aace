package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMain is the command itself where a test asks for it.
func TestMain(m *testing.M) {
	if os.Getenv("MESSAGEBATCHES_TEST_COMMAND") != "" {
		main()
	}
	os.Exit(m.Run())
}

// runCommand runs the command in this process.
func runCommand(in string, color bool, args ...string) (out, err string, status int) {
	var stdout, stderr strings.Builder
	status = run(streams{in: strings.NewReader(in), out: &stdout, err: &stderr, color: color}, args)
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
testdata/mistakes.jsonl:9: warning: budget /params/fallbacks: needs the beta "server-side-fallback-2026-06-01" or "server-side-fallback-2026-07-01" [missing-beta]
testdata/mistakes.jsonl:10: error: cut-off /params/messages/0/content: not one whole JSON object, at byte 125: unexpected EOF [json]
testdata/mistakes.jsonl: 9 requests, 1496 bytes: 10 errors, 2 warnings
`

func TestValidateText(t *testing.T) {
	t.Parallel()
	out, err, status := runCommand("", false, "validate", "testdata/mistakes.jsonl")
	if diff := cmp.Diff(mistakes, out); diff != "" || err != "" || status != exitIssues {
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
	out, _, status := runCommand("", false, "validate", "-format", "json", "testdata/mistakes.jsonl", "testdata/mistakes.jsonl")
	if status != exitIssues {
		t.Errorf("status %d", status)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 2 || lines[0] != lines[1] {
		t.Fatalf("%d lines for two files that are the same", len(lines))
	}
	var report struct {
		File                              string
		Requests, Bytes, Errors, Warnings int
		Issues                            []map[string]any
	}
	if err := json.Unmarshal([]byte(lines[0]), &report); err != nil {
		t.Fatal(err)
	}
	if report.File != "testdata/mistakes.jsonl" || report.Requests != 9 || report.Errors != 10 || report.Warnings != 2 || len(report.Issues) != 12 {
		t.Errorf("got %+v", report)
	}
	want := map[string]any{
		"index": 1.0, "line": 2.0, "custom_id": "no-tokens", "pointer": "/params/max_tokens",
		"rule": "required", "severity": "error", "message": `"max_tokens" is missing`,
	}
	if diff := cmp.Diff(want, report.Issues[0]); diff != "" {
		t.Error(diff)
	}
	if out, _, _ := runCommand(fine, false, "validate", "-format", "json", "-"); out != `{"file":"-","requests":1,"bytes":96,"errors":0,"warnings":0,"issues":[]}`+"\n" {
		t.Errorf("got %s", out)
	}
}

const (
	fine    = `{"custom_id":"a","params":{"model":"claude-opus-5","max_tokens":1,"messages":[]}}`
	newer   = `{"custom_id":"a","params":{"model":"claude-opus-9","max_tokens":1,"messages":[]}}`
	fast    = `{"custom_id":"a","params":{"model":"claude-opus-5","max_tokens":1,"messages":[],"speed":"fast"}}`
	cool    = `{"custom_id":"a","params":{"model":"claude-opus-5","max_tokens":1,"messages":[],"temperature":0}}`
	advised = `{"custom_id":"a","params":{"model":"claude-opus-5","max_tokens":1,"messages":[],"fallbacks":"default","compaction":{"type":"summarize"}}}`
)

func TestValidateFlags(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in     string
		args   []string
		status int
		out    string // a part of it
		err    string
	}{
		"fine":                      {fine, []string{"-"}, exitOK, "-: 1 request, ", ""},
		"error":                     {fast, []string{"-"}, exitIssues, `-:1: error: a /params/speed: a request inside a batch must not have "speed" [refused-by-batch]`, ""},
		"warning":                   {newer, []string{"-"}, exitOK, ": 0 errors, 1 warning\n", ""},
		"strict":                    {newer, []string{"-strict", "-"}, exitIssues, ": 0 errors, 1 warning\n", ""},
		"strict and fine":           {fine, []string{"-strict", "-"}, exitOK, ": 0 errors, 0 warnings\n", ""},
		"empty":                     {"", []string{"-"}, exitIssues, "-: error: a batch has 1 to 100000 requests, not 0 [batch-count]\n-: 0 requests, ", ""},
		"older version":             {cool, []string{"-strict", "-"}, exitOK, ": 0 errors", ""},
		"newer version":             {cool, []string{"-version", "2026-10-21", "-"}, exitIssues, "[refused-by-version]", ""},
		"unknown version":           {cool, []string{"-version", "2026-10-12", "-"}, exitOK, `-: warning: the contract does not know the version "2026-10-12"`, ""},
		"unknown version, strict":   {cool, []string{"-version=2026-10-12", "-strict", "-"}, exitIssues, "[unknown-version]", ""},
		"betas missing":             {advised, []string{"-strict", "-"}, exitIssues, ": 0 errors, 2 warnings\n", ""},
		"one beta missing":          {advised, []string{"-betas", "compact-2026-09-04", "-strict", "-"}, exitIssues, ": 0 errors, 1 warning\n", ""},
		"betas given":               {advised, []string{"-betas", "compact-2026-09-04, server-side-fallback-2026-07-01", "-strict", "-"}, exitOK, ": 0 errors, 0 warnings\n", ""},
		"unknown beta":              {fine, []string{"-betas", "compact-2026-09-40", "-"}, exitOK, "[unknown-beta]", ""},
		"rule off":                  {fast, []string{"-disable", "refused-by-batch", "-strict", "-"}, exitOK, ": 0 errors, 0 warnings\n", ""},
		"rules off":                 {fast + "\n" + newer, []string{"-disable", "refused-by-batch,unknown-model,duplicate-id", "-strict", "-"}, exitOK, "-: 2 requests", ""},
		"rule that is none":         {fine, []string{"-disable", "type,refused", "-"}, exitFailed, "", `there is no rule "refused": the rules are json, type, required, `},
		"no file":                   {"", nil, exitFailed, "", "Usage: messagebatches validate"},
		"file that is not there":    {"", []string{"testdata/none.jsonl"}, exitFailed, "", "messagebatches validate: open testdata/none.jsonl: "},
		"file that is no file":      {"", []string{"testdata"}, exitFailed, "", "messagebatches validate: testdata: read testdata: "},
		"a file that is there too":  {fast, []string{"testdata/none.jsonl", "-"}, exitFailed, "[refused-by-batch]", "none.jsonl"},
		"format that is none":       {fine, []string{"-format", "xml", "-"}, exitFailed, "", `-format is text or json, not "xml"`},
		"flag that is none":         {fine, []string{"-fix", "-"}, exitFailed, "", "flag provided but not defined: -fix"},
		"help":                      {"", []string{"-h"}, exitOK, "", "Exit status: 0 without errors"},
		"two files, one with error": {fast, []string{"-", "-"}, exitIssues, "-: 0 requests", ""},
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

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args           []string
		status         int
		toOut, toError string
	}{
		{nil, exitFailed, "", "Usage: messagebatches COMMAND"},
		{[]string{"help"}, exitOK, "Usage: messagebatches COMMAND", ""},
		{[]string{"check"}, exitFailed, "", `there is no command "check"`},
	} {
		out, err, status := runCommand("", false, tt.args...)
		if status != tt.status || !strings.HasPrefix(out, tt.toOut) || !strings.Contains(err, tt.toError) {
			t.Errorf("%v: status %d\n%s%s", tt.args, status, out, err)
		}
	}
}

// TestProcess runs the command as a process of its own, whose output is no terminal.
func TestProcess(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in     string
		args   []string
		status int
	}{
		"fine":   {fine, []string{"validate", "-"}, exitOK},
		"issues": {fast, []string{"validate", "-"}, exitIssues},
		"failed": {"", []string{"validate", filepath.Join("testdata", "none.jsonl")}, exitFailed},
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
