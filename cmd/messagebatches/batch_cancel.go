package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

const batchCancelLong = `Cancels batches. Requests that are already running may still finish, and are then paid for; the
others are canceled. To cancel a batch of a run, use messagebatches cancel, which also ends the run.

Exit status: 0, or 2 if a batch could not be canceled.`

func newBatchCancel(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "cancel BATCH...", Short: "Cancel batches",
		Long: batchCancelLong, Example: "  messagebatches batch cancel msgbatch_01abc", Args: batchIDs(0),
	}
	var service serviceFlags
	service.add(c.Flags())
	c.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := service.client()
		if err != nil {
			return err
		}
		status := cli.OK
		for _, id := range args {
			b, err := c.Cancel(cmd.Context(), id)
			switch {
			case err != nil:
				status = cli.Failed
				fmt.Fprintf(a.Err, "messagebatches batch cancel: %s: %s\n", cli.Visible(id), cli.Visible(err.Error()))
			case a.json:
				err = a.WriteJSON(b)
			default:
				_, err = fmt.Fprintf(a.Out, "%s: %s\n", cli.Visible(b.ID), cli.Visible(string(b.ProcessingStatus)))
			}
			if err != nil && status == cli.OK {
				return err
			}
		}
		return cli.Exit(status)
	}
	return c
}
