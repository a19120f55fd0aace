package main

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// TestRunMetrics scrapes a run.
func TestRunMetrics(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 6, "--duration", "1h")
	p.want("run requests.jsonl -y --metrics nonsense", cli.Failed, "--metrics: ")
	p.want("run requests.jsonl -y --metrics :0 --store postgres://a@b/c --blobs "+p.dir, cli.Failed, "--metrics is a flag of the workers")
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
