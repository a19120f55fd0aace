package main

import (
	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

const batchLong = `Works with single batches, whichever program created them. Runs do not need this: they manage their
batches themselves.`

func newBatch(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "batch", Short: "List, read and cancel single batches",
		Long: batchLong, Args: noSuchCommand, RunE: needsCommand,
	}
	c.AddCommand(newBatchLs(a), newBatchResults(a), newBatchCancel(a))
	return c
}

// batchIDs checks arguments that are batch IDs: at least one, and at most the given number unless that is 0.
func batchIDs(most int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return cli.Wrong("no batch is named: give its ID, such as msgbatch_01abc (messagebatches batch ls lists them)")
		case most > 0 && len(args) > most:
			return cli.Wrong("unexpected argument %q: this command takes one batch", args[most])
		}
		return nil
	}
}
