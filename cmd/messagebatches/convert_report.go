package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/cmd/internal/convert"
)

// A conversionReport describes what a conversion did.
type conversionReport struct {
	Input  string         `json:"input"`
	Output string         `json:"output,omitempty"`
	Format convert.Format `json:"format"`
	convert.Summary
	Refused int             `json:"refused"`
	Notes   []convert.Group `json:"notes"`
	kept    bool            // what was written is in the output
}

// maxGroups is how many groups of notes are printed.
const maxGroups = 20

// report prints the report and returns the error of the command.
func (v *convertCall) report(r *conversionReport, err error) error {
	if v.json && err == nil {
		if r.Notes == nil {
			r.Notes = []convert.Group{}
		}
		if !r.kept {
			r.Written, r.Guarded = 0, 0
		}
		err = v.WriteJSON(r)
	} else {
		v.writeReport(r, err)
	}
	if err == nil && r.Refused > 0 {
		return cli.Exit(cli.Issues)
	}
	return err
}

// writeReport writes the report for people.
func (v *convertCall) writeReport(r *conversionReport, err error) {
	say := func(format string, args ...any) { fmt.Fprintf(v.Err, "messagebatches convert: "+format+"\n", args...) }
	for i, g := range r.Notes {
		if i == maxGroups {
			say("and %s more; --notes FILE lists all", cli.Plural(int64(len(r.Notes)-i), "kind"))
			break
		}
		say("%s", groupLine(g))
	}
	if err != nil {
		return // the counts are incomplete
	}
	in, out := "line", "request"
	switch r.Format {
	case convert.FormatTable:
		in = "row"
	case convert.FormatJSON:
		in = "element"
	case convert.FormatResults:
		in, out = "result", "row"
	}
	name := r.Input
	if name == "-" {
		name = "standard input"
	}
	text := fmt.Sprintf("%s: %s, %s", cli.Visible(name), cli.Plural(int64(r.Read), in), cli.Plural(int64(r.Written), out))
	switch {
	case r.Refused > 0 && !r.kept:
		text += fmt.Sprintf(", %s refused: %s is not written unless you add --partial", cli.Thousands(int64(r.Refused)), cli.Visible(r.Output))
	case r.Refused > 0:
		text += fmt.Sprintf(", %s refused and not in the output", cli.Thousands(int64(r.Refused)))
	case r.Output != "":
		text += " in " + cli.Visible(r.Output)
	}
	say("%s", text)
	if r.Separator != "" {
		say("the cells of the table are separated by %s", separatorName(r.Separator))
	}
	if r.Blank > 0 {
		say("skipped %s", cli.Plural(int64(r.Blank), "empty row"))
	}
	if len(r.Outcomes) > 0 {
		var parts []string
		for _, o := range slices.Sorted(maps.Keys(r.Outcomes)) {
			parts = append(parts, cli.Thousands(int64(r.Outcomes[o]))+" "+cli.Visible(o))
		}
		say("%s", strings.Join(parts, ", "))
	}
	if r.Guarded > 0 {
		say("%s that a spreadsheet would treat as a formula got a leading apostrophe; --formulas writes such cells unchanged", cli.Plural(int64(r.Guarded), "cell"))
	}
}

// groupLine returns a group of notes as one line.
func groupLine(g convert.Group) string {
	text := string(g.Kind)
	if g.Place != "" {
		text += ": " + cli.Visible(g.Place)
	}
	text += ": " + cli.Visible(g.Message)
	if len(g.First) == 0 {
		return text
	}
	var lines []string
	for _, s := range g.First {
		line := strconv.Itoa(s.Line)
		if s.Detail != "" {
			line += " (" + cli.Visible(s.Detail) + ")"
		}
		lines = append(lines, line)
	}
	text += ": line " + strings.Join(lines, ", ")
	if more := g.Count - len(g.First); more > 0 {
		text += fmt.Sprintf(" and %s more", cli.Thousands(int64(more)))
	}
	return text
}

func separatorName(s string) string {
	if s == "\t" {
		return "tabs"
	}
	return strconv.Quote(s)
}
