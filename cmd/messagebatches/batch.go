package main

import (
	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

const batchLong = `Looks at single batches at the service, whatever program has created them. Runs do not need this:
they look after their batches themselves.`

func newBatch(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "batch", Short: "Look at single batches at the service",
		Long: batchLong, Args: noSuchCommand, RunE: needsCommand,
	}
	c.AddCommand(newBatchLs(a), newBatchResults(a), newBatchCancel(a))
	return c
}

// batchIDs is the check of arguments that are IDs of batches.
func batchIDs(most int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return cli.Wrong("say which batch by its ID, such as msgbatch_01abc: messagebatches batch ls lists them")
		case most > 0 && len(args) > most:
			return cli.Wrong("unexpected argument %q: this command takes one batch", args[most])
		}
		return nil
	}
}
