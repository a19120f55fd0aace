package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

const statusLong = `Shows the progress of the run of a requests file, or of a job if the argument is its directory. The
run may be in progress. Nothing is sent anywhere.

An unattended job is not done, and no run of it is in progress: run the same command as before to
continue it.

Exit status: 0, or 2 if there is no such job.`

const statusExample = `  messagebatches status requests.jsonl
  messagebatches status --json requests.job`

func newStatus(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "status FILE", Short: "Show the progress of a run",
		Long: statusLong, Example: statusExample, Args: one(jobOrFile),
		RunE: func(c *cobra.Command, args []string) error {
			dir := jobDirectory(args[0])
			st, err := inspect(c.Context(), dir)
			if err != nil {
				return err
			}
			if a.json {
				return a.WriteJSON(st)
			}
			costs, err := jobs.ReadCosts(c.Context(), dir, nil)
			if err != nil {
				return err
			}
			writeStatus(a.Out, dir, st, costs)
			return nil
		},
	}
}

// inspect returns the status of a job. If its database does not exist, the error is jobs.ErrDatabaseLost.
func inspect(ctx context.Context, dir string) (*jobs.Status, error) {
	st, err := jobs.Inspect(ctx, dir)
	if err == nil {
		return st, nil
	}
	_, aboutErr := os.Stat(filepath.Join(dir, "job.json"))
	if _, dbErr := os.Stat(filepath.Join(dir, "job.db")); aboutErr == nil && errors.Is(dbErr, fs.ErrNotExist) {
		err = fmt.Errorf("job %s: %w", dir, jobs.ErrDatabaseLost)
	}
	return nil, err
}

// jobDirectory returns name if it is a directory, and otherwise the default directory for a run of that file.
func jobDirectory(name string) string {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return name
	}
	return strings.TrimSuffix(name, filepath.Ext(name)) + ".job"
}

// writeStatus writes a status as text.
func writeStatus(out io.Writer, dir string, st *jobs.Status, costs *jobs.Costs) {
	s := sumUp(st)
	s.costs = costs
	fmt.Fprintf(out, "%s: job %s, %s\n", cli.Visible(dir), st.ID, stateText(st))
	if st.Why != "" && isRebuilding(st) {
		fmt.Fprintf(out, "it is %s\n", cli.Visible(st.Why))
	} else if st.Why != "" {
		fmt.Fprintf(out, "paused: %s\n", cli.Visible(st.Why))
	}
	if st.Requests == 0 {
		fmt.Fprintln(out, "the requests have not been divided into batches yet")
		return
	}
	fmt.Fprintf(out, "%s of %s settled\n", cli.Thousands(s.settled), cli.Plural(s.requests, "request"))
	for _, line := range s.lines() {
		fmt.Fprintln(out, line)
	}
	for _, r := range st.Rounds {
		if len(st.Rounds) > 1 {
			fmt.Fprintf(out, "round %d: %s in %s, %s settled\n", r.Round+1, cli.Plural(r.Requests, "request"), cli.Plural(r.Batches, "batch"), cli.Thousands(r.Settled))
		}
	}
	for _, d := range st.Doubtful {
		candidate := "no matching batch has been found"
		if d.BatchID != "" {
			candidate = "it may be " + cli.Visible(d.BatchID)
		}
		fmt.Fprintf(out, "batch %d with %s is in doubt after a search of %s; %s\n", d.Seq, cli.Plural(int64(d.Requests), "request"), d.Waited, candidate)
	}
}
