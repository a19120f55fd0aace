//go:build unix

package main

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// TestRunShared has a worker serve a job of a database, which is added once, however often it is run.
func TestRunShared(t *testing.T) {
	t.Parallel()
	database := os.Getenv("DATABASE_URL")
	if database == "" {
		t.Skip("left out: it needs PostgreSQL, see make test-postgres")
	}
	p := newPlace(t, 30, "--duration", "100ms")
	place := " --store " + database + " --blobs " + p.path("blobs")
	if err := os.Mkdir(p.path("blobs"), 0o700); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	worker := p.command(strings.Fields("worker" + place)...)
	worker.Stderr = &log
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = worker.Process.Kill() })
	call := "run requests.jsonl -o results.jsonl -y --batch-requests 10" + place
	lines := jsonLines(t, p.want(call+" --detach --json", cli.OK))
	if last := lines[len(lines)-1]; last["type"] != "job" || last["id"] == "" {
		t.Errorf("got %v", lines)
	}
	for range 2 {
		p.want(call, cli.OK, "Workers serve job ", "results.jsonl: 30 requests in ", "30 answered")
		if n := len(readLines(t, p.path("results.jsonl"))); n != 30 {
			t.Errorf("%d results", n)
		}
	}
	p.want("run requests.jsonl -o requests.jsonl -y"+place, cli.Failed, "-o is the file of requests")
	_ = worker.Process.Signal(syscall.SIGINT)
	if err := worker.Wait(); err != nil || !strings.Contains(log.String(), "messagebatches worker: interrupted; other workers, and this one when it is started again, continue") {
		t.Errorf("%v, %s", err, &log)
	}
}

// TestStoreFails has no database, and says so once.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 1)
	for _, line := range []string{"worker", "run requests.jsonl -y"} {
		_, err, status := p.run(line + " --store postgres://user@127.0.0.1:1/db --blobs " + p.dir)
		if status != cli.Failed || strings.Count(err, "connection refused") != 1 || strings.Contains(err, `\t`) {
			t.Errorf("%s: status %d, %s", line, status, err)
		}
	}
}
