package main

import (
	"context"
	"fmt"
	"iter"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

const jobEventsLong = `Prints what has happened to a job, one event per line, oldest first. With --json each event is an
object.

Exit status: 0, or 2 if there is no such job.`

const jobWatchLong = `Prints the past events of a job and then new ones as they happen, one per line, until the results
have been written. It keeps waiting while no program runs the job. With --json each event is an
object. An interrupt ends this command, not the job.

Exit status: 0 if the job is done, 2 if there is no such job, 3 after an interrupt.`

func newJobEvents(a *app) *cobra.Command {
	return eventsCommand(a, "events", "Print what has happened to a job", jobEventsLong,
		"  messagebatches job events requests.jsonl\n  messagebatches job events --json --after 100 requests.job", jobs.Events)
}

func newJobWatch(a *app) *cobra.Command {
	return eventsCommand(a, "watch", "Print the events of a job as they happen", jobWatchLong,
		"  messagebatches job watch requests.jsonl\n  messagebatches job watch --json requests.job", jobs.Follow)
}

func eventsCommand(a *app, name, short, long, examples string, events func(context.Context, string, int64) iter.Seq2[jobs.Event, error]) *cobra.Command {
	c := &cobra.Command{Use: name + " FILE", Short: short, Long: long, Example: examples, Args: one(jobOrFile)}
	after := c.Flags().Int64("after", 0, "start after the event with this `number`, which --json shows as id")
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return a.events(ctx, events(ctx, jobDirectory(args[0]), *after))
	}
	return c
}

func (a *app) events(ctx context.Context, events iter.Seq2[jobs.Event, error]) error {
	for e, err := range events {
		if ctx.Err() != nil {
			return cli.Exit(cli.Stopped)
		}
		if err == nil && a.json {
			err = a.WriteJSON(e)
		} else if err == nil {
			_, err = fmt.Fprintln(a.Out, e.At.Local().Format("2006-01-02")+" "+eventLine(e))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
