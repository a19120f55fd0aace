package preflight

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// defaultMax is how many errors, and how many warnings, of each rule a report lists by default.
const defaultMax = 100

// A sieve keeps the first issues of each rule and severity and counts the others, so that many of one kind do not hide
// another kind.
type sieve struct {
	most   int // of each rule and severity
	issues []Issue
	kept   []Tally
	more   []Tally
}

// full reports whether another issue would only be counted.
func (s *sieve) full(rule Rule, severity Severity) bool {
	for i := range s.kept {
		if s.kept[i].Rule == rule && s.kept[i].Severity == severity {
			return s.kept[i].Count >= s.most
		}
	}
	return s.most == 0
}

func (s *sieve) add(i Issue) {
	if s.full(i.Rule, i.Severity) {
		s.count(Tally{i.Rule, i.Severity, 1})
		return
	}
	s.kept = tally(s.kept, Tally{i.Rule, i.Severity, 1})
	s.issues = append(s.issues, i)
}

func (s *sieve) count(t Tally) { s.more = tally(s.more, t) }

// tally adds t to tallies.
func tally(tallies []Tally, t Tally) []Tally {
	for i := range tallies {
		if tallies[i].Rule == t.Rule && tallies[i].Severity == t.Severity {
			tallies[i].Count += t.Count
			return tallies
		}
	}
	return append(tallies, t)
}

// sorted returns the tallies in the order of the rules, errors first.
func (s *sieve) sorted() []Tally {
	rules := Rules()
	slices.SortFunc(s.more, func(x, y Tally) int {
		return cmp.Or(cmp.Compare(y.Severity, x.Severity), cmp.Compare(slices.Index(rules, x.Rule), slices.Index(rules, y.Rule)))
	})
	return s.more
}

// longestPointer bounds the pointer of an issue, because a property's name may be as long as the request.
const longestPointer = 4 << 10

func cutPointer(p jsontext.Pointer) jsontext.Pointer {
	if len(p) <= longestPointer {
		return p
	}
	return jsontext.Pointer(strings.ToValidUTF8(string(p[:longestPointer]), "") + "…")
}
