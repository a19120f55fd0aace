package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

const cancelLong = `Cancels a job for good: nothing more is sent, and its batches are canceled. Requests that have
already run are paid for: the run of the job collects their results and writes them, with a canceled
result for each request that was not answered.

A program that is running the job reacts within 2 seconds. If there is none, run the same command as
before once more.

Exit status: 0, or 2 if there is no such job, it is done, or you did not confirm.`

const cancelExample = `  messagebatches cancel requests.jsonl
  messagebatches cancel -y requests.job`

func newCancel(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "cancel FILE", Short: "Cancel a run and its batches for good",
		Long: cancelLong, Example: cancelExample, Args: one(jobOrFile),
	}
	yes := c.Flags().BoolP("yes", "y", false, "cancel without asking")
	c.RunE = func(c *cobra.Command, args []string) error { return a.cancel(c.Context(), jobDirectory(args[0]), *yes) }
	return c
}

func (a *app) cancel(ctx context.Context, dir string, yes bool) error {
	st, err := inspect(ctx, dir)
	switch {
	case err != nil:
		return err
	case st.State == "done" || st.State == "canceled":
		return fmt.Errorf("%s is %s: there is nothing to cancel", dir, st.State)
	case !yes && !a.Asks:
		return cli.Wrong("cannot ask for confirmation without a terminal: add -y to cancel")
	case !yes:
		if err := a.confirm(ctx, fmt.Sprintf("Cancel %s for good, with %s of %s settled?", cli.Visible(dir), cli.Thousands(st.Settled), cli.Plural(st.Requests, "request"))); err != nil {
			return err
		}
	}
	if err := jobs.Cancel(ctx, dir, who()); err != nil {
		return err
	}
	return a.obeyed(ctx, dir, "The job is canceled: run the same command as before once more to cancel its batches and collect their results.")
}

// confirm asks a question and returns an error unless the answer is yes.
func (a *app) confirm(ctx context.Context, question string) error {
	yes, err := a.Confirm(ctx, question)
	if err == nil && !yes {
		err = errors.New("not confirmed: nothing was done")
	}
	return err
}

// who returns the user and host of this process, for the log of a job.
func who() string {
	name := "somebody"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}
