package jobs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs/store/blobtest"
)

// requestLine returns a request as a line.
func requestLine(id string) string {
	return fmt.Sprintf(`{"custom_id":%q,"params":{"model":"claude-opus-5","max_tokens":10,"messages":[{"role":"user","content":"Say %s"}]}}`+"\n", id, id)
}

// writeInput writes a file of n requests.
func writeInput(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		b.WriteString(requestLine(fmt.Sprintf("user %d@example.com", i)))
	}
	return writeLines(t, b.String())
}

func writeLines(t *testing.T, lines string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "requests.jsonl")
	if err := os.WriteFile(name, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := batchtest.New(t, batchtest.WithDuration(2*time.Hour))
		input := writeInput(t, 100)
		dir := filepath.Join(t.TempDir(), "a.job")
		j, err := Open(t.Context(), dir, Options{MaxRequests: 30, OnEvent: func(e Event) { t.Log(e.At.Format(time.TimeOnly), e.Kind, e.Seq, e.BatchID, e.Text) }})
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		r, err := j.Run(t.Context(), service.Client(), Lines(input))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v", r)
		if err := j.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		n := 0
		for item, err := range j.Results(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("user %d@example.com", n); item.CustomID != want {
				t.Errorf("result %d belongs to %q", n, item.CustomID)
			}
			n++
		}
		if n != 100 || r.Answered != 100 {
			t.Errorf("%d results, report %+v", n, r)
		}
	})
}

// TestDirectory tests the blobs in a directory.
func TestDirectory(t *testing.T) {
	t.Parallel()
	b, err := Directory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	blobtest.Run(t, b)
}
