// Package issues groups the issues of a check of requests, so that the same mistake in ten thousand requests is shown once.
package issues

import (
	"strings"

	"github.com/seed-111a911e/messagebatches/client/preflight"
)

// Kept is the number of issues of each rule to keep (see [preflight.Options.Max]). These are counted by kind, and further
// ones by rule only.
const Kept = 2000

// A Kind is a group of issues of one rule and severity at one place.
type Kind struct {
	// Rule and Severity are common to the issues.
	Rule     preflight.Rule     `json:"rule"`
	Severity preflight.Severity `json:"severity"`

	// Place is the pointer of the issues, with a star for each index of an array.
	Place string `json:"place"`

	// Count is the number of issues, and First holds the first of them.
	Count int               `json:"count"`
	First []preflight.Issue `json:"first"`
}

// Group groups the issues of a report, ordered by the first issue of each kind. It keeps at most the given number of issues
// of each kind, and at least 1.
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
	// Files is the number of files, and Failed how many of them could not be read.
	Files  int `json:"files"`
	Failed int `json:"failed"`

	// Requests, Bytes, Errors and Warnings are the sums over all files.
	Requests int   `json:"requests"`
	Bytes    int64 `json:"bytes"`
	Errors   int   `json:"errors"`
	Warnings int   `json:"warnings"`
}

// Add adds the report of a file; nil means that the file could not be read.
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
