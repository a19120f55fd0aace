package main

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/cmd/internal/report"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

const reportLong = `Writes a report about a job, or several, as one HTML file that asks for nothing when it
is opened: outcomes, failures by reason with examples, what was sent again and why,
tokens and cost by model and label, what the prompt cache did, the estimate beside the
cost, and a timeline of the batches. The job may be running. Nothing is sent anywhere.

The report holds custom IDs and texts of errors, and no prompt and no answer. With
--json it is one JSON document on standard output; amounts in it are billionths of the
currency.

Exit status: 0, 2 if a job cannot be read or the file not be written.`

const reportExample = `  messagebatches report requests.jsonl -o report.html
  messagebatches report monday.job tuesday.job -o week.html
  messagebatches report requests.job -o - >report.html
  messagebatches report --json requests.job`

func newReport(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "report FILE... -o REPORT", Short: "Write a page about what a job has come to",
		Long: reportLong, Example: reportExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cli.Wrong("say which %s, such as requests.jsonl or requests.job", jobOrFile)
			}
			return nil
		},
	}
	output := c.Flags().StringP("output", "o", "", "`file` of the report, - for standard output (default FILE with the ending .report.html)")
	prices := c.Flags().String("prices", "", "`file` with a table of prices (default: the built-in one)")
	c.RunE = func(c *cobra.Command, args []string) error {
		table, err := readPrices(*prices)
		if err != nil {
			return err
		}
		if a.json && *output != "" {
			return cli.Wrong("--json writes to standard output: leave -o out")
		}
		return a.report(c.Context(), args, *output, table)
	}
	return c
}

func (a *app) report(ctx context.Context, names []string, output string, table *price.Table) error {
	var dirs []string
	for _, name := range names {
		dir := jobDirectory(name)
		if _, err := inspect(ctx, dir); err != nil {
			return err
		}
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	r, err := report.Read(ctx, dirs, table, readVersion(debug.ReadBuildInfo()).Version)
	switch {
	case err != nil:
		return err
	case a.json:
		return a.WriteJSON(r)
	case output == "-":
		out := bufio.NewWriter(a.Out)
		return errors.Join(report.WriteHTML(out, r), out.Flush())
	case output == "":
		output = strings.TrimSuffix(dirs[0], filepath.Ext(dirs[0])) + ".report.html"
	}
	return writeReport(output, r)
}

// writeReport writes a report to a file, whole or not at all.
func writeReport(name string, r *report.Report) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	err = errors.Join(report.WriteHTML(out, r), out.Flush(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
