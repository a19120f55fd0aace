package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

const jobRetryLong = `Marks requests of a finished job, those whose results are of the given kinds, to be resent by the
next run. The results stay as they are until that run has written new ones, in which an answer
replaces the earlier result.

The kinds are canceled, expired, errored, missing (accepted by the service, but without a result:
they may be paid for twice) and rejected (answers that --accept did not accept: they are paid for
again).

Exit status: 0, 1 if there are no such requests, 2 if the job cannot be retried, for example
because it was canceled.`

const jobRetryExample = `  messagebatches job retry requests.jsonl
  messagebatches job retry --kinds errored requests.jsonl`

func newJobRetry(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "retry FILE", Short: "Resend failed requests of a finished job",
		Long: jobRetryLong, Example: jobRetryExample, Args: one(jobOrFile),
	}
	kinds := c.Flags().String("kinds", "canceled,expired,errored", "`kinds` of results, separated by commas")
	c.RunE = func(c *cobra.Command, args []string) error {
		var all []jobs.Retryable
		for _, kind := range cli.List(*kinds) {
			switch k := jobs.Retryable(kind); k {
			case jobs.RetryCanceled, jobs.RetryExpired, jobs.RetryErrored, jobs.RetryMissing, jobs.RetryRejected:
				all = append(all, k)
			default:
				return cli.Wrong("--kinds: there is no kind %q: the kinds are canceled, expired, errored, missing, rejected", kind)
			}
		}
		if len(all) == 0 {
			return cli.Wrong("--kinds is empty: name at least one kind, such as errored")
		}
		return a.jobRetry(c.Context(), jobDirectory(args[0]), all)
	}
	return c
}

func (a *app) jobRetry(ctx context.Context, dir string, kinds []jobs.Retryable) error {
	var n int64
	err := withJob(ctx, dir, func(j *jobs.Job) (err error) {
		n, err = j.Retry(ctx, kinds...)
		return err
	})
	switch {
	case err != nil:
		return err
	case a.json:
		err = a.WriteJSON(map[string]int64{"requests": n})
	case n > 0:
		fmt.Fprintf(a.Err, "%s will be resent: run the same command as before.\n", cli.Plural(n, "request"))
	default:
		fmt.Fprintln(a.Err, "Nothing to resend: no results are of these kinds.")
	}
	if err == nil && n == 0 {
		return cli.Exit(cli.Issues)
	}
	return err
}
