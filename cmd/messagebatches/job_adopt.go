package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

const jobAdoptLong = `Tells a job which batch on the server is the one in doubt, when it is unknown whether the service
accepted a batch and the job was run with --on-doubt ask. Make sure that the batch holds the same
requests, for example by the custom IDs of its results: requests without a result in that batch get
none. If there is no such batch, run the job with --on-doubt resend instead.

Exit status: 0, or 2 if there is no such job or batch, or it is not in doubt.`

func newJobAdopt(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "adopt FILE --seq NUMBER --batch BATCH", Short: "Say which batch on the server is the one in doubt",
		Long: jobAdoptLong, Example: "  messagebatches job adopt requests.jsonl --seq 3 --batch msgbatch_01abc", Args: one(jobOrFile),
	}
	seq := c.Flags().Int64("seq", 0, "`number` of the batch in the job, as messagebatches status shows it")
	batch := c.Flags().String("batch", "", "`ID` of the batch on the server")
	c.RunE = func(c *cobra.Command, args []string) error {
		if *seq < 1 || *batch == "" {
			return cli.Wrong("--seq NUMBER and --batch BATCH are required: messagebatches status shows the batches in doubt")
		}
		dir := jobDirectory(args[0])
		if _, err := inspect(c.Context(), dir); err != nil {
			return err
		}
		if err := jobs.Adopt(c.Context(), dir, *seq, *batch, who()); err != nil {
			return err
		}
		return a.obeyed(c.Context(), dir, "Batch "+strconv.FormatInt(*seq, 10)+" of the job is "+*batch+": run the same command as before to continue.")
	}
	return c
}
