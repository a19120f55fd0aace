package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

const validateUsage = `Usage: messagebatches validate [flags] FILE...

Checks files of requests, each of them a batch of one {"custom_id", "params"} a line, against the contract of the
Message Batches API. The file - is standard input. Nothing is sent anywhere.

What the contract does not know, such as a newer model, property, beta or version, is a warning; what the service would
refuse is an error.

Exit status: 0 without errors, 1 with errors (with -strict also with warnings), 2 if a file could not be read or a flag
is wrong.

Flags:
`

// validate is the command of that name.
func validate(s streams, args []string) int {
	flags := flag.NewFlagSet("validate", flag.ContinueOnError)
	flags.SetOutput(s.err)
	flags.Usage = func() {
		fmt.Fprint(s.err, validateUsage)
		flags.PrintDefaults()
	}
	version := flags.String("version", "", "`version` of the API that the batch will be created with (default 2023-06-01)")
	betas := flags.String("betas", "", "`betas` that the create call will have, separated by commas")
	disable := flags.String("disable", "", "`rules` to switch off, separated by commas")
	format := flags.String("format", "text", "`format` of the output: text or json")
	strict := flags.Bool("strict", false, "treat warnings like errors in the exit status")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitFailed
	}
	write := map[string]func(streams, string, *preflight.Report) error{"text": writeText, "json": writeJSON}[*format]
	switch {
	case write == nil:
		fmt.Fprintf(s.err, "messagebatches validate: -format is text or json, not %q\n", *format)
		return exitFailed
	case flags.NArg() == 0:
		flags.Usage()
		return exitFailed
	}
	options := preflight.Options{Version: gen.AnthropicVersion(*version)}
	for _, b := range list(*betas) {
		options.Betas = append(options.Betas, gen.AnthropicBeta(b))
	}
	for _, r := range list(*disable) {
		if !slices.Contains(preflight.Rules(), preflight.Rule(r)) {
			fmt.Fprintf(s.err, "messagebatches validate: there is no rule %q: the rules are %s\n", r, rules())
			return exitFailed
		}
		options.Disable = append(options.Disable, preflight.Rule(r))
	}
	status := exitOK
	for _, name := range flags.Args() {
		report, err := checkFile(s, name, options)
		if err == nil {
			err = write(s, name, report)
		}
		if err != nil {
			fmt.Fprintf(s.err, "messagebatches validate: %v\n", err)
			status = exitFailed
			continue
		}
		if report.Count(preflight.Error) > 0 || *strict && len(report.Issues) > 0 {
			status = max(status, exitIssues)
		}
	}
	return status
}

func rules() string {
	var names []string
	for _, r := range preflight.Rules() {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

// list takes a list separated by commas apart.
func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

func checkFile(s streams, name string, o preflight.Options) (*preflight.Report, error) {
	if name == "-" {
		return preflight.CheckLines(s.in, o)
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

// writeText writes one line an issue, as compilers do, and a summary.
func writeText(s streams, name string, r *preflight.Report) error {
	w := bufio.NewWriter(s.out)
	for _, i := range r.Issues {
		place := name
		if i.Line > 0 {
			place += fmt.Sprintf(":%d", i.Line)
		}
		what := i.CustomID
		if i.Pointer != "" {
			what = strings.TrimSpace(what + " " + string(i.Pointer))
		}
		if what != "" {
			what += ": "
		}
		fmt.Fprintf(w, "%s: %s: %s%s [%s]\n", place, paint(s, i.Severity), what, i.Message, i.Rule)
	}
	fmt.Fprintf(w, "%s: %s, %s: %s, %s\n", name, plural(r.Requests, "request"), plural(int(r.Bytes), "byte"),
		plural(r.Count(preflight.Error), "error"), plural(r.Count(preflight.Warning), "warning"))
	return w.Flush()
}

func paint(s streams, severity preflight.Severity) string {
	color := map[preflight.Severity]string{preflight.Error: "\x1b[31m", preflight.Warning: "\x1b[33m"}[severity]
	if !s.color {
		return severity.String()
	}
	return color + severity.String() + "\x1b[0m"
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// writeJSON writes one object a file.
func writeJSON(s streams, name string, r *preflight.Report) error {
	issues := r.Issues
	if issues == nil {
		issues = []preflight.Issue{}
	}
	return json.NewEncoder(s.out).Encode(struct {
		File     string            `json:"file"`
		Requests int               `json:"requests"`
		Bytes    int64             `json:"bytes"`
		Errors   int               `json:"errors"`
		Warnings int               `json:"warnings"`
		Issues   []preflight.Issue `json:"issues"`
	}{name, r.Requests, r.Bytes, r.Count(preflight.Error), r.Count(preflight.Warning), issues})
}
