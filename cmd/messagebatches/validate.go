package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/cmd/internal/issues"
	"github.com/seed-111a911e/messagebatches/gen"
)

const validateLong = `Checks requests files, each with one {"custom_id", "params"} per line and read as one batch, against
the contract of the Message Batches API. The file - is standard input. Nothing is sent anywhere.

What the contract does not know, such as a newer model, property, beta or version, is a warning;
what the service would refuse is an error. Issues of one rule at one place, such as
/params/messages/*/content, are of one kind: the first is shown, followed by the lines of the next
ones and their number. A file that is not one request per line, such as CSV, a JSON array or a
compressed file, has a single error. With several files, their totals come last.

Exit status: 0 without errors, 1 with errors (with --strict also with warnings), 2 if a file could
not be read or a flag is invalid.`

const validateExample = `  messagebatches validate requests.jsonl
  messagebatches validate --strict --split monday.jsonl tuesday.jsonl
  zcat requests.jsonl.gz | messagebatches validate -`

func newValidate(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "validate FILE...", Short: "Check requests files before you send them",
		Long: validateLong, Example: validateExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cli.Wrong("no requests file is named: give one or more, such as requests.jsonl, or - for standard input")
			}
			return nil
		},
	}
	flags := c.Flags()
	version := flags.String("api-version", "", "API `version` of the create call (default 2023-06-01)")
	betas := flags.String("betas", "", "`betas` of the create call, separated by commas")
	disable := flags.String("disable", "", "`rules` to turn off, separated by commas")
	split := flags.Bool("split", false, "the requests will be split into several batches: do not limit their number and total size")
	most := flags.Int("max", 5, "show at most this `number` of lines for each kind of issue")
	strict := flags.Bool("strict", false, "exit with status 1 for warnings too")
	c.RunE = func(_ *cobra.Command, files []string) error {
		if *most < 1 {
			return cli.Wrong("--max must be 1 or more, not %d", *most)
		}
		options := preflight.Options{Version: gen.AnthropicVersion(*version), Betas: asBetas(*betas), Split: *split, Max: max(*most, issues.Kept)}
		for _, r := range cli.List(*disable) {
			if !slices.Contains(preflight.Rules(), preflight.Rule(r)) {
				return cli.Wrong("there is no rule %q: the rules are %s", r, rules())
			}
			options.Disable = append(options.Disable, preflight.Rule(r))
		}
		return a.validate(files, options, *most, *strict)
	}
	return c
}

// validate checks files one after the other. It continues after a file that cannot be read.
func (a *app) validate(files []string, options preflight.Options, most int, strict bool) error {
	write, writeTotals := writeText, writeTotalsText
	if a.json {
		write, writeTotals = writeJSON, writeTotalsJSON
	}
	status := cli.OK
	var totals issues.Totals
	for _, name := range files {
		report, err := checkFile(a.Streams, name, options)
		if totals.Add(report); err == nil {
			err = write(a.Streams, name, report, most)
		}
		if err != nil {
			fmt.Fprintf(a.Err, "messagebatches validate: %s\n", cli.Visible(err.Error()))
			status = cli.Failed
			continue
		}
		if report.Count(preflight.Error) > 0 || strict && len(report.Issues) > 0 {
			status = max(status, cli.Issues)
		}
	}
	if len(files) > 1 {
		if err := writeTotals(a.Streams, totals); err != nil {
			return err
		}
	}
	return cli.Exit(status)
}

func rules() string {
	var names []string
	for _, r := range preflight.Rules() {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

func checkFile(s cli.Streams, name string, o preflight.Options) (*preflight.Report, error) {
	if name == "-" {
		return preflight.CheckLines(s.In, o)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	report, err := preflight.CheckLines(f, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return report, nil
}

// writeText writes the kinds of issues, the first of each in the format of compiler errors, and a summary.
func writeText(s cli.Streams, name string, r *preflight.Report, most int) error {
	w := bufio.NewWriter(s.Out)
	kinds := issues.Group(r, most)
	for _, k := range kinds {
		writeKind(w, s, cli.Visible(name), k)
	}
	for _, t := range r.More {
		fmt.Fprintf(w, "%s: %s: and %s more [%s]\n", cli.Visible(name), paint(s, t.Severity), cli.Thousands(int64(t.Count)), t.Rule)
	}
	size := sizes(r.Requests, r.Bytes)
	if slices.ContainsFunc(r.Issues, func(i preflight.Issue) bool { return i.Rule == preflight.File }) {
		size = "not checked"
	}
	fmt.Fprintf(w, "%s: %s: %s", cli.Visible(name), size, issueCounts(r.Count(preflight.Error), r.Count(preflight.Warning)))
	if len(kinds) > 0 && len(kinds) < len(r.Issues) {
		fmt.Fprintf(w, ", of %s", cli.Plural(int64(len(kinds)), "kind"))
	}
	fmt.Fprintln(w)
	return w.Flush()
}

// writeKind writes the first issue of a kind and the places of the next ones.
func writeKind(w io.Writer, s cli.Streams, name string, k issues.Kind) {
	first := k.First[0]
	if first.Line > 0 {
		name += fmt.Sprintf(":%d", first.Line)
	}
	what := first.CustomID
	if first.Pointer != "" {
		what = strings.TrimSpace(what + " " + cli.Visible(string(first.Pointer)))
	}
	if what != "" {
		what += ": "
	}
	fmt.Fprintf(w, "%s: %s: %s%s [%s]\n", name, paint(s, k.Severity), what, cli.Visible(first.Message), k.Rule)
	if k.Count == 1 {
		return
	}
	var places []string
	for _, i := range k.First[1:] {
		place := strconv.Itoa(i.Line)
		if i.CustomID != "" {
			place += " (" + i.CustomID + ")"
		}
		places = append(places, place)
	}
	text := cli.Thousands(int64(k.Count)) + " times"
	if k.Place != string(first.Pointer) {
		text += " at " + cli.Visible(k.Place)
	}
	switch len(places) {
	case 0:
	case 1:
		text += ", next in line " + places[0]
	default:
		text += ", next in lines " + strings.Join(places, ", ")
	}
	fmt.Fprintf(w, "  %s\n", text)
}

func sizes(requests int, bytes int64) string {
	return cli.Plural(int64(requests), "request") + ", " + cli.Plural(bytes, "byte")
}

func issueCounts(errors, warnings int) string {
	return cli.Plural(int64(errors), "error") + ", " + cli.Plural(int64(warnings), "warning")
}

// writeTotalsText writes the totals as one line.
func writeTotalsText(s cli.Streams, t issues.Totals) error {
	failed := ""
	if t.Failed > 0 {
		failed = ", of which " + cli.Thousands(int64(t.Failed)) + " could not be read"
	}
	_, err := fmt.Fprintf(s.Out, "%s%s: %s: %s\n", cli.Plural(int64(t.Files), "file"), failed, sizes(t.Requests, t.Bytes), issueCounts(t.Errors, t.Warnings))
	return err
}

func paint(s cli.Streams, severity preflight.Severity) string {
	color := map[preflight.Severity]string{preflight.Error: "\x1b[31m", preflight.Warning: "\x1b[33m"}[severity]
	if !s.Color {
		return severity.String()
	}
	return color + severity.String() + "\x1b[0m"
}

// writeJSON writes one object per file.
func writeJSON(s cli.Streams, name string, r *preflight.Report, most int) error {
	kinds := issues.Group(r, most)
	if kinds == nil {
		kinds = []issues.Kind{}
	}
	return s.WriteJSON(struct {
		File     string            `json:"file"`
		Requests int               `json:"requests"`
		Bytes    int64             `json:"bytes"`
		Errors   int               `json:"errors"`
		Warnings int               `json:"warnings"`
		Kinds    []issues.Kind     `json:"kinds"`
		More     []preflight.Tally `json:"more,omitempty"`
	}{name, r.Requests, r.Bytes, r.Count(preflight.Error), r.Count(preflight.Warning), kinds, r.More})
}

// writeTotalsJSON writes the totals as one object.
func writeTotalsJSON(s cli.Streams, t issues.Totals) error {
	return s.WriteJSON(struct {
		Totals issues.Totals `json:"totals"`
	}{t})
}
