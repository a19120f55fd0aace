//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// newDatabase returns the URL of an empty database, which is dropped after the test. Without a server the test is skipped.
func newDatabase(t *testing.T) string {
	t.Helper()
	text := os.Getenv("DATABASE_URL")
	if text == "" {
		t.Skip("needs PostgreSQL, see make test-postgres")
	}
	at, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test_cmd_%d", os.Getpid())
	exec := func(statement string) {
		c, err := pgx.Connect(context.Background(), text)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(context.Background())
		if _, err := c.Exec(context.Background(), statement); err != nil {
			t.Error(err)
		}
	}
	exec("CREATE DATABASE " + name)
	t.Cleanup(func() { exec("DROP DATABASE " + name + " WITH (FORCE)") })
	at.Path = "/" + name
	return at.String()
}

// TestShared lets a worker process a job that was added before the worker started.
func TestShared(t *testing.T) {
	t.Parallel()
	at := newDatabase(t)
	p := newPlace(t, 30)
	where := " --store " + at + " --blobs " + p.path("blobs")
	if err := os.Mkdir(p.path("blobs"), 0o700); err != nil {
		t.Fatal(err)
	}
	run := "run requests.jsonl -o results.jsonl --yes --batch-requests 10" + where
	p.want(run+" --detach", 0, "was added")
	w := p.command(strings.Fields("worker --limit 1000" + where)...)
	var log bytes.Buffer
	w.Stderr = &log
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Process.Kill() })
	p.want(run, 0, "30 answered")
	p.want(run, 0, "30 answered") // it was added only once
	p.want("run requests.jsonl -o requests.jsonl --yes"+where, cli.Failed, "-o names the requests file")
	if err := w.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := w.Wait(); err != nil || !strings.Contains(log.String(), "interrupted") {
		t.Errorf("the worker: %v, %s", err, log.String())
	}
	raw, err := os.ReadFile(p.path("results.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := jsonLines(t, string(raw))
	for i, line := range lines {
		if line["custom_id"] != fmt.Sprint("row ", i) {
			t.Errorf("result %d is that of %v", i, line["custom_id"])
		}
	}
	out, _, _ := p.run("batch ls --json")
	if len(lines) != 30 || len(jsonLines(t, out)) < 3 {
		t.Errorf("%d results; batches: %s", len(lines), out)
	}
}

// TestSharedFlags checks that flags which shared jobs cannot have are refused, and so are workers without --store and --blobs.
func TestSharedFlags(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 1)
	for line, want := range map[string]string{
		"worker":                              "needs --store and --blobs",
		"worker --store postgres://db/x":      "used together",
		"worker --store mysql://db --blobs .": "must be a URL such as postgres://",
		"worker --store postgres://db/x --blobs . --sending 0":               "must be 1 or more",
		"worker --store postgres://db/x --blobs . --more-tokens 9":           "needs --accept",
		"run requests.jsonl -y --store postgres://db/x":                      "used together",
		"run requests.jsonl -y --store postgres://db/x --blobs . --budget 1": "cannot be combined with",
	} {
		p.want(line, 2, want)
	}
}

// TestStoreFails checks that a missing database is reported once.
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
