package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

const batchResultsLong = `Writes the results of a batch that has ended to standard output, one per line, as the service sends
them, in no particular order. If the connection is lost, it reconnects. --json makes no difference.

Exit status: 0; 1 if a line is damaged or results are missing, with a message on standard error; 2
if the results cannot be read.`

func newBatchResults(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "results BATCH", Short: "Write the results of a batch",
		Long: batchResultsLong, Example: "  messagebatches batch results msgbatch_01abc >results.jsonl", Args: batchIDs(1),
	}
	var service serviceFlags
	service.add(c.Flags())
	c.RunE = func(c *cobra.Command, args []string) error { return a.batchResults(c.Context(), service, args[0]) }
	return c
}

func (a *app) batchResults(ctx context.Context, service serviceFlags, id string) error {
	c, err := service.client()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(a.Out, 1<<20)
	status := cli.OK
	for item, err := range c.Results(ctx, id) {
		if err != nil {
			flushErr := out.Flush()
			if errors.As(err, new(*client.IncompleteError)) {
				return errors.Join(flushErr, &cli.ExitError{Status: cli.Issues, Err: err})
			}
			return errors.Join(flushErr, err)
		}
		if item.Malformed != nil {
			status = cli.Issues
			fmt.Fprintf(a.Err, "messagebatches batch results: %s\n", cli.Visible(item.Malformed.Error()))
		}
		if _, err := out.Write(append(item.Raw, '\n')); err != nil {
			return err
		}
	}
	return errors.Join(out.Flush(), cli.Exit(status))
}
