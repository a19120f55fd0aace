package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/conformance/internal/loopback"
	"github.com/seed-111a911e/messagebatches/jobs"
)

// A durable job reads its input five times: to split and hash it, to estimate its price, to count what is sent, to send
// it, and for the custom IDs of its results. Each time a hash proves that the input has not changed. It writes each
// result three times: as it arrives, in the order of the input, and to the output. Without a job, the same batches are
// read twice and sent, and their results are read. Hashes take a fifth of the job's time, and the price estimate and
// the second decoding of results an eighth each. Hashes take a third of the time of splitting.
const (
	durableRequests = 200_000
	durableBatch    = 100_000
	splitTarget     = 500 // MB/s
	durableTarget   = 4.5 // times the processor time
)

// children are the parts of the durable job measurements that run in separate processes, so that each has its own time,
// and that of the server does not count.
var children = map[string]func(url, dir string) error{"serve": serveJobs, "split": splitJob, "job": runJob, "bare": runBare}

// measureDurable measures durable jobs against the client alone.
func measureDurable(rounds int) (ok bool, err error) {
	dir, err := os.MkdirTemp("", "bench-job-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	bytes, err := writeInputs(dir)
	if err != nil {
		return false, err
	}
	server := exec.Command(os.Args[0], "-child", "serve")
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		return false, err
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return false, err
	}
	url := strings.TrimSpace(line)
	var speeds, ratios, times, jobTimes []float64
	for i := range rounds {
		at := filepath.Join(dir, strconv.Itoa(i))
		if err := os.Mkdir(at, 0o700); err != nil {
			return false, err
		}
		var cost [3]used
		for k, name := range []string{"split", "job", "bare"} {
			if cost[k], err = child(name, url, at); err != nil {
				return false, fmt.Errorf("%s: %w", name, err)
			}
		}
		if err := os.RemoveAll(at); err != nil {
			return false, err
		}
		speeds = append(speeds, float64(bytes)/1e6/cost[0].processor.Seconds())
		ratios = append(ratios, cost[1].processor.Seconds()/cost[2].processor.Seconds())
		times = append(times, cost[1].time.Seconds()/cost[2].time.Seconds())
		jobTimes = append(jobTimes, cost[1].time.Seconds())
	}
	speed, ratio := median(speeds), median(ratios)
	fmt.Printf("RATIO job-split %.0f >= %d\n      MB/s of processor time: a process that splits %d requests of 1 KB into batches, with all hashes\n", speed, splitTarget, durableRequests)
	fmt.Printf("RATIO job-run %.2f <= %v\n      times the processor time of Create and Results of the same batches, and %.2f times as long: %.1f s for %d requests\n", ratio, durableTarget, median(times), median(jobTimes), durableRequests)
	return speed >= splitTarget && ratio <= durableTarget, nil
}

// used is the time that a process has used.
type used struct{ processor, time time.Duration }

// child runs a child to its end.
func child(name, url, dir string) (used, error) {
	c := exec.Command(os.Args[0], "-child", name, url, dir)
	c.Stderr, c.Stdout = os.Stderr, os.Stderr
	began := time.Now()
	if err := c.Run(); err != nil {
		return used{}, err
	}
	return used{c.ProcessState.UserTime() + c.ProcessState.SystemTime(), time.Since(began)}, nil
}

// writeInputs writes the requests in the form that a job receives, and in the form that it sends.
func writeInputs(dir string) (bytes int64, err error) {
	input := filepath.Join(dir, "input.jsonl")
	if err := loopback.WriteTickets(input, durableRequests, func(i int64) string { return fmt.Sprintf("ticket-%d", i) }); err != nil {
		return 0, err
	}
	err = loopback.WriteTickets(filepath.Join(dir, "wire.jsonl"), durableRequests, func(i int64) string { return "abcdefgh-1-0-aaaaaa-" + strconv.FormatInt(i, 36) })
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(input)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// serveJobs is the server.
func serveJobs(string, string) error {
	fmt.Println(loopback.Serve(func(url string) http.HandlerFunc { return loopback.NewBatches(url).ServeHTTP }))
	select {}
}

func openJob(dir, name string) (*jobs.Job, jobs.Source, error) {
	j, err := jobs.Open(context.Background(), filepath.Join(dir, name), jobs.Options{MaxRequests: durableBatch, WithoutPreflight: true})
	return j, jobs.Lines(filepath.Join(filepath.Dir(dir), "input.jsonl")), err
}

// errSplit ends a job that has been split.
var errSplit = errors.New("the input has been split")

// splitJob runs a job until it makes its first call after planning.
func splitJob(url, dir string) error {
	j, in, err := openJob(dir, "split.job")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	c, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("key"), client.WithBaseURL(url), client.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		status, err := j.Status(ctx)
		if err == nil && status.Requests == durableRequests {
			cancel(errSplit)
			err = errSplit
		}
		if err != nil {
			return nil, err
		}
		return http.DefaultTransport.RoundTrip(r)
	})}))
	if err != nil {
		return err
	}
	if _, err := j.Run(ctx, c, in); !errors.Is(err, errSplit) {
		return fmt.Errorf("the job was not split: %w", err)
	}
	return j.Close()
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// runJob runs a job to its end.
func runJob(url, dir string) error {
	j, in, err := openJob(dir, "run.job")
	if err != nil {
		return err
	}
	r, err := j.Run(context.Background(), loopback.Client(url), in)
	if err == nil && r.Answered != durableRequests {
		err = fmt.Errorf("%d results", r.Answered)
	}
	return errors.Join(err, j.Close())
}

// runBare sends the same batches one after the other, and reads their results.
func runBare(url, dir string) error {
	c, ctx := loopback.Client(url), context.Background()
	f, err := os.Open(filepath.Join(filepath.Dir(dir), "wire.jsonl"))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	const parts = 3 // as many as the job has batches
	results := 0
	for from, i := int64(0), int64(1); i <= parts; i++ {
		to := info.Size()
		if i < parts {
			if to, err = nextLine(f, info.Size()/parts*i); err != nil {
				return err
			}
		}
		part := io.NewSectionReader(f, from, to-from)
		from = to
		b, err := c.CreateLines(ctx, part)
		if err != nil {
			return err
		}
		for item, err := range c.Results(ctx, b.ID) {
			if err != nil {
				return err
			}
			if item.Message() != nil {
				results++
			}
		}
	}
	if results != durableRequests {
		return fmt.Errorf("%d results", results)
	}
	return nil
}

// nextLine returns the offset of the first line after an offset.
func nextLine(f io.ReaderAt, at int64) (int64, error) {
	line, err := bufio.NewReader(io.NewSectionReader(f, at, 1<<20)).ReadString('\n')
	return at + int64(len(line)), err
}
