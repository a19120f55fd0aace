package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/cmd/internal/estimate"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

const estimateLong = `Estimates what requests files, one {"custom_id", "params"} per line, will use and cost in batches:
at best, most likely, and at worst. Several files are added up; the file - is standard input.
Nothing is sent anywhere, so the numbers are estimates:

  text    by kinds of characters, because the models' tokenizers are not public: up to 25 % off
  images  by their size in pixels, which is read from their first bytes
  PDFs    by their pages, each an image and up to 3,000 tokens of text
  output  2 % of max_tokens at best, all of it at worst, and --output-share of it most likely
  cache   at best nearly every request reads what an earlier one wrote, at worst none does

--compare shows how far such estimates were from the actual cost of earlier requests, and what these
requests will cost if they use as much. Prices are list prices with the batch discount, of the day
that is printed; --prices replaces them. Amounts in JSON are billionths of the currency.

Exit status: 0; 1 if lines are not requests or a price is missing, so that the estimate is too low;
2 if a file could not be read.`

const estimateExample = `  messagebatches estimate requests.jsonl
  messagebatches estimate requests.jsonl --compare monday.job --compare old.jsonl=old.results.jsonl
  messagebatches estimate requests.jsonl --prices prices.json --output-share 0.1 --json`

// An estimateCall is one call of estimate.
type estimateCall struct {
	*app
	prices  string
	compare []string
	options estimate.Options
}

func newEstimate(a *app) *cobra.Command {
	v := &estimateCall{app: a}
	c := &cobra.Command{
		Use: "estimate FILE...", Short: "Estimate what requests will cost",
		Long: estimateLong, Example: estimateExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cli.Wrong("no requests file is named: give one or more, such as requests.jsonl, or - for standard input")
			}
			return nil
		},
	}
	flags := c.Flags()
	flags.StringVar(&v.prices, "prices", "", "price table `file` in JSON, in place of the list prices")
	flags.StringArrayVar(&v.compare, "compare", nil, "finished `job` to compare with, named by its directory or requests file, or REQUESTS=RESULTS; may be repeated")
	flags.Float64Var(&v.options.Assume.OutputShare, "output-share", 0.25, "expected `share` of max_tokens that answers use, from 0 to 1")
	flags.Float64Var(&v.options.Assume.HitRate, "hit-rate", 0.64, "expected `share` of requests that find their prefix in the prompt cache, from 0 to 1")
	c.RunE = func(c *cobra.Command, files []string) error {
		for name, share := range map[string]float64{"output-share": v.options.Assume.OutputShare, "hit-rate": v.options.Assume.HitRate} {
			if !(share > 0 && share <= 1) {
				return cli.Wrong("--%s must be above 0 and at most 1, not %v", name, share)
			}
		}
		return v.run(c.Context(), files)
	}
	return c
}

func (v *estimateCall) run(ctx context.Context, files []string) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	var err error
	if v.options.Table, err = readPrices(v.prices); err != nil {
		return err
	}
	for i, name := range v.compare {
		if !strings.Contains(name, "=") {
			v.compare[i] = jobDirectory(name)
		}
	}
	r, err := estimate.Files(ctx, files, v.In, v.options)
	if err == nil {
		err = r.Compare(ctx, v.compare, v.options)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return &cli.ExitError{Status: cli.Stopped, Err: err}
	case err != nil:
		return err
	case v.json:
		err = v.WriteJSON(r)
	default:
		err = v.write(r)
	}
	if err == nil && len(r.Malformed)+len(r.Unpriced) > 0 {
		return cli.Exit(cli.Issues)
	}
	return err
}

// write prints the report for people.
func (v *estimateCall) write(r *estimate.Report) error {
	w := bufio.NewWriter(v.Out)
	line := func(name, low, expected, high string) {
		fmt.Fprintf(w, "%-32s%16s%16s%16s\n", name, low, expected, high)
	}
	numbers := func(name string, n price.Range) {
		if n != (price.Range{}) {
			line(name, cli.Thousands(n.Low), cli.Thousands(n.Expected), cli.Thousands(n.High))
		}
	}
	costs := func(name string, c price.Costs) {
		line(name, v.money(c.Low, r), v.money(c.Expected, r), v.money(c.High, r))
	}
	line("", "at best", "expected", "at worst")
	for _, m := range r.Models {
		fmt.Fprintf(w, "%s, %s\n", cli.Visible(string(m.Model)), cli.Plural(m.Requests, "request"))
		numbers("  tokens in", m.Input)
		numbers("    read from the cache", m.CacheRead)
		numbers("    written to the cache", m.CacheWrite)
		numbers("  tokens out", m.Output)
		if m.Priced {
			costs("  cost", m.Cost)
		} else {
			line("  cost", "no price", "no price", "no price")
		}
	}
	costs("total of "+cli.Plural(r.Requests, "request"), r.Cost)
	fmt.Fprintf(w, "\nPrices of %s, with the batch discount. Text is estimated by characters (up to 25 %% off), images by pixels, PDFs by pages.\n", r.Dated)
	if len(r.Unpriced) > 0 {
		fmt.Fprintf(w, "The total does not include %s: there is no price for that.\n", cli.Visible(strings.Join(r.Unpriced, ", ")))
	}
	if r.Unknown > 0 {
		fmt.Fprintf(w, "The sizes of %s are not in the files: the estimates range from zero to the maximum.\n", cli.Plural(r.Unknown, "image or document"))
	}
	for _, m := range r.Malformed {
		fmt.Fprintf(w, "Lines that are not requests are omitted; the first: %s\n", cli.Visible(m))
	}
	for _, c := range r.Compared {
		fmt.Fprintf(w, "Compared with %s, %s: estimated %s (%s to %s), actual cost %s%s.\n", cli.Visible(c.Name), cli.Plural(c.Requests, "request"),
			v.money(c.Estimated.Expected, r), v.money(c.Estimated.Low, r), v.money(c.Estimated.High, r), v.money(c.Cost, r), off(c))
	}
	if r.ByExperience != nil {
		fmt.Fprintf(w, "If these requests use as much as those, they will cost %s.\n", v.money(*r.ByExperience, r))
	}
	return w.Flush()
}

// off returns how far an estimate was from the cost, as text.
func off(c estimate.Comparison) string {
	text := ""
	if c.Results < c.Requests {
		text = fmt.Sprintf(" for %s", cli.Plural(c.Results, "result"))
	}
	switch percent := c.Off * 100; {
	case c.Cost == 0:
		return text
	case percent >= 0.5:
		return text + fmt.Sprintf(": %.0f %% too high", percent)
	case percent <= -0.5:
		return text + fmt.Sprintf(": %.0f %% too low", -percent)
	}
	return text + ": within 1 %"
}

// money formats an amount. If all amounts are small they get more digits, so that none looks free.
func (v *estimateCall) money(m bulk.Money, r *estimate.Report) string {
	if r.Cost.High.Float64() < 1 {
		return fmt.Sprintf("%.6f %s", m.Float64(), r.Currency)
	}
	whole, cents, _ := strings.Cut(fmt.Sprintf("%.2f", m.Float64()), ".")
	n, _ := strconv.ParseInt(whole, 10, 64) // it was written just now
	return cli.Thousands(n) + "." + cents + " " + r.Currency
}
