package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

const verifyLong = `Proves from the files of a finished job that each request has exactly one result: the requests are
those that were sent, the results are those that were written, both have the same custom IDs, and
each stored part is unchanged. It reads all of these files. Nothing is sent anywhere.

With --online it also reads the service's list of batches and proves that nothing was paid for
twice.

Exit status: 0 if verified, 1 if not, 2 if it cannot be checked, for example
because the job is not done.`

const verifyExample = `  messagebatches verify requests.jsonl
  messagebatches verify --online --json requests.job`

// A verification is one call of verify.
type verification struct {
	*app
	service serviceFlags
	online  bool
}

func newVerify(a *app) *cobra.Command {
	v := &verification{app: a}
	c := &cobra.Command{
		Use: "verify FILE", Short: "Prove that each request has exactly one result",
		Long: verifyLong, Example: verifyExample, Args: one(jobOrFile),
		RunE: func(c *cobra.Command, args []string) error { return v.run(c.Context(), jobDirectory(args[0])) },
	}
	c.Flags().BoolVar(&v.online, "online", false, "also prove from the service's list of batches that nothing was paid for twice")
	v.service.add(c.Flags())
	return c
}

func (v *verification) run(ctx context.Context, dir string) error {
	st, err := inspect(ctx, dir)
	if err != nil {
		return err
	}
	var online *jobs.OnlineReport
	err = withJob(ctx, dir, func(j *jobs.Job) error {
		if !v.online {
			return j.Verify(ctx)
		}
		c, err := v.service.client()
		if err == nil {
			online, err = j.VerifyOnline(ctx, c)
		}
		return err
	})
	var wrong *jobs.VerifyError
	if err != nil && !errors.As(err, &wrong) {
		return err
	}
	problems := []string{}
	if wrong != nil {
		for _, p := range wrong.Problems {
			problems = append(problems, p.Error())
		}
	}
	switch {
	case v.json:
		err = v.WriteJSON(struct {
			Job      string             `json:"job"`
			Requests int64              `json:"requests"`
			Verified bool               `json:"verified"`
			Problems []string           `json:"problems"`
			Online   *jobs.OnlineReport `json:"online,omitempty"`
		}{st.ID, st.Requests, wrong == nil, problems, online})
	case wrong == nil:
		_, err = fmt.Fprintf(v.Out, "%s: verified: %s, each with exactly one result%s\n", cli.Visible(dir), cli.Plural(st.Requests, "request"), onlineText(online))
	default:
		for _, p := range problems {
			_, err = fmt.Fprintf(v.Out, "%s: %s\n", cli.Visible(dir), cli.Visible(strings.ReplaceAll(p, "\n", ": ")))
		}
	}
	if err == nil && wrong != nil {
		return cli.Exit(cli.Issues)
	}
	return err
}

// onlineText returns what the list of the service has shown, as text.
func onlineText(r *jobs.OnlineReport) string {
	if r == nil {
		return ""
	}
	text := fmt.Sprintf("; the job has %[2]s of %[1]s on the server, and nothing was paid for twice", cli.Plural(int64(r.Listed), "batch"), cli.Thousands(int64(r.Ours)))
	if len(r.MayBeOurs) > 0 {
		text += fmt.Sprintf(", unless some of %s still running belong to it too", cli.Plural(int64(len(r.MayBeOurs)), "batch"))
	}
	return text
}

// wrongResults sets the exit status of an error of verification.
func wrongResults(err error) error {
	if errors.As(err, new(*jobs.VerifyError)) {
		return &cli.ExitError{Status: cli.Issues, Err: err}
	}
	return err
}

// withJob calls f with an open job.
func withJob(ctx context.Context, dir string, f func(*jobs.Job) error) error {
	if _, err := inspect(ctx, dir); err != nil {
		return err // Open would start a job
	}
	j, err := jobs.Open(ctx, dir, jobs.Options{})
	if err != nil {
		return err
	}
	return errors.Join(f(j), j.Close())
}
