package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

const jobPruneLong = `Deletes the files of a finished job that hold prompts and responses: the stored parts, and the
requests that were resent. The results that were written remain, and so does the requests file; the
job can no longer resend anything.

With --service it first verifies the job, and also deletes its batches on the server, with their
prompts and results.

Exit status: 0, 1 if --service finds errors in the results, 2 if the job is not done, or you did not
confirm.`

const jobPruneExample = `  messagebatches job prune requests.jsonl
  messagebatches job prune --older-than 720h --service -y requests.job`

func newJobPrune(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "prune FILE", Short: "Delete what a finished job no longer needs",
		Long: jobPruneLong, Example: jobPruneExample, Args: one(jobOrFile),
	}
	p := &pruning{app: a}
	flags := c.Flags()
	flags.DurationVar(&p.age, "older-than", 0, "only if the job finished at least this `time` ago, such as 720h")
	flags.BoolVar(&p.atService, "service", false, "also delete its batches on the server, if verify finds no errors")
	flags.BoolVarP(&p.yes, "yes", "y", false, "delete without asking")
	p.service.add(flags)
	c.RunE = func(c *cobra.Command, args []string) error { return p.run(c.Context(), jobDirectory(args[0])) }
	return c
}

// A pruning is one call of job prune.
type pruning struct {
	*app
	service   serviceFlags
	age       time.Duration
	atService bool
	yes       bool
}

func (p *pruning) run(ctx context.Context, dir string) error {
	st, err := inspect(ctx, dir)
	switch {
	case err != nil:
		return err
	case st.State != "done" && st.State != "canceled":
		return fmt.Errorf("%s is not done: messagebatches run continues it", dir)
	case !p.yes && !p.Asks:
		return cli.Wrong("cannot ask for confirmation without a terminal: add -y to delete")
	case !p.yes:
		what := "Delete the stored parts of "
		if p.atService {
			what = "Delete the batches on the server and the stored parts of "
		}
		if err := p.confirm(ctx, what+cli.Visible(dir)+"?"); err != nil {
			return err
		}
	}
	files := 0
	err = withJob(ctx, dir, func(j *jobs.Job) error {
		if p.atService {
			c, err := p.service.client()
			if err == nil {
				err = j.DeleteBatches(ctx, c)
			}
			if err != nil {
				return err
			}
		}
		files, err = j.Prune(ctx, p.age)
		return err
	})
	if err != nil {
		return wrongResults(err)
	}
	if p.json {
		return p.WriteJSON(map[string]int{"files": files})
	}
	fmt.Fprintf(p.Err, "%s deleted.\n", cli.Plural(int64(files), "file"))
	return nil
}
