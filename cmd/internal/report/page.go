package report

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

//go:embed page.html
var layout string

//go:embed style.css
var style string

// mostListed is the maximum number of rows in the table of batches.
const mostListed = 200

// WriteHTML writes a report as an HTML page in one file that loads nothing from the network and runs no script. Text from
// outside is escaped, and invisible characters in it are made visible.
func WriteHTML(w io.Writer, r *Report) error {
	t, err := template.New("page.html").Funcs(template.FuncMap{
		"text": cli.Visible, "short": func(s string) string { return cli.Cut(cli.Visible(s), 64) },
		"n": cli.Thousands, "big": cli.Short, "usd": cli.Dollars, "clock": clock, "share": share, "plural": cli.Plural, "words": words, "took": tookText,
		"dur": cli.Duration, "bar": func(name string, p []piece, legend bool) stack { return stack{name, p, legend} }, "why": func(name string, r Reasons) reasons { return reasons{name, r} },
		"int64": func(i int) int64 { return int64(i) }, "add": func(a, b int) int { return a + b }, "percent": func(f float64) float64 { return 100 * f },
		"neg": func(m bulk.Money) bulk.Money { return -m }, "sum": func(a, b int64) int64 { return a + b },
		"plus": func(a, b float64) float64 { return a + b }, "minus": func(a, b float64) float64 { return a - b },
	}).Parse(layout)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(style))
	p := page{Report: r, Style: template.CSS(style), StyleHash: base64.StdEncoding.EncodeToString(sum[:])} //nolint:gosec // our own
	for _, j := range r.Jobs {
		p.Views = append(p.Views, newView(j, r.Made))
	}
	return t.Execute(w, &p)
}

// A page is the data of the layout.
type page struct {
	*Report
	Style     template.CSS
	StyleHash string
	Views     []*view
}

// A view is the data of a job in the layout.
type view struct {
	*Job
	Name     string
	Labels   []label
	Problems []string
	Parts    []piece // of the bar of outcomes
	Models   []model
	All      bulk.Tokens // of all models
	Tools    []jobs.Cost
	Days     int
	Input    []piece // input tokens, by use of the prompt cache
	Estimate *priceRange
	Timeline *chart
	Listed   []Batch
	Unlisted int
	Rounds   int
	Took     time.Duration // from the start until the output was written, or now
}

type (
	stack struct {
		Name  string
		Parts []piece

		Legend bool // below it
	}
	reasons struct {
		Name    string
		Reasons Reasons
	}
)

type label struct{ Name, Value string }

// A model is the usage of a model over all days.
type model struct {
	Name   string
	Tokens bulk.Tokens
	Cost   bulk.Money
	Part   float64 // percentage of the cost of all models
}

// HitRate returns the percentage of reads among the tokens that were read from or written to the prompt cache; -1 if there
// are none.
func (m *model) HitRate() float64 {
	all := m.Tokens.CacheRead + m.Tokens.CacheWrite5m + m.Tokens.CacheWrite1h
	if all == 0 {
		return -1
	}
	return 100 * float64(m.Tokens.CacheRead) / float64(all)
}

func newView(j *Job, now time.Time) *view {
	o := j.Outcomes
	v := &view{
		Job: j, Name: j.Directory, Problems: problems(j, now), Estimate: estimate(j), Timeline: timeline(j.Batches, now),
		Listed: j.Batches, Rounds: len(j.Status.Rounds), Took: now.Sub(j.Status.Begun),
		Parts: parts(
			piece{Class: "good", Name: "answered", Count: o.Answered}, piece{Class: "odd", Name: "not accepted", Count: o.Rejected},
			piece{Class: "bad", Name: "errored", Count: o.Errored}, piece{Class: "late", Name: "expired", Count: o.Expired},
			piece{Class: "late", Name: "canceled", Count: o.Canceled}, piece{Class: "bad", Name: "missing", Count: o.Missing},
			piece{Class: "open", Name: "open", Count: o.Open}),
	}
	if j.Done != nil {
		v.Took = j.Done.Done.Sub(j.Status.Begun)
	}
	if len(v.Listed) > mostListed {
		v.Unlisted = len(v.Listed) - mostListed
		v.Listed = v.Listed[:mostListed]
	}
	for _, name := range slices.Sorted(maps.Keys(j.Costs.Labels)) {
		v.Labels = append(v.Labels, label{name, j.Costs.Labels[name]})
	}
	v.addModels()
	return v
}

// addModels adds up the usage of models and tools over all days.
func (v *view) addModels() {
	days := make(map[string]bool)
	var most bulk.Money
	all := &v.All
	for _, row := range v.Costs.Rows {
		days[row.Day] = true
		if row.Tool != "" {
			v.Tools = append(v.Tools, row)
			continue
		}
		at := slices.IndexFunc(v.Models, func(m model) bool { return m.Name == string(row.Model) })
		if at < 0 {
			at = len(v.Models)
			v.Models = append(v.Models, model{Name: string(row.Model)})
		}
		m := &v.Models[at]
		m.Cost += row.Cost
		most = max(most, m.Cost)
		for _, to := range []*bulk.Tokens{&m.Tokens, all} {
			to.Input += row.Tokens.Input
			to.CacheRead += row.Tokens.CacheRead
			to.CacheWrite5m += row.Tokens.CacheWrite5m
			to.CacheWrite1h += row.Tokens.CacheWrite1h
			to.Output += row.Tokens.Output
			to.Thinking += row.Tokens.Thinking
		}
	}
	for i := range v.Models {
		if most > 0 {
			v.Models[i].Part = 100 * float64(v.Models[i].Cost) / float64(most)
		}
	}
	slices.SortStableFunc(v.Models, func(a, b model) int { return cmp.Compare(b.Cost, a.Cost) })
	v.Days = len(days)
	v.Input = parts(
		piece{Class: "good", Name: "read from the cache", Count: all.CacheRead},
		piece{Class: "odd", Name: "written to the cache", Count: all.CacheWrite5m + all.CacheWrite1h},
		piece{Class: "open", Name: "without the cache", Count: all.Input})
}

// problems lists what the reader should know first.
func problems(j *Job, now time.Time) (all []string) {
	say := func(ok bool, format string, args ...any) {
		if ok {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	s, c := j.Status, j.Costs
	say(s.State == "paused", "The job is paused: %s.", cli.Visible(s.Why))
	say(s.State == "rebuilding", "The job is being rebuilt: it is %s.", cli.Visible(s.Why))
	say(s.State == "running" && !s.Open, "No program is running the job. The same run command continues it.")
	say(len(s.Doubtful) > 0, "It is unknown whether the service accepted %s.", cli.Plural(int64(len(s.Doubtful)), "batch"))
	say(s.Aging > 0, "The results of %s are not stored yet, and the service deletes the first of them on %s, in %s.", cli.Plural(int64(s.Aging), "batch"), clock(s.ResultsUntil), cli.Duration(s.ResultsUntil.Sub(now)))
	say(c.Duplicates > 0, "%s was paid for requests that were sent twice.", cli.Dollars(c.Duplicates))
	say(c.Lost > 0, "About %s was paid for results that can no longer be read.", cli.Dollars(c.Lost))
	say(len(c.Unpriced) > 0, "The cost is too low: there is no price for %s.", cli.Visible(fmt.Sprint(c.Unpriced)))
	for _, note := range j.Notes {
		all = append(all, cli.Visible(note))
	}
	return all
}

// share formats a part of a whole.
func share(n, all int64) string {
	if all <= 0 {
		return "–"
	}
	p := 100 * float64(n) / float64(all)
	switch {
	case n == 0:
		return "0%"
	case p < 0.1:
		return "<0.1%"
	case p > 99.9 && n < all:
		return ">99.9%"
	case n == all:
		return "100%"
	}
	return fmt.Sprintf("%.1f%%", p)
}

// tookText returns how long a batch ran.
func tookText(b Batch) string {
	if b.Created.IsZero() || b.Ended.IsZero() {
		return "–"
	}
	return cli.Duration(b.Ended.Sub(b.Created))
}

// words returns the state of a batch, an outcome or a kind of events in words.
func words(s any) string {
	name := fmt.Sprint(s)
	text, ok := map[string]string{
		"submitting": "being sent", "doubtful": "in doubt", "unproven": "in doubt", "proven": "in progress", "ended": "to collect", "collected": "stored", "settled": "stored",
		"rejected": "not accepted", "doubt": "may have been accepted: searched for", "none": "was not accepted: resent",
		"refused": "refused by the service", "unsent": "interrupted before it was sent", "resent": "resent, although it may have been accepted",
		"failed": "create failed", "spare": "accepted twice", "orphan": "accepted twice", "unread": "results could not be read: read again",
		"damaged": "stored results were damaged: read again", "aging": "results getting old", "gone": "results deleted by the service",
		"outage": "outage",
	}[name]
	if !ok {
		return cli.Visible(name)
	}
	return text
}
