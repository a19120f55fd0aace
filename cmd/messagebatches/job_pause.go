package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

const jobPauseLong = `Pauses a job: nothing more is sent, and what was sent is still collected. A run of the job then
exits with status 4, and later runs only collect results, until messagebatches job resume.

A program that is running the job reacts within 2 seconds.

Exit status: 0, or 2 if there is no such job, or it is done.`

const jobResumeLong = `Lifts the pause of a job, so that it sends requests again. A program that is running the job reacts
within 2 seconds; if there is none, run the same command as before.

Exit status: 0, or 2 if there is no such job, or it is not paused.`

func newJobPause(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "pause FILE", Short: "Stop sending the requests of a job for now",
		Long: jobPauseLong, Example: "  messagebatches job pause requests.jsonl", Args: one(jobOrFile),
		RunE: func(c *cobra.Command, args []string) error {
			return a.command(c.Context(), jobDirectory(args[0]), jobs.Pause, func(dir string, st *jobs.Status) error {
				if st.State == "done" || st.State == "canceled" {
					return fmt.Errorf("%s is %s: there is nothing to pause", dir, st.State)
				}
				return nil
			}, "The job is paused; messagebatches job resume lifts the pause.")
		},
	}
}

func newJobResume(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "resume FILE", Short: "Resume a job after a pause",
		Long: jobResumeLong, Example: "  messagebatches job resume requests.jsonl", Args: one(jobOrFile),
		RunE: func(c *cobra.Command, args []string) error {
			return a.command(c.Context(), jobDirectory(args[0]), jobs.Resume, func(dir string, st *jobs.Status) error {
				if !isPaused(st) {
					return fmt.Errorf("%s is not paused, but %s", dir, stateText(st))
				}
				return nil
			}, "The job is no longer paused: run the same command as before to continue it.")
		},
	}
}

// command sends a command to a job, unless check returns an error for the state of the job.
func (a *app) command(ctx context.Context, dir string, send func(ctx context.Context, dir, by string) error, check func(dir string, st *jobs.Status) error, done string) error {
	st, err := inspect(ctx, dir)
	if err == nil {
		err = check(dir, st)
	}
	if err == nil {
		err = send(ctx, dir, who())
	}
	if err != nil {
		return err
	}
	return a.obeyed(ctx, dir, done)
}

func isPaused(st *jobs.Status) bool { return st.State == "paused" }

// obeyed reports the effect of a command: done, or that the program which is running the job will react soon.
func (a *app) obeyed(ctx context.Context, dir, done string) error {
	st, err := inspect(ctx, dir)
	switch {
	case err != nil:
		return err
	case a.json:
		return a.WriteJSON(st)
	case st.Open:
		fmt.Fprintln(a.Err, "The program that is running the job reacts within 2 seconds.")
	default:
		fmt.Fprintln(a.Err, cli.Visible(done))
	}
	return nil
}
