package main

import (
	"github.com/spf13/cobra"
)

const jobLong = `Looks after jobs: what a run keeps in a directory, FILE with the ending .job. The argument is the
file of requests or the directory.`

func newJob(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "job", Short: "Look after jobs: list, watch, pause, repair",
		Long: jobLong, Args: noSuchCommand, RunE: needsCommand,
	}
	c.AddCommand(newJobLs(a), newJobEvents(a), newJobWatch(a), newJobPause(a), newJobResume(a), newJobRetry(a),
		newJobResults(a), newJobCosts(a), newJobAdopt(a), newJobRebuild(a), newJobPrune(a))
	return c
}
