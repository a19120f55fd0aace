package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

const jobLsLong = `Lists the jobs in a directory, by default the current one. With --json it writes an object {"dir",
"status"} or {"dir", "error"} per job.

Exit status: 0, 1 if the status of a job cannot be read, 2 if the directory cannot be read.`

func newJobLs(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "ls [DIRECTORY]", Short: "List the jobs in a directory",
		Long: jobLsLong, Example: "  messagebatches job ls\n  messagebatches job ls --json /data/batches",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return cli.Wrong("unexpected argument %q: this command takes one directory", args[1])
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return a.jobLs(c.Context(), dir)
		},
	}
}

func (a *app) jobLs(ctx context.Context, dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no directory %s", dir)
	}
	list, err := jobs.List(ctx, dir)
	if err != nil {
		return err
	}
	status := cli.OK
	w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	if !a.json && len(list) > 0 {
		fmt.Fprintln(w, "JOB\tSTATE\tREQUESTS\tSETTLED\tBATCHES ENDED\tSTARTED\tOLDEST EXPIRES IN")
	}
	for _, l := range list {
		if l.Err != nil {
			status = cli.Issues
		}
		switch {
		case a.json && l.Err != nil:
			err = a.WriteJSON(map[string]string{"dir": l.Dir, "error": l.Err.Error()})
		case a.json:
			err = a.WriteJSON(l)
		case l.Err != nil:
			_, err = fmt.Fprintf(w, "%s\tunreadable: %s\t\t\t\t\t\n", cli.Visible(l.Dir), cli.Visible(l.Err.Error()))
		default:
			s := sumUp(l.Status)
			expires := "-"
			if !s.expires.IsZero() {
				expires = cli.Duration(time.Until(s.expires))
			}
			_, err = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d of %d\t%s\t%s\n", cli.Visible(l.Dir), stateText(l.Status), cli.Thousands(s.requests), cli.Thousands(s.settled), s.ended, s.batches, l.Status.Begun.Local().Format("2006-01-02 15:04"), expires)
		}
		if err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return cli.Exit(status)
}

// stateText returns the state of a job, and whether a program runs it.
func stateText(st *jobs.Status) string {
	switch {
	case st.Open:
		return st.State + ", open"
	case st.State == "running":
		return "unattended"
	}
	return st.State
}
