package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

// TestRunKeepsFiles checks that run replaces only files that the job has written, and reports files that it cannot write
// before anything is sent.
func TestRunKeepsFiles(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 5, "--duration", "50ms")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(p.path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("theirs.jsonl", "precious")
	write("empty.jsonl", "")
	if err := os.Mkdir(p.path("folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	requests := string(must(os.ReadFile(p.path("requests.jsonl"))))
	refuse := func() {
		t.Helper()
		for flags, want := range map[string]string{
			"-o theirs.jsonl":                        "theirs.jsonl exists and was not written by this job: name another file with -o, or remove it",
			"-o results.jsonl --errors theirs.jsonl": "theirs.jsonl exists and was not written by this job: name another file with --errors, or remove it",
			"-o requests.jsonl":                      "-o names the requests file: choose another one",
			"-o none/results.jsonl":                  "there is no directory none: create it, or name another file with -o",
			"-o folder/":                             "folder/ is a directory: name a file with -o",
			"-o folder":                              "folder is a directory: name a file with -o",
			"-o " + os.DevNull:                       " is not a regular file: name one with -o",
		} {
			if os.PathSeparator == '\\' && strings.HasSuffix(flags, os.DevNull) {
				continue
			}
			p.want("run requests.jsonl -y "+flags, cli.Failed, want, "--help")
			p.want("run requests.jsonl --dry-run --job dry.job "+flags, cli.Failed, want)
		}
		if got := string(must(os.ReadFile(p.path("theirs.jsonl")))); got != "precious" {
			t.Errorf("theirs.jsonl holds %q", got)
		}
		if got := string(must(os.ReadFile(p.path("requests.jsonl")))); got != requests {
			t.Errorf("requests.jsonl holds %q", got)
		}
	}
	refuse()
	if _, err := os.Stat(p.path("requests.job")); err == nil {
		t.Error("a job was started")
	}
	p.want("run requests.jsonl -y -o empty.jsonl", cli.OK, "empty.jsonl: 5 requests")
	p.want("run requests.jsonl -y -o empty.jsonl", cli.OK, "empty.jsonl: 5 requests")
	refuse()
}

// TestResultsAgain rewrites the results of a finished job if they are missing, or requested in another file, and reports if
// that is impossible.
func TestResultsAgain(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"input", "done"} {
		p := newPlace(t, 30, "--duration", "50ms")
		call := "run requests.jsonl -y --batch-requests 10 --order " + order
		p.want(call+" -o results.jsonl", cli.OK, "results.jsonl: 30 requests")
		results := readLines(t, p.path("results.jsonl"))
		if err := os.Remove(p.path("results.jsonl")); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"results.jsonl", "other.jsonl"} {
			p.want(call+" -o "+name, cli.OK, name+": 30 requests")
			if got := readLines(t, p.path(name)); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(results))) {
				t.Errorf("%s: %s has %d results", order, name, len(got))
			}
			p.want("verify requests.jsonl", cli.OK, "verified: 30 requests")
		}
		p.want("job prune -y requests.jsonl", cli.OK)
		p.want(call+" -o results.jsonl", cli.OK, "warning: results.jsonl was not written: the job was pruned")
		if err := os.Remove(p.path("other.jsonl")); err != nil {
			t.Fatal(err)
		}
		p.want(call+" -o other.jsonl", cli.Failed, "other.jsonl no longer exists, and cannot be written again: the job was pruned")
	}
}

// TestRebuiltJobIsNotBegunAgain continues a job whose database was lost, without check, estimate or question.
func TestRebuiltJobIsNotBegunAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 5, "--duration", "3s")
	p.want("run requests.jsonl -y --detach", cli.OK)
	loseDatabase(p)
	p.want("run requests.jsonl -y", cli.Failed, "the database of the job is lost", "To repair it, run messagebatches job rebuild.")
	p.want("job rebuild requests.jsonl", cli.OK)
	p.want("status requests.jsonl", cli.OK, ", rebuilding\nit is looking for its batches\n")
	p.want("report requests.jsonl -o -", cli.OK, "The job is being rebuilt: it is looking for its batches.")
	p.want("run requests.jsonl", cli.OK, "which is being rebuilt: it is looking for its batches\n", "results.jsonl: 5 requests")
	p.want("verify --online requests.jsonl", cli.OK, "nothing was paid for twice")
	loseDatabase(p)
	p.want("job rebuild requests.jsonl", cli.OK)
	p.want("run requests.jsonl", cli.OK, "results.jsonl: 5 requests")
	if err := os.Remove(p.path("requests.results.jsonl")); err != nil {
		t.Fatal(err)
	}
	p.want("run requests.jsonl", cli.Failed, "results.jsonl no longer exists, and cannot be written again: ")
}

// loseDatabase removes the database of a job.
func loseDatabase(p *place) {
	p.Helper()
	files, err := filepath.Glob(p.path("requests.job/job.db*"))
	if err != nil || len(files) == 0 {
		p.Fatal(files, err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			p.Fatal(err)
		}
	}
}

// TestJobFromElsewhere reads a job from a directory other than the one in which it was run.
func TestJobFromElsewhere(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 5, "--duration", "50ms")
	p.want("run requests.jsonl -y -o results.jsonl --errors errors.jsonl", cli.OK, "results.jsonl: 5 requests")
	if err := os.Mkdir(p.path("elsewhere"), 0o700); err != nil {
		t.Fatal(err)
	}
	p.dir = p.path("elsewhere")
	p.want("verify "+filepath.Join("..", "requests.job"), cli.OK, "verified: 5 requests")
	if out := p.want("job results "+filepath.Join("..", "requests.job"), cli.OK); strings.Count(out, "\n") != 5 {
		t.Errorf("got %s", out)
	}
}

// TestNamesInJSON checks that property names are lower-case words joined with underscores.
func TestNamesInJSON(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 5, "--duration", "50ms")
	name := regexp.MustCompile(`"([^"]*)":`)
	for _, line := range []string{"estimate requests.jsonl --json", "run requests.jsonl -y --json", "status requests.jsonl --json", "job costs requests.jsonl --json", "job ls --json", "job events requests.jsonl --json", "verify requests.jsonl --json --online", "batch ls --json", "doctor --json", "version --json"} {
		out := p.want(line, cli.OK)
		for _, m := range name.FindAllStringSubmatch(out, -1) {
			if m[1] != strings.ToLower(m[1]) || strings.ContainsAny(m[1], " -") {
				t.Errorf("%s: a property %q", line, m[1])
			}
		}
	}
}

// TestNotDone runs commands that need a finished job.
func TestNotDone(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 5, "--duration", "1h")
	p.want("run requests.jsonl -y --detach", cli.OK, "All requests were sent.")
	for _, command := range []string{"verify", "job results", "job retry", "job prune -y"} {
		p.want(command+" requests.jsonl", cli.Failed, "is not done", "messagebatches run")
	}
}

// TestKeyIsNotShown gives a key where the name of a file is expected.
func TestKeyIsNotShown(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"doctor --key-file sk-ant-secret", "batch ls --key-file sk-ant-secret", "run a.jsonl --api-key sk-ant-secret", "batch ls --auth-token=sk-ant-secret"} {
		out, err, status := runCommand("", false, strings.Fields(args)...)
		if status != cli.Failed || strings.Contains(out+err, "secret") || !strings.Contains(err, "other users can read") {
			t.Errorf("%s: status %d\n%s%s", args, status, out, err)
		}
	}
}

// TestComeBack checks the counts of what is running and what is not sent yet.
func TestComeBack(t *testing.T) {
	t.Parallel()
	r := &runCall{app: new(app), dir: "a.job"}
	got := r.comeBack(&jobs.Status{Rounds: []jobs.RoundStatus{{Waiting: 1200, Planned: 3400}}})
	if want := "Still running: 1,200 requests. Not sent yet: 3,400 requests.\nTo continue, run the same command:\n  messagebatches "; !strings.HasPrefix(got, want) {
		t.Errorf("got %s", got)
	}
}

// TestNothingThere checks that errors name the missing file, directory or batch, and say what to do.
func TestNothingThere(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 1)
	p.want("run . -y", cli.Failed, "messagebatches run: . is a directory: name a requests file, such as requests.jsonl\n")
	p.want("job ls none", cli.Failed, "messagebatches job ls: there is no directory none\n")
	p.want("batch results none", cli.Failed, "404 not_found_error", "messagebatches batch ls lists the batches that the key can see.\n")
	p.want("estimate requests.jsonl --prices requests.jsonl", cli.Failed, "requests.jsonl is not a table of prices in JSON: ")
}

// TestDiskFull checks that a full disk needs action, after which the same command continues.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	r := &runCall{app: new(app), dir: t.TempDir()}
	for _, full := range []error{&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, errors.New("database or disk is full (13)")} {
		err := r.explain(context.Background(), fmt.Errorf("job a.job: %w", full))
		if cli.Status(err) != cli.Person || !strings.Contains(advice(err), "Free some space, then run the same command to continue.") {
			t.Errorf("status %d, %v, %s", cli.Status(err), err, advice(err))
		}
	}
}

// TestQuiet checks that --quiet prints no progress, but still prints what may need action.
func TestQuiet(t *testing.T) {
	t.Parallel()
	var errs bytes.Buffer
	p := newProgress(&runCall{app: &app{Streams: cli.Streams{Err: &errs}}, quiet: true})
	p.event(jobs.Event{Kind: jobs.EventEnded, Text: "a batch has ended"})
	p.event(jobs.Event{Kind: jobs.EventOutage, Text: "little disk"})
	if got := errs.String(); strings.Contains(got, "ended") || !strings.HasSuffix(got, "  outage: little disk\n") {
		t.Errorf("got %q", got)
	}
}
