package view

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/cmd/internal/view/index"
)

// A Filter selects and orders results. The zero Filter selects all, in the order of the file.
type Filter struct {
	// Outcome, Stop, Model and Error list the values that a result may have; an empty list allows any. The value "" means
	// that the result has none.
	Outcome, Stop, Model, Error []string

	// MinInput, MaxInput, MinOutput and MaxOutput bound the tokens; 0 means no bound.
	MinInput, MaxInput, MinOutput, MaxOutput int64

	// Differ selects by the difference from the other results: "answer", "outcome", "missing" or "any". Empty means all.
	Differ string

	// Sort is "input", "output" or "cost", highest first. Empty means the order of the file.
	Sort string
}

// ParseFilter parses the parameters of a query.
func ParseFilter(q url.Values) (Filter, error) {
	f := Filter{Outcome: q["outcome"], Stop: q["stop"], Model: q["model"], Error: q["error"], Differ: q.Get("differ"), Sort: q.Get("sort")}
	for name, to := range map[string]*int64{"minInput": &f.MinInput, "maxInput": &f.MaxInput, "minOutput": &f.MinOutput, "maxOutput": &f.MaxOutput} {
		if text := q.Get(name); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < 0 {
				return Filter{}, fmt.Errorf("%s must be a number of tokens, not %q", name, text)
			}
			*to = n
		}
	}
	if !slices.Contains([]string{"", "answer", "outcome", "missing", "any"}, f.Differ) {
		return Filter{}, fmt.Errorf("differ must be answer, outcome, missing or any, not %q", f.Differ)
	}
	if !slices.Contains([]string{"", "input", "output", "cost"}, f.Sort) {
		return Filter{}, fmt.Errorf("sort must be input, output or cost, not %q", f.Sort)
	}
	return f, nil
}

// key returns a string that is equal only for equal filters.
func (f Filter) key() string { return fmt.Sprintf("%q", []any{f}) }

// A selection is the rows that a filter selects, and their totals.
type selection struct {
	rows []uint32 // nil for all rows of the file, in its order
	n    int

	input, cacheRead, output int64
	cost                     bulk.Money
	unpriced                 int // results with something that has no price

	// counts holds the number of rows with each outcome, stop reason, model and error.
	counts [4]map[index.Name]int
}

// at returns the row at a position of the selection.
func (s *selection) at(place int) int {
	if s.rows == nil {
		return place
	}
	return int(s.rows[place])
}

// place returns the position of a row in the selection.
func (s *selection) place(row int) (int, bool) {
	if s.rows == nil {
		return row, row < s.n
	}
	at := slices.Index(s.rows, uint32(row))
	return at, at >= 0
}

// choose reads the index once and returns the selection of a filter.
func (f *Files) choose(ctx context.Context, filter Filter) (*selection, error) {
	matches, all := f.matcher(filter)
	s := &selection{}
	for i := range s.counts {
		s.counts[i] = make(map[index.Name]int)
	}
	type keyed struct {
		key int64
		row uint32
	}
	var sorted []keyed
	err := f.results.Scan(ctx, func(row int, r index.Record) bool {
		if !matches(row, r) {
			return true
		}
		s.n++
		s.input, s.cacheRead, s.output, s.cost = s.input+r.Input, s.cacheRead+r.CacheRead, s.output+r.Output, s.cost+r.Cost
		if !r.Priced && r.Input+r.Output > 0 {
			s.unpriced++
		}
		for i, name := range [...]index.Name{r.Outcome, r.Stop, r.Model, r.Error} {
			s.counts[i][name]++
		}
		switch filter.Sort {
		case "input":
			sorted = append(sorted, keyed{r.Input, uint32(row)})
		case "output":
			sorted = append(sorted, keyed{r.Output, uint32(row)})
		case "cost":
			sorted = append(sorted, keyed{int64(r.Cost), uint32(row)})
		default:
			if !all {
				s.rows = append(s.rows, uint32(row))
			}
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(sorted, func(a, b keyed) int { return cmp.Compare(b.key, a.key) })
	for _, k := range sorted {
		s.rows = append(s.rows, k.row)
	}
	if s.rows == nil && !all {
		s.rows = []uint32{}
	}
	return s, nil
}

// matcher returns a function that reports whether a filter selects a row. All is true if it selects every row, in the order
// of the file.
func (f *Files) matcher(filter Filter) (matches func(row int, r index.Record) bool, all bool) {
	var tests []func(row int, r index.Record) bool
	oneOf := func(values []string, of func(index.Record) index.Name) {
		if len(values) == 0 {
			return
		}
		var known [1 << 10]bool // the maximum number of names in an index
		for n := range known {
			known[n] = slices.Contains(values, f.results.Name(index.Name(n)))
		}
		tests = append(tests, func(_ int, r index.Record) bool { return int(of(r)) < len(known) && known[of(r)] })
	}
	oneOf(filter.Outcome, func(r index.Record) index.Name { return r.Outcome })
	oneOf(filter.Stop, func(r index.Record) index.Name { return r.Stop })
	oneOf(filter.Model, func(r index.Record) index.Name { return r.Model })
	oneOf(filter.Error, func(r index.Record) index.Name { return r.Error })
	between := func(low, high int64, of func(index.Record) int64) {
		if low > 0 || high > 0 {
			tests = append(tests, func(_ int, r index.Record) bool { n := of(r); return n >= low && (high == 0 || n <= high) })
		}
	}
	between(filter.MinInput, filter.MaxInput, func(r index.Record) int64 { return r.Input })
	between(filter.MinOutput, filter.MaxOutput, func(r index.Record) int64 { return r.Output })
	if filter.Differ != "" && f.differs != nil {
		wanted := map[string]difference{"answer": differsAnswer, "outcome": differsOutcome, "missing": differsMissing, "any": ^difference(0)}[filter.Differ]
		tests = append(tests, func(row int, _ index.Record) bool { return f.differs[row]&wanted != 0 })
	}
	return func(row int, r index.Record) bool {
		for _, test := range tests {
			if !test(row, r) {
				return false
			}
		}
		return true
	}, len(tests) == 0 && filter.Sort == ""
}
