package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/conformance/internal/loopback"
	"github.com/seed-111a911e/messagebatches/jobs"
)

// durableTarget is how much resident memory a durable job may take, however large it is, in MiB. All of the process counts.
const durableTarget = 256

// measureDurable has a job of n requests of 1 KB be run to its end in a process of its own.
func measureDurable(n int, dir string) (ok bool, err error) {
	dir, err = os.MkdirTemp(dir, "mem-job-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "requests.jsonl")
	err = loopback.WriteTickets(name, int64(n), func(i int64) string { return fmt.Sprintf("ticket-%d", i) })
	if err != nil {
		return false, err
	}
	url := loopback.Serve(func(url string) http.HandlerFunc { return loopback.NewBatches(url).ServeHTTP })
	cmd := exec.Command(os.Args[0], "-child", "durable", url, dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return false, err
	}
	peak, times, _ := bytes.Cut(out, []byte(" "))
	mib, err := strconv.ParseFloat(string(peak), 64)
	if err != nil {
		return false, err
	}
	fmt.Printf("RATIO mem-job-%d %.1f <= %d\n      %s", n, mib, durableTarget, times)
	return mib <= durableTarget, nil
}

// runDurable runs the job in a directory, and prints the most resident memory that this process had, and how long it took.
func runDurable(url, dir string) error {
	began := time.Now()
	ctx := context.Background()
	j, err := jobs.Open(ctx, filepath.Join(dir, "a.job"), jobs.Options{})
	if err != nil {
		return err
	}
	r, err := j.Run(ctx, loopback.Client(url), jobs.Lines(filepath.Join(dir, "requests.jsonl")))
	if err != nil {
		return err
	}
	ran := time.Since(began)
	if err := j.Verify(ctx); err != nil {
		return err
	}
	if r.Answered != r.Requests {
		return fmt.Errorf("%d answers for %d requests", r.Answered, r.Requests)
	}
	peak, err := highWater()
	if err != nil {
		return err
	}
	fmt.Printf("%.1f %d requests in %d batches: run in %v, verified in %v\n", float64(peak)/(1<<20), r.Requests, r.Batches, ran.Round(time.Second), (time.Since(began) - ran).Round(time.Second))
	return j.Close()
}

// highWater returns the most resident memory that this process ever had.
func highWater() (int64, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if kb, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kb), "kB")), 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("the kernel does not say how much memory the process had")
}
