//go:build unix

package main

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// A terminal records what a process writes to its terminal.
type terminal struct {
	*os.File
	more chan struct{} // signals that something was written, or that the process has ended
	mu   sync.Mutex
	text bytes.Buffer
}

func (x *terminal) read() {
	buf := make([]byte, 4096)
	for {
		n, err := x.File.Read(buf)
		x.mu.Lock()
		x.text.Write(buf[:n])
		x.mu.Unlock()
		select {
		case x.more <- struct{}{}:
		default:
		}
		if err != nil {
			return // the process has ended
		}
	}
}

func (x *terminal) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.text.String()
}

// await waits until the terminal shows a text.
func (x *terminal) await(t *testing.T, text string) {
	t.Helper()
	late := time.After(time.Minute)
	for !strings.Contains(x.String(), text) {
		select {
		case <-x.more:
		case <-late:
			t.Fatalf("%q does not appear in\n%s", text, x)
		}
	}
}

// open runs a command in a terminal.
func (p *place) open(line string, env ...string) (x *terminal, wait func() int) {
	p.Helper()
	return p.openWidth(100, line, env...)
}

// openWidth runs a command in a terminal with the given number of columns.
func (p *place) openWidth(columns uint16, line string, env ...string) (x *terminal, wait func() int) {
	p.Helper()
	c := p.command(strings.Fields(line)...)
	c.Env = append(c.Env, env...)
	f, err := pty.StartWithSize(c, &pty.Winsize{Rows: 40, Cols: columns})
	if err != nil {
		p.Skipf("no terminal: %v", err)
	}
	x = &terminal{File: f, more: make(chan struct{}, 1)}
	var done sync.WaitGroup
	done.Go(x.read)
	p.Cleanup(func() {
		_ = c.Process.Kill()
		f.Close()
	})
	return x, func() int {
		_ = c.Wait()
		done.Wait()
		return c.ProcessState.ExitCode()
	}
}

// TestRunInATerminal checks the question, the redrawn lines, and the advice after an interrupt.
func TestRunInATerminal(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 20, "--duration", "1h")
	x, wait := p.open("run requests.jsonl -o results.jsonl")
	x.await(t, "Send 20 requests? [y/N] ")
	x.WriteString("n\n")
	if status := wait(); status != cli.Failed || !strings.Contains(x.String(), "nothing was sent") {
		t.Errorf("status %d, %s", status, x)
	}
	x, wait = p.open("run requests.jsonl -o results.jsonl")
	x.await(t, "Send 20 requests? [y/N] ")
	x.WriteString("y\n")
	x.await(t, "0 of 1 batch ended (the service reports no counts until a batch ends)")
	x.await(t, "oldest batch sent ")
	x.WriteString("\x03")
	if status := wait(); status != cli.Stopped {
		t.Errorf("status %d", status)
	}
	if text := x.String(); !strings.Contains(text, "Interrupted. Still running: 20 requests.") || !strings.Contains(text, "messagebatches run requests.jsonl -o results.jsonl\r\n") || !strings.Contains(text, "\x1b[") {
		t.Errorf("got %q", text)
	}
	if strings.Contains(x.String(), "^C\x1b[") {
		t.Errorf("lines are written after ^C: %q", x)
	}
	x, wait = p.open("cancel requests.jsonl")
	x.await(t, "Cancel requests.job for good, with 0 of 20 requests settled? [y/N] ")
	x.WriteString("yes\n")
	if status := wait(); status != cli.OK {
		t.Errorf("status %d, %s", status, x)
	}
	x, wait = p.open("run requests.jsonl -o results.jsonl")
	if status := wait(); status != cli.Issues || !strings.Contains(x.String(), "20 of 20 requests settled") || !strings.Contains(x.String(), "results.jsonl: 20 requests in 1 batch, ") {
		t.Errorf("status %d, %s", status, x)
	}
}

// TestTerminals checks that colors and redrawn lines appear only where they are wanted.
func TestTerminals(t *testing.T) {
	t.Parallel()
	escape := regexp.MustCompile(`\x1b\[`)
	p := newPlace(t, 3, "--duration", "500ms")
	if err := os.WriteFile(p.path("wrong.jsonl"), []byte(fast), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		line, env string
		escapes   bool
	}{
		"help/terminal":       {"--help", "TERM=xterm", false},
		"run/terminal":        {"run requests.jsonl -y --job a.job -o a.jsonl", "TERM=xterm", true},
		"run/no color":        {"run requests.jsonl -y --job b.job -o b.jsonl", "NO_COLOR=1", true}, // redrawn lines without colors
		"run/dumb terminal":   {"run requests.jsonl -y --job c.job -o c.jsonl", "TERM=dumb", false},
		"run/quiet":           {"run requests.jsonl -y -q --job d.job -o d.jsonl", "TERM=xterm", false},
		"run/json":            {"run requests.jsonl -y --json --job e.job -o e.jsonl", "TERM=xterm", false},
		"validate/wrong":      {"validate wrong.jsonl", "TERM=xterm", true},
		"validate/no color":   {"validate wrong.jsonl", "NO_COLOR=1", false},
		"validate/dumb":       {"validate wrong.jsonl", "TERM=dumb", false},
		"validate/wrong json": {"validate --json wrong.jsonl", "TERM=xterm", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, wait := p.open(tt.line, tt.env)
			wait()
			if got := escape.MatchString(x.String()); got != tt.escapes || x.String() == "" {
				t.Errorf("got %q", x)
			}
			if strings.Contains(x.String(), "\x1b[3") && tt.env == "NO_COLOR=1" {
				t.Errorf("colors: %q", x)
			}
		})
	}
}

// TestNarrowTerminal checks that redrawn lines are not wider than the terminal, and that they are ASCII.
func TestNarrowTerminal(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 20, "--duration", "1h")
	x, wait := p.openWidth(40, "run requests.jsonl -y")
	x.await(t, "oldest batch sent ")
	x.WriteString("\x03")
	if status := wait(); status != cli.Stopped {
		t.Errorf("status %d", status)
	}
	text := regexp.MustCompile(`\x1b\[[0-9]*[A-Za-z]`).ReplaceAllString(x.String(), "")
	if !strings.Contains(text, "0/20  [") || !strings.Contains(text, "0 of 1 batch ended (the service repor...") {
		t.Errorf("got %q", x)
	}
	for _, line := range slices.Collect(strings.Lines(text)) {
		line = strings.Trim(line, "\r\n")
		moves := strings.Contains(line, "0/20") || strings.Contains(line, " ended") || strings.HasPrefix(line, "oldest")
		if line = line[strings.LastIndex(line, "\r")+1:]; moves && utf8.RuneCountInString(line) > 40 || len(line) != utf8.RuneCountInString(line) {
			t.Errorf("got %q", line)
		}
	}
}
