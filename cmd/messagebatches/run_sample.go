package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

// sendSample sends a few of the requests as a job of their own and shows the results. The same sample is sent only once.
func (r *runCall) sendSample(ctx context.Context, out *jobs.Outline) error {
	lines, err := sampleLines(ctx, r.input(), out.Requests, int64(r.sample))
	if err != nil {
		return err
	}
	s := *r
	s.set, s.changed, s.detach, s.outputs = nil, "", false, nil
	sum := sha256.Sum256(lines)
	s.dir = fmt.Sprintf("%s.sample-%x.job", strings.TrimSuffix(r.dir, ".job"), sum[:4])
	s.file, s.options.Output, s.options.Errors = filepath.Join(s.dir, changedName), "", ""
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	err = writeFile(s.file, func(w io.Writer) error {
		_, err := w.Write(lines)
		return err
	})
	if err != nil {
		return err
	}
	c, err := s.service.client()
	if err != nil {
		return err
	}
	r.note("Sending a sample of %s, in %s", cli.Plural(int64(bytes.Count(lines, []byte("\n"))), "request"), cli.Visible(s.dir))
	p := newProgress(&s)
	report, err := s.toEnd(ctx, c, p)
	p.end()
	if err != nil {
		if ctx.Err() != nil {
			return &cli.ExitError{Status: cli.Stopped, Err: errors.New("interrupted: the sample is still running; run the same command again to continue")}
		}
		return s.explain(ctx, err)
	}
	return s.showSample(ctx, report, out.Requests)
}

// sampleLines returns about n lines, spread evenly over the file.
func sampleLines(ctx context.Context, name string, requests, n int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n = min(n, requests)
	var sample []byte
	lines := bufio.NewReaderSize(&cancelable{ctx, f}, 1<<20)
	for index, taken := int64(0), int64(0); taken < n; {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			if index*n/requests >= taken {
				sample = append(append(sample, bytes.TrimSpace(line)...), '\n')
				taken++
			}
			index++
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return sample, nil
}

// showSample prints the answers, the cost of the sample, and what all requests would cost at that rate.
func (r *runCall) showSample(ctx context.Context, report *jobs.Report, all int64) error {
	j, err := jobs.Open(ctx, r.dir, jobs.Options{Output: r.options.Output})
	if err != nil {
		return err
	}
	defer j.Close()
	table, now := r.options.Prices, time.Now()
	var usage price.Usage
	shown := 0
	for item, err := range j.Results(ctx) {
		if err != nil {
			return err
		}
		usage.Add(table, now, item)
		if shown++; shown <= 20 && !r.json {
			r.note("  %s: %s", cli.Visible(item.CustomID), cli.Cut(answer(item), 300))
		}
	}
	cost, err := usage.Cost(table, now)
	if err != nil {
		r.note("There is no price for the sample: %s", cli.Visible(err.Error()))
	}
	whole := bulk.Money(float64(cost) / float64(report.Requests) * float64(all))
	if r.json {
		return r.WriteJSON(map[string]any{"type": "sample", "report": report, "cost": cost, "projected": whole})
	}
	r.note("Sample: %s answered, for %s. All %s would cost about %s.", cli.Thousands(report.Answered)+" of "+cli.Plural(report.Requests, "request"), cli.Dollars(cost), cli.Plural(all, "request"), cli.Dollars(whole))
	return nil
}

// answer returns the text of an answer, or the error if there is none.
func answer(item *client.Item) string {
	if err := item.Err(); err != nil {
		return cli.Visible(err.Error())
	}
	return cli.Visible(item.Text())
}
