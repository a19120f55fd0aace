package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

const jobAdoptLong = `Says which batch of the service a batch of a job is, if nobody knows whether it was accepted: for
a job that was run with --on-doubt ask and asks. Make sure that the requests are the same, for
example by the custom IDs of the results: requests without a result in that batch get none. If
there is no such batch, run the job with --on-doubt resend instead.

Exit status: 0, or 2 if there is no such job or batch, or it is not in doubt.`

func newJobAdopt(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "adopt FILE --seq NUMBER --batch BATCH", Short: "Say which batch of the service is the one in doubt",
		Long: jobAdoptLong, Example: "  messagebatches job adopt requests.jsonl --seq 3 --batch msgbatch_01abc", Args: one(jobOrFile),
	}
	seq := c.Flags().Int64("seq", 0, "`number` of the batch in the job, as messagebatches status shows it")
	batch := c.Flags().String("batch", "", "`ID` of the batch at the service")
	c.RunE = func(c *cobra.Command, args []string) error {
		if *seq < 1 || *batch == "" {
			return cli.Wrong("say which batch it is with --seq NUMBER and --batch BATCH: messagebatches status shows what is in doubt")
		}
		dir := jobDirectory(args[0])
		if _, err := inspect(c.Context(), dir); err != nil {
			return err
		}
		if err := jobs.Adopt(c.Context(), dir, *seq, *batch, who()); err != nil {
			return err
		}
		return a.obeyed(c.Context(), dir, "Batch "+strconv.FormatInt(*seq, 10)+" of the job is "+*batch+": run the same command as before.")
	}
	return c
}
