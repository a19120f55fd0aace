//go:build unix

package main

import (
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestRunAndServiceKilled kills the program at random moments, and half of the time, shortly before, also the service, which
// is another process and restarts with what it had accepted.
func TestRunAndServiceKilled(t *testing.T) {
	t.Parallel()
	binary := shared.binary(t)
	const requests, kills = 200, 12
	dir := t.TempDir()
	args := []string{"--state", filepath.Join(dir, "service"), "--duration", "300ms", "--list-lag", "100ms", "--get-lag", "100ms", "--fault-time", killedFaultTime, "--errored", "5%"}
	for _, name := range faultNames(t, binary) {
		args = append(args, "--fault", name+"=0.5%")
	}
	url, service := startAt(t, "127.0.0.1:0", binary, args...)
	k := &killing{binary: binary, url: url, dir: dir, input: filepath.Join(dir, "in.jsonl")}
	writeRequests(t, k.input, requests)
	died := 0
	for range kills {
		c := k.command()
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		live := func(most time.Duration) { // or until it ends because nothing is left to do
			select {
			case err := <-ended:
				ended <- err
			case <-time.After(time.Duration(rand.Int64N(int64(most)))):
			}
		}
		live(700 * time.Millisecond)
		if rand.IntN(2) == 0 {
			died++
			_ = service.Process.Kill()
			_ = service.Wait()
			live(200 * time.Millisecond)
		}
		_ = c.Process.Kill()
		<-ended
		if service.ProcessState != nil {
			_, service = startAt(t, strings.TrimPrefix(url, "http://"), binary, args...)
		}
	}
	if err := k.run(0); err != nil {
		t.Fatalf("%v: %s", err, tail(k.log.String()))
	}
	accepted := k.check(t, requests)
	if t.Failed() {
		t.Fatal(tail(k.log.String()))
	}
	t.Logf("%d kills of the program, %d of the service; %d requests accepted, none twice", kills, died, accepted)
}

// TestRunStopped stops the program with SIGSTOP at random moments for longer than its lease. Meanwhile no other program can
// take over the job, and afterwards the program continues.
func TestRunStopped(t *testing.T) {
	t.Parallel()
	const lease = 300 * time.Millisecond
	binary, err := buildQuick(t.TempDir(), "lease="+lease.String(), "renew=50ms", "fence=200ms")
	if err != nil {
		t.Fatal(err)
	}
	const requests = 200
	dir := t.TempDir()
	args := []string{"--duration", "500ms", "--list-lag", "100ms", "--fault-time", killedFaultTime, "--errored", "5%"}
	for _, name := range faultNames(t, binary) {
		args = append(args, "--fault", name+"=0.5%")
	}
	k := &killing{binary: binary, url: startProcess(t, binary, args...), dir: dir, input: filepath.Join(dir, "in.jsonl")}
	writeRequests(t, k.input, requests)
	c := k.command()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for held := false; !held; { // a program that is stopped before it holds the job leaves all of it to the second one
		select {
		case err := <-ended:
			t.Fatalf("it ended at once: %v: %s", err, tail(k.log.String()))
		case <-time.After(10 * time.Millisecond):
			_, err := os.Stat(filepath.Join(dir, "a.job", "job.db"))
			held = err == nil
		}
	}
	stops, refused := 0, 0
	for running := true; running && stops < 8; {
		select {
		case err := <-ended:
			if running = false; err != nil && !strings.Contains(k.log.String(), "paused") {
				t.Fatalf("%v: %s", err, tail(k.log.String()))
			}
		case <-time.After(time.Duration(rand.Int64N(int64(300 * time.Millisecond)))):
			stops++
			_ = c.Process.Signal(syscall.SIGSTOP)
			if second(k) {
				refused++
			}
			select {
			case err := <-ended: // it ended before it was stopped
				ended <- err
			case <-time.After(2 * lease):
			}
			_ = c.Process.Signal(syscall.SIGCONT)
		}
	}
	if stops == 8 {
		<-ended
	}
	if err := k.run(0); err != nil { // either nothing is left to do, or a pause has ended the previous program
		t.Fatalf("%v: %s", err, tail(k.log.String()))
	}
	accepted := k.check(t, requests)
	if refused == 0 {
		t.Error("no second program was refused")
	}
	if t.Failed() {
		t.Fatal(tail(k.log.String()))
	}
	t.Logf("%d stops, in %d of which a second program was refused; %d requests accepted, none twice", stops, refused, accepted)
}

// second reports whether a second program is refused. If the first one has ended, the second one runs and does the rest.
func second(k *killing) bool {
	c := k.command()
	c.Stdout, c.Stderr = nil, nil
	out, err := c.CombinedOutput()
	return errors.As(err, new(*exec.ExitError)) && strings.Contains(string(out), "another program is running the job")
}
