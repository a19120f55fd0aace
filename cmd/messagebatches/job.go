package main

import (
	"github.com/spf13/cobra"
)

const jobLong = `Manages jobs. A job is what a run keeps in a directory, which is named like the requests file, with
the extension .job. The argument of these commands is the requests file or that directory.`

func newJob(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "job", Short: "Manage jobs: list, watch, pause, repair",
		Long: jobLong, Args: noSuchCommand, RunE: needsCommand,
	}
	c.AddCommand(newJobLs(a), newJobEvents(a), newJobWatch(a), newJobPause(a), newJobResume(a), newJobRetry(a),
		newJobResults(a), newJobCosts(a), newJobAdopt(a), newJobRebuild(a), newJobPrune(a))
	return c
}
