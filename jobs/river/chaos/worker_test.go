//go:build unix

package chaos

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// quickTiming is the timing of the workers: with the real one, each doubt would take 40 minutes. Late actions of the service
// happen within faultTime.
const (
	quickTiming = "lease=3s,renew=300ms,margin=1500ms,lag=500ms,apart=100ms,fence=2s,missing=5s,refused=5s,look=100ms,poll=200ms,firstpoll=100ms,backoff=50ms,most=500ms,obey=50ms,recording=2s"
	lease       = 3 * time.Second // the lease in quickTiming
	limit       = 100             // requests that may wait
)

// buildWorker builds a worker whose clock is wrong by skew.
func buildWorker(t *testing.T, skew string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "worker")
	flags := "-X github.com/seed-111a911e/messagebatches/jobs.testTiming=" + quickTiming + ",skew=" + skew
	out, err := exec.Command("go", "build", "-ldflags", flags, "-o", name, "github.com/seed-111a911e/messagebatches/jobs/river/internal/worker").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return name
}

// A machine runs a worker.
type machine struct {
	binary  string
	args    []string
	env     []string
	log     string
	command *exec.Cmd
}

// start starts a worker in a new directory of its own.
func (m *machine) start(t *testing.T) {
	t.Helper()
	log, err := os.OpenFile(m.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	m.command = exec.Command(m.binary, append(m.args, "-temp", t.TempDir())...)
	m.command.Env = append(os.Environ(), m.env...)
	m.command.Stdout, m.command.Stderr = log, log
	if err := m.command.Start(); err != nil {
		t.Fatal(err)
	}
}

// kill kills the worker.
func (m *machine) kill() {
	_ = m.command.Process.Kill()
	_ = m.command.Wait()
}

// stop and continueIt suspend and continue the worker, as with a virtual machine.
func (m *machine) stop()       { _ = m.command.Process.Signal(syscall.SIGSTOP) }
func (m *machine) continueIt() { _ = m.command.Process.Signal(syscall.SIGCONT) }

// owner returns the part of the owner of attempts that identifies the worker.
func (m *machine) owner() string { return " " + strconv.Itoa(m.command.Process.Pid) + " " }
