// Mem measures how much memory large batches take in this project and in the official SDK. A process for each side
// sends or reads a batch, with a server in another process, and measures its own resident memory meanwhile. It works on
// Linux.
//
// It prints a line for each of our sides: RATIO name value <= target, in MiB, followed by the official SDK's.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A job runs in a separate process. Setup is not measured; work is.
type job struct {
	name   string
	target float64 // MiB
	ours   func(url string) (work func(context.Context) error)
	theirs func(url string) (work func(context.Context) error)
}

var batches = []job{
	{"create-250mb", 32, createOurs, createTheirs},
	{"create-json-250mb", 32, createJSONOurs, nil},
	{"results-1gb", 48, resultsOurs, resultsTheirs},
}

func main() {
	child := flag.String("child", "", "for use by the command itself")
	durable := flag.Int("job", 0, "instead of batches, measure a durable job of this many `requests` of 1 KB, from planning to verification")
	dir := flag.String("dir", "", "`directory` for the files of the job, which take 2 KB per request")
	flag.Parse()
	if *child != "" {
		run := func() error { return runChild(*child, flag.Arg(0)) }
		if *child == "durable" {
			run = func() error { return runDurable(flag.Arg(0), flag.Arg(1)) }
		}
		if err := run(); err != nil {
			fmt.Fprintln(os.Stderr, "mem:", err)
			os.Exit(1)
		}
		return
	}
	if *durable > 0 {
		ok, err := measureDurable(*durable, *dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, "mem:", err)
		}
		if !ok {
			os.Exit(1)
		}
		return
	}
	url := serve()
	ok := true
	for _, j := range batches {
		ours, err := measure(j.name+"/ours", url)
		if err != nil {
			fmt.Fprintf(os.Stderr, "mem: %s: %v\n", j.name, err)
			os.Exit(1)
		}
		fmt.Printf("RATIO mem-%s %.1f <= %v\n", j.name, ours, j.target)
		ok = ok && ours <= j.target
		if j.theirs == nil {
			continue
		}
		if theirs, err := measure(j.name+"/theirs", url); err != nil {
			fmt.Printf("      the official SDK: %v\n", err)
		} else {
			fmt.Printf("      the official SDK %.1f MiB\n", theirs)
		}
	}
	if !ok {
		os.Exit(1)
	}
}

// measure runs a job in a separate process and returns by how many MiB its memory grew.
func measure(name, url string) (float64, error) {
	cmd := exec.Command(os.Args[0], "-child", name, url)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
}

// runChild runs one job and prints its peak memory in MiB, in addition to that before the job.
func runChild(name, url string) error {
	name, side, _ := strings.Cut(name, "/")
	for _, j := range batches {
		if j.name != name {
			continue
		}
		setup := j.ours
		if side == "theirs" {
			setup = j.theirs
		}
		work := setup(url)
		before, peak := watch()
		if err := work(context.Background()); err != nil {
			return err
		}
		fmt.Printf("%.1f\n", float64(peak()-before)/(1<<20))
		return nil
	}
	return fmt.Errorf("there is no job %q", name)
}

// watch measures the resident memory every millisecond.
func watch() (before int64, peak func() int64) {
	before = resident()
	var most atomic.Int64
	done, ended := make(chan bool), make(chan bool)
	go func() {
		defer close(ended)
		for {
			most.Store(max(most.Load(), resident()))
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return before, func() int64 {
		close(done)
		<-ended
		return most.Load()
	}
}

// resident returns the process's resident memory in bytes.
func resident() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	fields := strings.Fields(string(b))
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		panic(err)
	}
	return pages * int64(os.Getpagesize())
}
