package drift

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Except removes the known differences from a report. Each line of the text is a place, in which * stands for one name,
// and a reason; empty lines and lines that begin with # are comments. A line that matches nothing is a difference.
func (r *Report) Except(name, text string) {
	for i, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		at := fmt.Sprintf("%s:%d", name, i+1)
		place, reason, _ := strings.Cut(line, " ")
		if strings.TrimSpace(reason) == "" {
			r.add(at, "%s has no reason: write it after the place", place)
		}
		before := len(r.Differences)
		known := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(place), `\*`, `[^.]*`) + "$")
		r.Differences = slices.DeleteFunc(r.Differences, func(d Difference) bool { return known.MatchString(d.Place) })
		if len(r.Differences) == before {
			r.add(at, "%s matches no difference: remove the line", place)
			r.stale = append(r.stale, i)
		}
	}
}

// Prune returns a text that Except has read without the lines that match nothing, and removes these from the report.
func (r *Report) Prune(name, text string) string {
	lines := strings.SplitAfter(text, "\n")
	for _, i := range slices.Backward(r.stale) {
		at := fmt.Sprintf("%s:%d", name, i+1)
		r.Differences = slices.DeleteFunc(r.Differences, func(d Difference) bool { return d.Place == at })
		lines = slices.Delete(lines, i, i+1)
	}
	r.stale = nil
	return strings.Join(lines, "")
}
