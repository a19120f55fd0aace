package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// serve starts a service on a socket and points the environment to it.
func serve(t *testing.T) *batchtest.Service {
	t.Helper()
	s := batchtest.New(t, batchtest.WithDuration(2*time.Second))
	if _, err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ANTHROPIC_BASE_URL", s.URL())
	t.Setenv("ANTHROPIC_API_KEY", s.Key())
	t.Setenv("ANTHROPIC_AUTH_TOKEN", "")
	t.Setenv("ANTHROPIC_CUSTOM_HEADERS", "")
	return s
}

// records returns the names of the files in a directory.
func records(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		names = append(names, f.Name())
	}
	return names
}

// TestAsks checks that nothing is sent before the user agrees.
func TestAsks(t *testing.T) {
	for name, tt := range map[string]struct {
		args     []string
		in       string
		terminal bool
		key      string
		want     string // in the output
	}{
		"asked/no":          {in: "n\n", terminal: true, key: "k", want: "Continue? [y/N] live: nothing was sent\n"},
		"asked/nothing":     {in: "\n", terminal: true, key: "k", want: "live: nothing was sent\n"},
		"asked/end":         {in: "", terminal: true, key: "k", want: "live: nothing was sent\n"},
		"asked/price":       {in: "no\n", terminal: true, key: "k", want: "It costs at most $0.00"},
		"asked/large":       {in: "no\n", terminal: true, key: "k", want: "three bodies of 256 MB"},
		"not a terminal":    {in: "y\n", key: "k", want: "live: standard input is not a terminal: use -yes to run without confirmation\n"},
		"no key":            {args: []string{"-yes"}, want: "ANTHROPIC_API_KEY"},
		"flags/argument":    {args: []string{"-yes", "now"}, key: "k", want: `live: unexpected argument "now"`},
		"flags/wait":        {args: []string{"-yes", "-wait", "0s"}, key: "k", want: "live: -wait must be positive\n"},
		"flags/unknown":     {args: []string{"-no"}, key: "k", want: "flag provided but not defined: -no"},
		"record/impossible": {args: []string{"-yes", "-dir", "main.go"}, key: "k", want: "live: mkdir main.go: not a directory\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			t.Setenv("ANTHROPIC_API_KEY", tt.key)
			dir := t.TempDir()
			var out strings.Builder
			status := run(t.Context(), streams{in: strings.NewReader(tt.in), out: &out, terminal: tt.terminal}, append([]string{"-dir", dir}, tt.args...))
			if status != exitNotRun || !strings.Contains(out.String(), tt.want) {
				t.Errorf("status %d, want %q:\n%s", status, tt.want, out.String())
			}
			if calls := s.Calls(""); len(calls) != 0 || len(records(t, dir)) != 0 {
				t.Errorf("%d calls, records %q", len(calls), records(t, dir))
			}
		})
	}
}

// TestRuns runs the command to its end, twice, and interrupts it.
func TestRuns(t *testing.T) { //nolint:paralleltest // it sets the environment
	s := serve(t)
	fast := []client.Option{client.WithPollInterval(100*time.Millisecond, 0)}
	dir := filepath.Join(t.TempDir(), "docs")
	args := []string{"-skip-large", "-dir", dir}
	today := time.Now().UTC().Format(time.DateOnly)
	var out strings.Builder
	if status := run(t.Context(), streams{strings.NewReader("yes\n"), &out, true, fast}, args); status != exitOK {
		t.Fatalf("status %d:\n%s", status, out.String())
	}
	text, err := os.ReadFile(filepath.Join(dir, "live-"+today+".md"))
	if err != nil || !strings.HasPrefix(string(text), "# Live run of 2") || strings.Contains(string(text), s.Key()) || strings.Contains(string(text), "failed**") {
		t.Errorf("%v\n%s", err, text)
	}
	if strings.Contains(out.String(), "interrupted") {
		t.Errorf("it says that it was interrupted:\n%s", out.String())
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	interrupted := &interrupter{at: "created batch", cancel: cancel}
	if status := run(ctx, streams{out: interrupted, client: fast}, append(args, "-yes")); status != exitFailed {
		t.Errorf("status %d after an interrupt:\n%s", status, interrupted.text.String())
	}
	if want := []string{"live-" + today + "-2.md", "live-" + today + ".md"}; cmp.Diff(want, records(t, dir)) != "" {
		t.Errorf("records %q, want %q", records(t, dir), want)
	}
	if left := s.Batches(); len(left) != 0 {
		t.Errorf("left behind: %+v", left)
	}
}

// An interrupter cancels once a text is written. What the command prints then comes from another goroutine.
type interrupter struct {
	at     string
	cancel func()

	mu   sync.Mutex
	text strings.Builder
}

func (w *interrupter) Write(p []byte) (int, error) {
	if strings.HasPrefix(string(p), w.at) {
		w.cancel()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}
