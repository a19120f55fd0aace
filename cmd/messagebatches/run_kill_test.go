//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// killedFaultTime bounds the delays of the service, so that quickTiming holds.
const killedFaultTime = "300ms"

// startProcess starts serve as a process of its own and returns its URL.
func startProcess(t *testing.T, binary string, args ...string) string {
	t.Helper()
	url, _ := startAt(t, "127.0.0.1:0", binary, args...)
	return url
}

// startAt starts serve at an address and returns its URL and process.
func startAt(t *testing.T, addr, binary string, args ...string) (url string, process *exec.Cmd) {
	t.Helper()
	c := exec.Command(binary, append([]string{"serve", "--addr", addr, "--inspect"}, args...)...)
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatalf("serve ended at once: %v", lines.Err())
	}
	return lines.Text(), c
}

// A killing is a job whose programs are killed.
type killing struct {
	binary, url, dir string
	input            string
	kills            int
	log              bytes.Buffer
}

func (k *killing) command() *exec.Cmd {
	c := exec.Command(k.binary, "run", "-y", "--job", filepath.Join(k.dir, "a.job"), "-o", filepath.Join(k.dir, "out.jsonl"), "--batch-requests", "12", k.input)
	c.Env = append(os.Environ(), "ANTHROPIC_BASE_URL="+k.url, "ANTHROPIC_API_KEY=sk-test-0123456789", "ANTHROPIC_AUTH_TOKEN=")
	c.Stderr, c.Stdout = &k.log, &k.log
	return c
}

// run starts the program and kills it at random moments, up to a number of times; then it lets it finish.
func (k *killing) run(kills int) error {
	for pauses := 0; pauses < 20; {
		c := k.command()
		if err := c.Start(); err != nil {
			return err
		}
		var kill <-chan time.Time // never
		if k.kills < kills {
			kill = time.After(time.Duration(rand.Int64N(int64(800 * time.Millisecond))))
		}
		done := make(chan error, 1)
		go func() { done <- c.Wait() }()
		select {
		case err := <-done:
			var exit *exec.ExitError
			switch {
			case err == nil || errors.As(err, &exit) && exit.ExitCode() == cli.Issues:
				return nil
			case !errors.As(err, &exit) || !strings.Contains(k.log.String(), "paused"):
				return err
			}
			pauses++
		case <-kill:
			_ = c.Process.Kill()
			<-done
			k.kills++
		}
	}
	return errors.New("it did not finish")
}

// crowd makes other clients create batches of the same sizes as those of the job.
func (k *killing) crowd(ctx context.Context) {
	for range 40 {
		resp, err := http.Post(k.url+"/fake/seed?requests="+strconv.Itoa(10+rand.IntN(3)), "", nil)
		if err == nil {
			_ = resp.Body.Close()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// check checks what the service has accepted, and the files of the job.
func (k *killing) check(t *testing.T, requests int) (accepted int) {
	t.Helper()
	resp, err := http.Get(k.url + "/fake/accepted")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var ids map[string][]string
	if err := json.NewDecoder(resp.Body).Decode(&ids); err != nil {
		t.Fatal(err)
	}
	j, err := jobs.Open(t.Context(), filepath.Join(k.dir, "a.job"), jobs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	times := make(map[string]int) // how often a request was accepted in a round
	lines := make(map[string]bool)
	for id, batches := range ids {
		parts := strings.Split(id, "-")
		if len(parts) != 5 || parts[0] != j.ID() {
			continue
		}
		times[parts[2]+"-"+parts[4]] += len(batches)
		lines[parts[4]] = true
		accepted += len(batches)
	}
	for key, n := range times {
		if n != 1 {
			t.Errorf("the service has accepted round-request %s %d times", key, n)
		}
	}
	if len(lines) != requests {
		t.Errorf("the service has accepted %d requests of %d", len(lines), requests)
	}
	return accepted
}

// TestRunKilled kills the real program with SIGKILL at random moments, while the service, which is another process, has all
// kinds of faults. MESSAGEBATCHES_KILLS is the number of kills; the jobs take turns.
func TestRunKilled(t *testing.T) {
	t.Parallel()
	kills := 20
	if text := os.Getenv("MESSAGEBATCHES_KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		kills = n
	}
	binary := shared.binary(t)
	const requests, each = 400, 12
	killed, accepted, began, seen := 0, 0, time.Now(), make(map[string]int)
	for round := 0; killed < kills; round++ {
		args := []string{"--duration", "300ms", "--list-lag", "100ms", "--get-lag", "100ms", "--fault-time", killedFaultTime, "--seed", strconv.Itoa(round), "--errored", "5%", "--expired", "5%"}
		for _, name := range faultNames(t, binary) {
			args = append(args, "--fault", name+"=0.7%")
		}
		dir := t.TempDir()
		k := &killing{binary: binary, url: startProcess(t, binary, args...), dir: dir, input: filepath.Join(dir, "in.jsonl")}
		writeRequests(t, k.input, requests)
		ctx, cancel := context.WithCancel(t.Context())
		var crowd sync.WaitGroup
		crowd.Go(func() { k.crowd(ctx) })
		err := k.run(min(each, kills-killed))
		cancel()
		if crowd.Wait(); err != nil {
			t.Fatalf("%v: %s", err, tail(k.log.String()))
		}
		killed += k.kills
		for _, kind := range []string{"doubt", "candidate", "foreign", "none", "unsent", "accepted"} {
			seen[kind] += strings.Count(k.log.String(), " "+kind+" batch ")
		}
		accepted += k.check(t, requests)
		if t.Failed() {
			t.Fatal(tail(k.log.String()))
		}
	}
	t.Logf("%d kills, %d requests accepted, none twice, %v; events that programs lived to report: %v", killed, accepted, time.Since(began).Round(time.Second), seen)
}

// faultNames returns the faults that serve knows.
func faultNames(t *testing.T, binary string) (names []string) {
	t.Helper()
	out, err := exec.Command(binary, "serve", "--faults").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		names = append(names, strings.Fields(line)[0])
	}
	return names
}

func tail(text string) string { return text[max(0, len(text)-4000):] }
