package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

const jobRebuildLong = `Repairs a job whose database, job.db in its directory, is lost. The job gets a new database, and
before the next run sends anything, it finds its batches on the server by the custom IDs in their
results, which may take a day. If the database exists, nothing is done.

With --take-over it does the same for a directory that was copied to this machine, or restored from
a backup. Use it only if no other program will ever run the job in its old place: if two copies run,
requests are paid for twice.

Exit status: 0, or 2 if the job could not be repaired or you did not confirm.`

const jobRebuildExample = `  messagebatches job rebuild requests.jsonl
  messagebatches job rebuild --take-over requests.job`

func newJobRebuild(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "rebuild FILE", Short: "Repair a job whose database is lost or whose directory was copied",
		Long: jobRebuildLong, Example: jobRebuildExample, Args: one(jobOrFile),
	}
	takeOver := c.Flags().Bool("take-over", false, "take over a directory that was copied or restored")
	yes := c.Flags().BoolP("yes", "y", false, "take over without asking")
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.jobRebuild(c.Context(), jobDirectory(args[0]), *takeOver, *yes)
	}
	return c
}

func (a *app) jobRebuild(ctx context.Context, dir string, takeOver, yes bool) error {
	rebuild := jobs.Rebuild
	if takeOver {
		rebuild = jobs.TakeOver
		if !yes && !a.Asks {
			return cli.Wrong("cannot ask for confirmation without a terminal: add -y to take the job over")
		}
		if !yes {
			if err := a.confirm(ctx, "Is it certain that "+cli.Visible(dir)+" will never run again where it was before?"); err != nil {
				return err
			}
		}
	}
	if err := rebuild(ctx, dir); err != nil {
		return err
	}
	st, err := inspect(ctx, dir)
	if err != nil {
		return err
	}
	if a.json {
		return a.WriteJSON(st)
	}
	fmt.Fprintf(a.Err, "Job %s is ready: run the same command as before to continue it.\n", st.ID)
	return nil
}
