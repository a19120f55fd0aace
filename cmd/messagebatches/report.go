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

const reportLong = `Writes a report about one or more jobs as a single HTML file, which loads nothing from the network:
outcomes, failures by reason with examples, what was resent and why, tokens and cost by model and
label, use of the prompt cache, the estimate next to the cost, and a timeline of the batches. The
jobs may still be running. Nothing is sent anywhere.

The report contains custom IDs and error texts, but no prompts and no answers. With --json it is one
JSON document on standard output; amounts in it are billionths of the currency.

Exit status: 0, or 2 if a job cannot be read or the file cannot be written.`

const reportExample = `  messagebatches report requests.jsonl -o report.html
  messagebatches report monday.job tuesday.job -o week.html
  messagebatches report requests.job -o - >report.html
  messagebatches report --json requests.job`

func newReport(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "report FILE... -o REPORT", Short: "Write a report about jobs as an HTML page",
		Long: reportLong, Example: reportExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cli.Wrong("no %s is named: give one or more, such as requests.jsonl or requests.job", jobOrFile)
			}
			return nil
		},
	}
	output := c.Flags().StringP("output", "o", "", "`file` for the report, - for standard output (default: FILE with the extension .report.html)")
	prices := c.Flags().String("prices", "", "price table `file` in JSON (default: built in)")
	c.RunE = func(c *cobra.Command, args []string) error {
		table, err := readPrices(*prices)
		if err != nil {
			return err
		}
		if a.json && *output != "" {
			return cli.Wrong("--json writes to standard output: omit -o")
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

// writeReport writes a report to a file. If it fails, the file is left as it was.
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
