package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

const jobCostsLong = `Shows what jobs have cost so far, by model and by the day on which batches were created, with the
estimate and the cost of batches that are still running. Everything that was paid for counts,
including answers that were requested again. Prices are list prices with the batch discount. Amounts
in JSON are billionths of the currency.

Exit status: 0, 1 if something has no price, 2 if a job cannot be read.`

const jobCostsExample = `  messagebatches job costs requests.jsonl
  messagebatches job costs --json monday.job tuesday.job`

func newJobCosts(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "costs FILE...", Short: "Show what jobs have cost, by day and model",
		Long: jobCostsLong, Example: jobCostsExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cli.Wrong("no %s is named: give one or more, such as requests.jsonl or requests.job", jobOrFile)
			}
			return nil
		},
	}
	prices := c.Flags().String("prices", "", "price table `file` in JSON (default: built in)")
	c.RunE = func(c *cobra.Command, args []string) error {
		table, err := readPrices(*prices)
		if err != nil {
			return err
		}
		return a.jobCosts(c.Context(), args, table)
	}
	return c
}

func (a *app) jobCosts(ctx context.Context, names []string, table *price.Table) error {
	status := cli.OK
	var all []*jobs.Costs
	for i, name := range names {
		dir := jobDirectory(name)
		if _, err := inspect(ctx, dir); err != nil {
			return err
		}
		c, err := jobs.ReadCosts(ctx, dir, table)
		if err != nil {
			return err
		}
		all = append(all, c)
		if len(c.Unpriced) > 0 {
			status = cli.Issues
		}
		if a.json {
			err = a.WriteJSON(c)
		} else {
			if i > 0 {
				fmt.Fprintln(a.Out)
			}
			err = writeCosts(a.Out, dir, c)
		}
		if err != nil {
			return err
		}
	}
	if len(all) > 1 && !a.json {
		if err := writeSums(a.Out, jobs.SumCosts(all...)); err != nil {
			return err
		}
	}
	return cli.Exit(status)
}

// writeSums writes the total cost of several jobs by label, day and model.
func writeSums(out io.Writer, sums []jobs.LabelCost) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nLABELS\tDAY\tMODEL\tJOBS\tCOST")
	for _, s := range sums {
		what := string(s.Model)
		if s.Tool != "" {
			what = s.Tool
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", cli.Visible(labelsText(s.Labels)), s.Day, cli.Visible(what), s.Jobs, cli.Dollars(s.Cost.Cost))
	}
	return w.Flush()
}

func labelsText(labels map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, name+"="+labels[name])
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, " ")
}

// writeCosts writes the costs of a job as text.
func writeCosts(out io.Writer, dir string, c *jobs.Costs) error {
	fmt.Fprintf(out, "%s: job %s", cli.Visible(dir), c.Job)
	if len(c.Labels) > 0 {
		fmt.Fprintf(out, ", %s", cli.Visible(labelsText(c.Labels)))
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "DAY\tMODEL\tINPUT\tCACHE WRITE\tCACHE READ\tOUTPUT\tCOST\t")
	for _, r := range c.Rows {
		if r.Tool != "" {
			fmt.Fprintf(w, "%s\t%s, %s\t\t\t\t\t%s\t\n", r.Day, cli.Visible(r.Tool), cli.Plural(r.Uses, "use"), cli.Dollars(r.Cost))
			continue
		}
		t := r.Tokens
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", r.Day, cli.Visible(string(r.Model)), cli.Thousands(t.Input), cli.Thousands(t.CacheWrite5m+t.CacheWrite1h), cli.Thousands(t.CacheRead), cli.Thousands(t.Output), cli.Dollars(r.Cost))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	estimated := "" // nothing has an estimate before the first results are read
	if e := c.Estimated; e.High > 0 {
		estimated = fmt.Sprintf("; it was estimated at %s, between %s and %s", cli.Dollars(e.Expected), cli.Dollars(e.Low), cli.Dollars(e.High))
	}
	fmt.Fprintf(out, "Cost: %s by prices of %s%s.\n", cli.Dollars(c.Actual), c.Dated, estimated)
	var err error
	note := func(ok bool, format string, args ...any) {
		if ok {
			_, noteErr := fmt.Fprintf(out, format+"\n", args...)
			err = errors.Join(err, noteErr)
		}
	}
	note(c.Cache.Read+c.Cache.Written > 0, "Prompt cache: hit rate %.0f%%, which saved %s.", 100*c.Cache.HitRate, cli.Dollars(c.Cache.Saved))
	note(c.Ahead.Expected > 0, "Still to come: about %s, between %s and %s.", cli.Dollars(c.Ahead.Expected), cli.Dollars(c.Ahead.Low), cli.Dollars(c.Ahead.High))
	note(c.Duplicates > 0, "Paid for twice: %s.", cli.Dollars(c.Duplicates))
	note(len(c.Unpriced) > 0, "The cost does not include %s: there is no price for that.", cli.Visible(strings.Join(c.Unpriced, ", ")))
	return err
}
