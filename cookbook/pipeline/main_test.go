package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestPipeline runs the program on 300,000 requests of 1 KB, 300 MB in total, and checks its memory. With the race detector,
// which is slow and needs much memory, it uses fewer requests.
func TestPipeline(t *testing.T) {
	t.Parallel()
	lines, most := 300_000, 200
	if raceDetector {
		lines, most = 3_000, 2_000
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "requests.jsonl"), filepath.Join(dir, "results.jsonl")
	f, err := os.Create(in)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	text := strings.Repeat("How long is this text? ", 40)
	for i := range lines {
		fmt.Fprintf(w, `{"custom_id":"line-%d","params":{"model":"claude-haiku-4-5","max_tokens":10,"messages":[{"role":"user","content":"%d %s"}]}}`+"\n", i, i, text)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "pipeline.exe")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	log, err := exec.CommandContext(t.Context(), program, in, out).CombinedOutput()
	t.Logf("pipeline %s %s\n%s", in, out, log)
	if err != nil {
		t.Fatal(err)
	}
	results, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for line := range bytes.Lines(results) {
		id, _, _ := bytes.Cut(bytes.TrimPrefix(line, []byte(`{"custom_id":"`)), []byte(`"`))
		seen[string(id)] = true
	}
	if len(seen) != lines || bytes.Count(results, []byte("\n")) != lines {
		t.Errorf("%d results for %d requests, in %d lines", len(seen), lines, bytes.Count(results, []byte("\n")))
	}
	used := regexp.MustCompile(`with at most (\d+) MB of memory`).FindSubmatch(log)
	if used == nil {
		t.Fatal("the log does not report the memory")
	}
	if n, err := strconv.Atoi(string(used[1])); err != nil || n > most {
		t.Errorf("the program used %d MB, more than %d: %v", n, most, err)
	}
}
