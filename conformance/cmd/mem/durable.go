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

// durableTarget is how much resident memory a durable job of any size may take, in MiB. The whole process counts.
const durableTarget = 256

// measureDurable runs a job of n requests of 1 KB to its end in a separate process.
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

// runDurable runs the job in a directory, and prints the peak resident memory of this process, and how long it took.
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
		return fmt.Errorf("%d results for %d requests", r.Answered, r.Requests)
	}
	peak, err := highWater()
	if err != nil {
		return err
	}
	fmt.Printf("%.1f %d requests in %d batches: run in %v, verified in %v\n", float64(peak)/(1<<20), r.Requests, r.Batches, ran.Round(time.Second), (time.Since(began) - ran).Round(time.Second))
	return j.Close()
}

// highWater returns the peak resident memory of this process.
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
	return 0, fmt.Errorf("the kernel does not report the peak memory of the process")
}
