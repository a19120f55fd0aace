// Pipeline sends a file of requests of any size and writes their results. Its memory does not grow with the size of the
// texts: it divides the file into sections, sends each as a batch while reading it, and writes results as they arrive. It
// holds only the custom IDs in memory.
//
//	go run ./pipeline requests.jsonl results.jsonl    # with a fake service; -live uses the real one, and costs money
//
// If it is interrupted, it starts over. A job would continue: see classify.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/cookbook/internal/connect"
)

func main() {
	live := flag.Bool("live", false, "use the real service, with ANTHROPIC_API_KEY: it costs money")
	size := flag.Int("batch", client.MaxRequests, "maximum number of requests in a batch")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, *live, flag.Arg(0), flag.Arg(1), *size)
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, live bool, in, out string, size int) error {
	fake, err := batchtest.OpenState(out + ".fake") // the fake stores its batches on disk
	if err != nil {
		return err
	}
	c, err := connect.New(live, func(*batchtest.Service) {}, []batchtest.Option{fake, batchtest.WithoutHistory()})
	if err != nil {
		return err
	}
	requests, err := os.Open(in)
	if err != nil {
		return err
	}
	defer requests.Close()
	results, err := os.Create(out)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(results, 1<<20)
	err = pipe(ctx, c, requests, w, size)
	return errors.Join(err, w.Flush(), results.Close())
}

// pipe sends all sections, and then reads the results of the batches one after the other.
func pipe(ctx context.Context, c *client.Client, requests *os.File, w io.Writer, size int) error {
	began := time.Now()
	var ids []string
	for s, err := range bulk.SplitLines(requests, bulk.Limits{MaxRequests: size}) {
		if err != nil {
			return err // it names lines that do not fit into a batch
		}
		batch, err := c.CreateLines(ctx, io.NewSectionReader(requests, s.Offset, s.Bytes))
		if err != nil {
			return fmt.Errorf("lines %d to %d: %w (%d batches run: %q)", s.Line, s.Line+s.Requests-1, err, len(ids), ids)
		}
		ids = append(ids, batch.ID)
		log.Printf("batch %d: %d requests, %d MB", len(ids), s.Requests, s.Body>>20)
	}
	var totals bulk.Totals
	for i, id := range ids {
		if _, err := c.Wait(ctx, id); err != nil {
			return err
		}
		for item, err := range c.Results(ctx, id) {
			if err != nil {
				return err
			}
			totals.Add(item)
			if _, err := fmt.Fprintf(w, "%s\n", item.Raw); err != nil {
				return err
			}
		}
		log.Printf("batch %d: results written", i+1)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	log.Printf("%d results (%v), %d tokens, in %v with at most %d MB of memory", sum(totals.Results), totals.Results, totals.Tokens().Output, time.Since(began).Round(time.Second), m.Sys>>20)
	return nil
}

func sum(counts map[string]int64) (n int64) {
	for _, count := range counts {
		n += count
	}
	return n
}
