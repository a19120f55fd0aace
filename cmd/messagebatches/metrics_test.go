package main

import (
	"bufio"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/cmd/internal/metrics"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// TestRunMetrics scrapes a run.
func TestRunMetrics(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 6, "--duration", "1h")
	p.want("run requests.jsonl -y --metrics nonsense", cli.Failed, "--metrics: ")
	p.want("run requests.jsonl -y --metrics :0 --store postgres://a@b/c --blobs "+p.dir, cli.Failed, "--metrics cannot be combined with --store")
	c := p.command("run", "requests.jsonl", "-y", "--metrics", ":0")
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	}()
	url, accepted := "", false
	for lines := bufio.NewScanner(stderr); !accepted && lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "Metrics are at "); ok {
			url = text
		}
		accepted = strings.Contains(lines.Text(), "  accepted batch 1: ")
	}
	go func() { _, _ = io.Copy(io.Discard, stderr) }()
	if !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Fatalf("metrics are at %q", url)
	}
	resp, err := http.Get(url) //nolint:noctx // of this test
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text := string(must(io.ReadAll(resp.Body)))
	for _, want := range []string{
		"\nmessagebatches_up 1\n", "\nmessagebatches_job_requests 6\n", `messagebatches_requests{state="waiting"} 6`, `messagebatches_batches{state="proven"} 1`,
		`messagebatches_events_total{kind="accepted"} 1`, `messagebatches_calls_total{operation="create batch",outcome="ok"} 1`, "\nmessagebatches_oldest_batch_expiry_seconds ", "\ngo_goroutines ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the scrape has no %q", want)
		}
	}
	if strings.Contains(text, "sk-test") || t.Failed() {
		t.Errorf("the scrape is\n%s", text)
	}
}

// TestPoolSnapshot reads the states of two shared jobs, one of which is processed until it is done.
func TestPoolSnapshot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		service := batchtest.New(t, batchtest.WithDuration(time.Hour))
		pool := must(jobs.NewPool(store.NewMemory(), must(jobs.Directory(t.TempDir())), jobs.PoolOptions{Client: service.Client(), Temp: t.TempDir()}))
		input := filepath.Join(t.TempDir(), "requests.jsonl")
		writeRequests(t, input, 9)
		id := must(pool.Add(ctx, jobs.Lines(input), jobs.Options{MaxRequests: 3}))
		must(pool.Add(ctx, jobs.Lines(input), jobs.Options{}))
		p := &poolSnapshot{pool: pool}
		look := func() (served, other metrics.Snapshot) {
			t.Helper()
			all := must(p.look(ctx))
			if len(all) != 2 {
				t.Fatalf("%d jobs", len(all))
			}
			if all[0].Status.ID != id {
				all[0], all[1] = all[1], all[0]
			}
			return all[0], all[1]
		}
		if s, _ := look(); s.Status.State != "running" || len(s.Batches) != 3 || s.Costs == nil || s.Over() {
			t.Errorf("before it is processed: %+v", s)
		}
		for done := false; !done; <-time.After(time.Minute) {
			for _, b := range must(pool.Batches(ctx, id)) {
				must(pool.Advance(ctx, jobs.Ref{Job: id, Seq: b.Seq}))
			}
			var err error
			if done, _, err = pool.Tend(ctx, id); err != nil {
				t.Fatal(err)
			}
		}
		s, other := look()
		if !s.Over() || s.Status.State != "done" || p.over[id] != s.Status || len(p.over) != 1 || other.Over() {
			t.Errorf("when it is done: %+v, %+v", s, other)
		}
		if again, _ := look(); again.Status != s.Status {
			t.Error("a job that is done is read again")
		}
		if all, err := pool.Batches(ctx, "none"); all != nil || err == nil {
			t.Errorf("batches of no job: %v, %v", all, err)
		}
	})
}
