package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

const batchLsLong = `Lists the batches of the workspace, newest first. Requests are counted by outcome once the batch has
ended; until then only their total is known. With --json each batch is an object as the service
returns it.

Exit status: 0, or 2 if the batches cannot be listed.`

const batchLsExample = `  messagebatches batch ls
  messagebatches batch ls --json --max 1000`

func newBatchLs(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "ls", Short: "List batches, newest first",
		Long: batchLsLong, Example: batchLsExample, Args: noArguments,
	}
	most := c.Flags().Int("max", 20, "list at most this `number` of batches, 0 for all")
	var service serviceFlags
	service.add(c.Flags())
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *most < 0 {
			return cli.Wrong("--max must be 1 or more, or 0 for all")
		}
		return a.batchLs(c.Context(), service, *most)
	}
	return c
}

func (a *app) batchLs(ctx context.Context, service serviceFlags, most int) error {
	c, err := service.client()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	n := 0
	for b, err := range c.List(ctx) {
		if n++; most > 0 && n > most {
			break
		}
		if err == nil && a.json {
			err = a.WriteJSON(b)
		} else if err == nil {
			if n == 1 {
				fmt.Fprintln(w, "BATCH\tSTATUS\tCREATED\tREQUESTS")
			}
			_, err = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", cli.Visible(b.ID), cli.Visible(string(b.ProcessingStatus)), b.CreatedAt.Local().Format(time.DateTime), counts(b))
		}
		if err != nil {
			w.Flush()
			return err
		}
	}
	return w.Flush()
}

// counts returns the requests of a batch by outcome, or only their number while the batch runs.
func counts(b *client.Batch) string {
	n := b.RequestCounts
	if !b.Ended() {
		return cli.Thousands(n.Processing)
	}
	return cli.Counts(cli.Count{N: n.Succeeded, Of: "succeeded"}, cli.Count{N: n.Errored, Of: "errored"}, cli.Count{N: n.Expired, Of: "expired"}, cli.Count{N: n.Canceled, Of: "canceled"})
}
