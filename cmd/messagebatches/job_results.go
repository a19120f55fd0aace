package main

import (
	"bufio"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

const jobResultsLong = `Writes the results of a finished job to standard output, one per line: all of them, or with --failed
those without an answer. --json makes no difference.

Exit status: 0, or 2 if there is no such job or it is not done.`

const jobResultsExample = `  messagebatches job results requests.jsonl | head
  messagebatches job results --failed requests.job >failed.jsonl`

func newJobResults(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "results FILE", Short: "Write the results of a finished job",
		Long: jobResultsLong, Example: jobResultsExample, Args: one(jobOrFile),
	}
	failed := c.Flags().Bool("failed", false, "only results without an answer")
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.jobResults(c.Context(), jobDirectory(args[0]), *failed)
	}
	return c
}

func (a *app) jobResults(ctx context.Context, dir string, failed bool) error {
	out := bufio.NewWriterSize(a.Out, 1<<20)
	err := withJob(ctx, dir, func(j *jobs.Job) error {
		for item, err := range j.Results(ctx) {
			if err != nil {
				return err
			}
			if failed && item.Err() == nil {
				continue
			}
			if _, err := out.Write(append(item.Raw, '\n')); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, jobs.ErrNotDone) {
		return &cli.ExitError{Status: cli.Failed, Err: errors.New(dir + " is not done: messagebatches run continues it")}
	}
	return errors.Join(err, out.Flush())
}
