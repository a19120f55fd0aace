// Package estimate estimates what requests files will cost, and compares such estimates with the cost of finished jobs.
package estimate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

// Options are the assumptions of an estimate.
type Options struct {
	// Table has the prices.
	Table *price.Table

	// Assume are the assumptions about output and cache, and the day of the prices.
	Assume price.Options
}

// A Report is an estimate, and the errors of earlier estimates.
type Report struct {
	// Files are the names of the requests files.
	Files []string `json:"files"`

	// Malformed names the first line of each file that is not a request. Such lines are omitted from the estimate.
	Malformed []string `json:"malformed,omitempty"`

	// Estimate is what the requests will use and cost, by model.
	*price.Estimate

	// Compared holds the estimates and costs of finished jobs.
	Compared []Comparison `json:"compared,omitempty"`

	// ByExperience is the cost of the requests if they use as much as those of the compared jobs; nil if there are none.
	ByExperience *bulk.Money `json:"by_experience,omitempty"`
}

// A Comparison is the estimate and the actual cost of requests that have results.
type Comparison struct {
	// Name is the name of the job or its files.
	Name string `json:"name"`

	// Requests is their number, and Results how many of them have a result.
	Requests int64 `json:"requests"`
	Results  int64 `json:"results"`

	// Estimated is the estimate from the requests alone, and Cost the cost of the results, without those that were resent.
	Estimated price.Costs `json:"estimated"`
	Cost      bulk.Money  `json:"cost"`

	// Off is how far the estimate was from the cost, as a share of the cost: 0.1 is 10 % too high, -0.1 is 10 % too low.
	Off float64 `json:"off"`
}

// Files makes one estimate of several requests files. The file - is stdin.
func Files(ctx context.Context, names []string, stdin io.Reader, o Options) (*Report, error) {
	e := price.NewEstimator(o.Table, o.Assume)
	r := &Report{Files: names}
	for _, name := range names {
		err := addFile(ctx, e, name, stdin)
		var line *price.LineError
		if errors.As(err, &line) {
			r.Malformed = append(r.Malformed, fmt.Sprintf("%s: %v", name, line))
			continue
		}
		if err != nil {
			return nil, err
		}
	}
	r.Estimate = e.Estimate()
	return r, nil
}

func addFile(ctx context.Context, e *price.Estimator, name string, stdin io.Reader) error {
	if name == "-" {
		return e.Lines(&untilDone{ctx, stdin})
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return e.Lines(&untilDone{ctx, f})
}

// Compare adds comparisons with earlier requests. A name is the directory of a finished job, or REQUESTS=RESULTS.
func (r *Report) Compare(ctx context.Context, names []string, o Options) error {
	var seen price.Experience
	for _, name := range names {
		requests, results, day, err := filesOf(ctx, name)
		if err != nil {
			return err
		}
		c, err := compare(ctx, requests, results, o.at(day), &seen)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		c.Name = name
		r.Compared = append(r.Compared, *c)
	}
	if len(names) == 0 {
		return nil
	}
	use := seen.Expect(o.Table, o.day(), r.Estimate)
	cost, err := use.Cost(o.Table, o.day())
	if err == nil && cost != r.Cost.Expected { // otherwise nothing was learned, or something has no price, which is reported
		r.ByExperience = &cost
	}
	return nil
}

func (o Options) day() time.Time {
	if o.Assume.Day.IsZero() {
		return time.Now()
	}
	return o.Assume.Day
}

// at returns the options with the prices of another day, if that day is known.
func (o Options) at(day time.Time) Options {
	if !day.IsZero() {
		o.Assume.Day = day
	}
	return o
}

// filesOf returns the requests and results files of a job, and the day on which it started.
func filesOf(ctx context.Context, name string) (requests, results string, day time.Time, err error) {
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		requests, results, ok := strings.Cut(name, "=")
		if !ok {
			return "", "", day, fmt.Errorf("%s is neither the directory of a job nor REQUESTS=RESULTS", name)
		}
		return requests, results, day, nil
	}
	st, err := jobs.Inspect(ctx, name)
	if err != nil {
		return "", "", day, err
	}
	data, err := os.ReadFile(filepath.Join(name, "manifest.json"))
	if errors.Is(err, os.ErrNotExist) {
		return "", "", day, fmt.Errorf("job %s is %s: only a finished job can be compared", name, st.State)
	}
	var report jobs.Report
	if err == nil {
		err = json.Unmarshal(data, &report)
	}
	return st.Input, report.Output, st.Begun, err
}

// compare compares the estimate of requests with the usage of their results.
func compare(ctx context.Context, requests, results string, o Options, seen *price.Experience) (*Comparison, error) {
	before, err := Files(ctx, []string{requests}, nil, o)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(results)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var used price.Usage
	for item, err := range bulk.ReadItems(&untilDone{ctx, f}) {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", results, err)
		}
		used.Add(o.Table, o.day(), item)
	}
	c := &Comparison{Requests: before.Requests, Estimated: before.Cost}
	for _, n := range used.Results {
		c.Results += n
	}
	if c.Cost, err = used.Cost(o.Table, o.day()); err != nil {
		return nil, err
	}
	if c.Cost > 0 {
		c.Off = before.Cost.Expected.Float64()/c.Cost.Float64() - 1
	}
	seen.Add(o.Table, o.day(), before.Estimate, &used)
	return c, nil
}

// An untilDone is a reader that fails when its context ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u *untilDone) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.r.Read(p)
}
