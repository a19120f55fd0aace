// Package issues groups what a check of requests has found, so that ten thousand times the same mistake is one kind of
// mistake.
package issues

import (
	"strings"

	"github.com/seed-111a911e/messagebatches/client/preflight"
)

// Kept is how many issues of each rule should be looked at (see [preflight.Options.Max]): their kinds are counted, and the
// others are counted by rule alone.
const Kept = 2000

// A Kind is issues of one rule and severity at one place.
type Kind struct {
	// Rule and Severity are those of the issues.
	Rule     preflight.Rule     `json:"rule"`
	Severity preflight.Severity `json:"severity"`

	// Place is the pointer of the issues, with a star for each index of an array.
	Place string `json:"place"`

	// Count is how many there are, and First are the first of them.
	Count int               `json:"count"`
	First []preflight.Issue `json:"first"`
}

// Group groups the issues of a report, in the order in which the first of each kind comes. Of each kind it keeps so many
// issues, at least 1.
func Group(r *preflight.Report, most int) (kinds []Kind) {
	type key struct {
		rule     preflight.Rule
		severity preflight.Severity
		place    string
	}
	at := make(map[key]int)
	for _, i := range r.Issues {
		k := key{i.Rule, i.Severity, Place(string(i.Pointer))}
		n, ok := at[k]
		if !ok {
			n = len(kinds)
			at[k] = n
			kinds = append(kinds, Kind{Rule: k.rule, Severity: k.severity, Place: k.place})
		}
		if kinds[n].Count++; len(kinds[n].First) < most {
			kinds[n].First = append(kinds[n].First, i)
		}
	}
	return kinds
}

// Place returns a pointer with a star for each index of an array.
func Place(pointer string) string {
	parts := strings.Split(pointer, "/")
	for i, p := range parts {
		if p != "" && strings.Trim(p, "0123456789") == "" {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}

// Totals adds up the reports of several files.
type Totals struct {
	// Files is how many there are, and Failed how many of them could not be read.
	Files  int `json:"files"`
	Failed int `json:"failed"`

	// Requests, Bytes, Errors and Warnings are those of all files.
	Requests int   `json:"requests"`
	Bytes    int64 `json:"bytes"`
	Errors   int   `json:"errors"`
	Warnings int   `json:"warnings"`
}

// Add adds the report of a file, nil if it could not be read.
func (t *Totals) Add(r *preflight.Report) {
	t.Files++
	if r == nil {
		t.Failed++
		return
	}
	t.Requests += r.Requests
	t.Bytes += r.Bytes
	t.Errors += r.Count(preflight.Error)
	t.Warnings += r.Count(preflight.Warning)
}
