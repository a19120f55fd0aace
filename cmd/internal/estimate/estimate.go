// Package estimate says what files of requests will cost, and how far such estimates were from what finished jobs have cost.
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

// Options say what an estimate assumes.
type Options struct {
	// Table are the prices.
	Table *price.Table

	// Assume are the assumptions about output and cache, and the day of the prices.
	Assume price.Options
}

// A Report is an estimate, and how far earlier ones were off.
type Report struct {
	// Files are the files of requests.
	Files []string `json:"files"`

	// Malformed says which line of which file is no request, empty if all are. Such lines are left out.
	Malformed []string `json:"malformed,omitempty"`

	// Estimate is what the requests will use and cost, by model.
	*price.Estimate

	// Compared are estimates of jobs that are done, beside what these have cost.
	Compared []Comparison `json:"compared,omitempty"`

	// ByExperience is what the requests will cost if they use what the requests of these jobs have used, nil without any.
	ByExperience *bulk.Money `json:"by_experience,omitempty"`
}

// A Comparison is the estimate of requests that have been answered, and what they have cost.
type Comparison struct {
	// Name is that of the job or its files.
	Name string `json:"name"`

	// Requests is how many there were, and Results how many of them have a result.
	Requests int64 `json:"requests"`
	Results  int64 `json:"results"`

	// Estimated is the estimate from the requests alone, and Cost what the results have cost, without those that were sent
	// again.
	Estimated price.Costs `json:"estimated"`
	Cost      bulk.Money  `json:"cost"`

	// Off is how far the estimate was from the cost, as a share of the cost: 0.1 is 10 % too much, -0.1 too little.
	Off float64 `json:"off"`
}

// Files estimates files of requests together; the file - is stdin.
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

// Compare adds what earlier requests have cost: of a job that is done, by its directory, or of files, as REQUESTS=RESULTS.
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
	if err == nil && cost != r.Cost.Expected { // else nothing was learned, or something has no price, which is named
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

// at returns the options with the prices of another day, if that is known.
func (o Options) at(day time.Time) Options {
	if !day.IsZero() {
		o.Assume.Day = day
	}
	return o
}

// filesOf returns the requests and the results of a job, and the day when it began.
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
		return "", "", day, fmt.Errorf("job %s is %s: only a job that is done can be compared", name, st.State)
	}
	var report jobs.Report
	if err == nil {
		err = json.Unmarshal(data, &report)
	}
	return st.Input, report.Output, st.Begun, err
}

// compare compares the estimate of requests with what their results have used.
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

// untilDone reads until a context ends.
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
