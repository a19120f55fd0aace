package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs"
)

// A run is the outcome of a program.
type run struct {
	out, log string
	err      error
}

// start runs the program until its log contains a word, and then stops it with a signal. If word is empty, the program runs
// to its end.
func start(t *testing.T, program, word string, signal os.Signal, args ...string) (r run) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, program, args...)
	var out bytes.Buffer
	command.Stdout = &out
	stderr, err := command.StderrPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		r.log += lines.Text() + "\n"
		if word != "" && !stopped && strings.Contains(lines.Text(), word) {
			stopped = true
			if err := command.Process.Signal(signal); err != nil {
				t.Error(err)
			}
		}
	}
	r.err, r.out = command.Wait(), out.String()
	if stopped != (word != "") {
		t.Fatalf("stopped is not as expected: %v\n%s", r.err, r.log)
	}
	t.Logf("classify %s: %v\n%s%s", strings.Join(args, " "), r.err, r.log, r.out)
	return r
}

// build builds the program into a directory.
func build(t *testing.T, dir string) string {
	t.Helper()
	program := filepath.Join(dir, "classify.exe")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// TestInterrupted interrupts the process, as Ctrl-C does, while its batch is running.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows cannot interrupt a process from a test: continuing after Ctrl-C is untested there")
	}
	dir := t.TempDir()
	program, out := build(t, dir), filepath.Join(dir, "labels.csv")
	r := start(t, program, "accepted", os.Interrupt, "tickets.csv", out)
	if r.err == nil || !strings.Contains(r.log, "the same command continues") {
		t.Errorf("%v\n%s", r.err, r.log)
	}
	r = start(t, program, "", nil, "tickets.csv", out)
	if r.err != nil || !strings.Contains(r.out, "5 of 5 answered") || strings.Contains(r.log, "accepted") {
		t.Errorf("%v\n%s%s", r.err, r.log, r.out)
	}
}

// TestKilled kills the real process with SIGKILL, twice. The same command continues each time. At the end, each ticket has
// its label, in the same order, and nothing was sent twice.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := build(t, dir)
	in, out := filepath.Join(dir, "tickets.csv"), filepath.Join(dir, "labels.csv")
	want := [][]string{{"id", "label"}}
	var text strings.Builder
	text.WriteString("id,text\n")
	for i := range 500 {
		id := fmt.Sprintf("ticket %d of ann@example.com", i)
		kind := [][]string{{"The invoice is wrong", "billing"}, {"It crashed, again", "bug"}, {"Hello", "other"}}[i%7%3]
		want = append(want, []string{id, kind[1]})
		fmt.Fprintf(&text, "%s,\"%s.\"\n", id, kind[0])
	}
	if err := os.WriteFile(in, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	logs := ""
	// The first batch has one ticket, so that the others, in the second batch, read the handbook from the cache. The process
	// must not be killed while it sends: it would then look for the batch for an hour.
	for range 2 {
		r := start(t, program, "accepted", os.Kill, in, out)
		if logs += r.log; r.err == nil {
			t.Fatal("the program was not killed")
		}
	}
	r := start(t, program, "", nil, in, out)
	logs += r.log
	if r.err != nil || !strings.Contains(r.out, "500 of 500 answered, 0 resent for a better answer") {
		t.Fatalf("%v\n%s", r.err, r.out)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := csv.NewReader(f).ReadAll()
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d rows, want %d: %v", len(got), len(want), err)
	}
	for i := range want {
		if got[i][0] != want[i][0] || got[i][1] != want[i][1] {
			t.Errorf("row %d is %v, want %v", i, got[i], want[i])
		}
	}
	job, err := jobs.Open(t.Context(), out+".job", jobs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer job.Close()
	report, err := job.Report(t.Context())
	if err != nil || len(report.Duplicates)+len(report.PossibleDuplicates) > 0 || strings.Count(logs, " accepted ") != int(report.Batches) {
		t.Errorf("report %+v, %v; log:\n%s", report, err, logs)
	}
	if err := job.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
