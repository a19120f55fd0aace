package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

// report prints the outcome of a job.
func (r *runCall) report(report *jobs.Report) error {
	for _, id := range report.Duplicates {
		fmt.Fprintf(r.Err, "messagebatches run: warning: batch %s holds requests that are also in another batch\n", cli.Visible(id))
	}
	for _, id := range report.Gone {
		fmt.Fprintf(r.Err, "messagebatches run: warning: the results of batch %s can no longer be read: they are missing, but were paid for\n", cli.Visible(id))
	}
	for _, id := range report.PossibleDuplicates {
		fmt.Fprintf(r.Err, "messagebatches run: warning: batch %s is still running, and may hold requests that are also in another batch\n", cli.Visible(id))
	}
	_, err := os.Stat(report.Output)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s no longer exists, and cannot be written again: the job was pruned, or its database was lost", report.Output)
	case report.Output != r.options.Output:
		fmt.Fprintf(r.Err, "messagebatches run: warning: %s was not written: the job was pruned, or its database was lost\n", cli.Visible(r.shownOutput(r.options.Output)))
	}
	if r.json {
		err = r.WriteJSON(struct {
			Type string `json:"type"`
			*jobs.Report
		}{"report", report})
	} else {
		_, err = fmt.Fprintln(r.Out, outcomeLine(report, r.shownOutput(report.Output)))
	}
	if c := report.Costs; c != nil && !r.json {
		r.note("Cost: %s by prices of %s; it was estimated at %s.", cli.Dollars(c.Actual), c.Dated, cli.Dollars(c.Estimated.Expected))
		if c.Cache.Read+c.Cache.Written > 0 {
			r.note("Prompt cache: %.0f%% of its tokens were read, which saved %s.", 100*c.Cache.HitRate, cli.Dollars(c.Cache.Saved))
		}
	}
	if err == nil && report.Answered < report.Requests {
		return cli.Exit(cli.Issues)
	}
	return err
}

// outcomeLine summarizes a finished job, whose results are in the given file, in one line.
func outcomeLine(r *jobs.Report, output string) string {
	outcomes := cli.Counts(
		cli.Count{N: r.Answered, Of: "answered"}, cli.Count{N: r.Rejected, Of: "of these not accepted"}, cli.Count{N: r.Failed, Of: "failed"},
		cli.Count{N: r.Missing, Of: "missing"}, cli.Count{N: r.Reasked + r.Retried, Of: "resent"},
	)
	return fmt.Sprintf("%s: %s in %s, %s", cli.Visible(output), cli.Plural(r.Requests, "request"), cli.Plural(r.Batches, "batch"), outcomes)
}

// detached says how to collect the results later.
func (r *runCall) detached() error {
	st, err := inspect(context.Background(), r.dir)
	if err != nil {
		return err
	}
	if r.json {
		return r.writeStatus(st)
	}
	r.note("All requests were sent. %s", r.comeBack(st))
	return nil
}

// comeBack returns what is still running, and how to continue, as text.
func (r *runCall) comeBack(st *jobs.Status) string {
	var running, unread, unsent int64
	for _, round := range st.Rounds {
		running += round.Waiting + round.Doubtful + round.Sending
		unread += round.Unread
		unsent += round.Planned
	}
	text := ""
	switch {
	case running > 0:
		text = "Still running: " + cli.Plural(running, "request") + ". "
	case unread > 0:
		text = "Not collected yet: the results of " + cli.Plural(unread, "request") + ". "
	}
	if unsent > 0 {
		text += "Not sent yet: " + cli.Plural(unsent, "request") + "."
	}
	text = strings.TrimSpace(text) + "\n"
	if st.Oldest != nil {
		text += "The service keeps results until " + st.Oldest.ResultsUntil.Local().Format(time.DateOnly) + ". "
	}
	return text + "To continue, run the same command:\n  " + cli.Visible(sameCommand(os.Args)) + "\n  messagebatches status " + cli.Visible(quoted(r.dir)) + "   # shows the progress"
}

// sameCommand returns the command line that continues a run: args without --detach.
func sameCommand(args []string) string {
	words := []string{"messagebatches"}
	for _, arg := range args[1:] {
		if arg != "--detach" {
			words = append(words, quoted(arg))
		}
	}
	return strings.Join(words, " ")
}

// quoted quotes a word for a shell, if it needs quotes.
func quoted(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,+@%\\") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// explain returns the error of a run with its exit status.
func (r *runCall) explain(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		st, inspectErr := inspect(context.Background(), r.dir)
		if inspectErr == nil && isRebuilding(st) {
			return &cli.ExitError{Status: cli.Stopped, Err: errors.New("interrupted while the job was looking for its batches: run the same command again to continue")}
		}
		if inspectErr != nil || st.Requests == 0 {
			return &cli.ExitError{Status: cli.Stopped, Err: errors.New("interrupted: nothing was sent; run the same command again to continue")}
		}
		fmt.Fprintf(r.Err, "Interrupted. %s\n", r.comeBack(st))
		return cli.Exit(cli.Stopped)
	case errors.As(err, new(*jobs.PausedError)), isDiskFull(err):
		return &cli.ExitError{Status: cli.Person, Err: err}
	}
	return r.refused(err)
}
