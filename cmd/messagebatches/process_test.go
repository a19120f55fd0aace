package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// quickTiming is the timing of the program under test. With the real one each doubt would take 40 minutes.
const quickTiming = "lease=5s,renew=500ms,margin=1500ms,lag=500ms,apart=100ms,fence=5s,missing=5s,refused=5s,look=50ms,poll=100ms,firstpoll=20ms,backoff=20ms,most=300ms,obey=50ms,recording=2s"

// quick is the command with a short timing; all tests share it.
type quick struct {
	once sync.Once
	name string
	err  error
}

// binary builds the command.
func (q *quick) binary(t *testing.T) string {
	t.Helper()
	q.once.Do(func() {
		dir, err := os.MkdirTemp("", "messagebatches-test-") //nolint:usetesting // all tests share what is built there
		if err != nil {
			q.err = err
			return
		}
		q.name, q.err = buildQuick(dir)
	})
	if q.err != nil {
		t.Fatal(q.err)
	}
	return q.name
}

// buildQuick builds the command in a directory, with a short timing and other changes.
func buildQuick(dir string, changes ...string) (name string, err error) {
	timing := strings.Join(append([]string{quickTiming}, changes...), ",")
	name = filepath.Join(dir, "messagebatches.exe")
	out, err := exec.Command("go", "build", "-ldflags", "-X github.com/seed-111a911e/messagebatches/jobs.testTiming="+timing, "-o", name, ".").CombinedOutput()
	if err != nil {
		return name, errors.New(string(out))
	}
	return name, nil
}

// remove removes what was built.
func (q *quick) remove() {
	if q.name != "" {
		_ = os.RemoveAll(filepath.Dir(q.name))
	}
}

// shared is removed by TestMain.
var shared quick

// A place is a directory in which commands run as processes, against a fake.
type place struct {
	*testing.T
	dir string
	env []string
}

// newPlace starts a fake with flags and creates a directory with requests.jsonl in it.
func newPlace(t *testing.T, requests int, flags ...string) *place {
	t.Helper()
	url, stop := startServe(t, flags...)
	t.Cleanup(func() { stop() })
	p := &place{T: t, dir: t.TempDir(), env: append(os.Environ(), "ANTHROPIC_BASE_URL="+url, "ANTHROPIC_API_KEY=sk-test-0123456789", "ANTHROPIC_AUTH_TOKEN=", "NO_COLOR=", "TERM=xterm")}
	writeRequests(t, p.path("requests.jsonl"), requests)
	return p
}

// writeRequests writes a file of n requests.
func writeRequests(t *testing.T, name string, n int) {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"custom_id":"row %d","params":{"model":"claude-opus-5","max_tokens":10,"messages":[{"role":"user","content":"Hello %d"}]}}`+"\n", i, i)
	}
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p *place) path(name string) string { return filepath.Join(p.dir, name) }

// command returns a process that has not been started.
func (p *place) command(args ...string) *exec.Cmd {
	c := exec.Command(shared.binary(p.T), args...)
	c.Dir, c.Env = p.dir, p.env
	return c
}

// run runs a command, whose arguments have no spaces.
func (p *place) run(line string) (out, err string, status int) {
	p.Helper()
	c := p.command(strings.Fields(line)...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &exit) {
		p.Fatal(err)
	}
	return stdout.String(), stderr.String(), c.ProcessState.ExitCode()
}

// want runs a command and checks its exit status, and that its output contains parts.
func (p *place) want(line string, status int, parts ...string) string {
	p.Helper()
	out, err, got := p.run(line)
	for _, part := range parts {
		if !strings.Contains(out+err, part) {
			p.Errorf("%s: %q is missing", line, part)
		}
	}
	if checkVisible(p.T, out+err); got != status || p.Failed() {
		p.Fatalf("%s: status %d, want %d\n%s%s", line, got, status, out, err)
	}
	return out
}

// jsonLines checks that each line is an object, and returns them.
func jsonLines(t *testing.T, text string) (lines []map[string]any) {
	t.Helper()
	for line := range strings.Lines(text) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		lines = append(lines, v)
	}
	return lines
}
