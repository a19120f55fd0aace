package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

// before does everything that precedes sending: check, estimate, sample and question. For a job that has already started
// it does none of that.
func (r *runCall) before(ctx context.Context) error {
	info, err := os.Stat(r.file)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return cli.Wrong("%s is a directory: name a requests file, such as requests.jsonl", r.file)
	}
	st, err := inspect(ctx, r.dir)
	begun := err == nil && (st.Requests > 0 || isRebuilding(st))
	if err := r.applySet(ctx, begun); err != nil {
		return err
	}
	switch {
	case begun && r.dryRun:
		return fmt.Errorf("%s has already started: messagebatches status %[1]s shows its progress", cli.Visible(r.dir))
	case begun && (r.sample == 0 || !unsent(st)):
		return r.resume(st)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if _, err := r.service.client(); err != nil && !r.dryRun {
		return err
	}
	if !r.dryRun && !r.yes && !r.Asks && r.options.Budget == 0 {
		return cli.Wrong("cannot ask for confirmation without a terminal: add --budget USD or -y to send, or --dry-run to see the cost first")
	}
	r.note("Checking %s", cli.Visible(r.file))
	out, err := jobs.Check(ctx, r.input(), r.options)
	if err != nil {
		return r.refused(err)
	}
	estimate, err := estimateFile(ctx, r.input(), r.options.Prices)
	if err != nil {
		return err
	}
	if err := r.show(out, estimate); err != nil || r.dryRun {
		return err
	}
	r.options.WithoutPreflight = true // the check has just been made
	if r.sample > 0 {
		if err := r.sendSample(ctx, out); err != nil {
			return err
		}
	}
	return r.ask(ctx, "Send "+cli.Plural(out.Requests, "request")+"?")
}

// resume prints that a job continues. A pause by messagebatches job pause lasts until messagebatches job resume.
func (r *runCall) resume(st *jobs.Status) error {
	if r.sample > 0 {
		r.note("--sample is ignored: the job has already sent requests")
	}
	switch {
	case st.State == "done":
		if r.options.Accept != nil {
			r.note("--accept has no effect: the job is done")
		}
	case isPaused(st):
		r.note("Continuing job %s, which is paused: %s", st.ID, cli.Visible(st.Why))
	case isRebuilding(st):
		r.note("Continuing job %s, which is being rebuilt: it is %s", st.ID, cli.Visible(st.Why))
	default:
		r.note("Continuing job %s: %s of %s settled.", st.ID, cli.Thousands(st.Settled), cli.Plural(st.Requests, "request"))
	}
	return nil
}

// unsent reports whether a job has sent nothing yet, for example because the key was wrong.
func unsent(st *jobs.Status) bool {
	return !isRebuilding(st) && !isPaused(st) && len(st.Rounds) == 1 && st.Rounds[0].Planned == st.Requests
}

// isRebuilding reports whether a job is looking for its batches because its database was lost.
func isRebuilding(st *jobs.Status) bool { return st.State == "rebuilding" }

// refused sets the exit status of an error about invalid requests.
func (r *runCall) refused(err error) error {
	if errors.As(err, new(*jobs.InputError)) || errors.As(err, new(*preflight.IssuesError)) {
		return &cli.ExitError{Status: cli.Issues, Err: err}
	}
	return err
}

// estimateFile estimates what a file of requests costs.
func estimateFile(ctx context.Context, name string, table *price.Table) (*price.Estimate, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	e := price.NewEstimator(table, price.Options{})
	if err := e.Lines(&cancelable{ctx, f}); err != nil && !errors.As(err, new(*price.LineError)) {
		return nil, err
	}
	return e.Estimate(), nil
}

// show prints the outline and the estimate.
func (r *runCall) show(out *jobs.Outline, e *price.Estimate) error {
	if r.json {
		return r.WriteJSON(struct {
			Type     string          `json:"type"`
			Requests int64           `json:"requests"`
			Bytes    int64           `json:"bytes"`
			Batches  int             `json:"batches"`
			Estimate *price.Estimate `json:"estimate"`
		}{"estimate", out.Requests, out.Bytes, out.Batches, e})
	}
	r.note("%s, %s, in %s", cli.Plural(out.Requests, "request"), cli.Bytes(out.Bytes), cli.Plural(int64(out.Batches), "batch"))
	for _, m := range e.Models {
		cost := "no price is known"
		if m.Priced {
			cost = cli.Dollars(m.Cost.Expected)
		}
		r.note("  %s: %s, %s tokens in, %s out, %s", cli.Visible(string(m.Model)), cli.Plural(m.Requests, "request"), cli.Short(m.Input.Expected), cli.Short(m.Output.Expected), cost)
	}
	r.note("Estimate: %s, between %s and %s, by the batch prices of %s.", cli.Dollars(e.Cost.Expected), cli.Dollars(e.Cost.Low), cli.Dollars(e.Cost.High), e.Dated)
	if len(e.Unpriced) > 0 {
		r.note("The estimate does not include %s: there is no price for that.", cli.Visible(strings.Join(e.Unpriced, ", ")))
	}
	if b := r.options.Budget; b > 0 && b < e.Cost.High.Float64() {
		r.note("The job may pause: its budget is $%.2f.", b)
	}
	if e.Unknown > 0 {
		r.note("It guesses the sizes of %s that are not in the file.", cli.Plural(e.Unknown, "image or document"))
	}
	return nil
}

// ask asks whether to continue, unless a flag has already said so.
func (r *runCall) ask(ctx context.Context, question string) error {
	if r.yes || !r.Asks { // without a terminal there is a budget
		return nil
	}
	yes, err := r.Confirm(ctx, question)
	if err == nil && !yes {
		err = &cli.ExitError{Status: cli.Failed, Err: errors.New("not confirmed: nothing was sent")}
	}
	return err
}

// A cancelable is a file whose reads fail when its context ends.
type cancelable struct {
	ctx context.Context
	*os.File
}

// Read implements io.Reader.
func (c *cancelable) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.File.Read(p)
}
