package live

import (
	"fmt"
	"maps"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
)

// A Record is the result of a run.
type Record struct {
	// Began and Took are when the script began, by our clock, and how long it took, including the cleanup.
	Began time.Time
	Took  time.Duration

	run             *run
	censor          censor
	contractDiffers []string
	fakeDiffers     []string
	notCompared     string // why the fake was not compared, or ""
}

// Failed returns why the run is not a success: failed steps, differences from the contract, and batches left behind.
func (r *Record) Failed() (reasons []string) {
	for _, s := range r.run.steps {
		if s.err != nil {
			reasons = append(reasons, r.censor.text(fmt.Sprintf("step %s failed: %v", s.name, s.err)))
		}
	}
	if n := len(r.contractDiffers); n > 0 {
		reasons = append(reasons, count(n, "difference")+" from the contract")
	}
	for _, left := range r.run.left {
		reasons = append(reasons, r.censor.text("left behind: "+left))
	}
	return reasons
}

// origin is the public origin of the service.
const origin = "https://api.anthropic.com"

// Markdown returns the record as a document. It holds no secrets, and IDs of organizations and workspaces are shortened.
func (r *Record) Markdown() string {
	w := &writer{censor: r.censor}
	w.line("# Live run of %s", r.Began.UTC().Format(time.DateOnly))
	w.line("")
	r.writeSummary(w)
	w.list("Differences from the contract, and from what package client allows for", "None.", r.contractDiffers)
	none := "None."
	if r.notCompared != "" {
		none = "Not compared: " + r.notCompared + "."
	}
	w.list("Differences from the fake", none, r.fakeDiffers)
	r.writeMeasurements(w)
	r.writeSteps(w)
	r.writeHeaders(w)
	r.writeCleanup(w)
	return w.String()
}

func (r *Record) writeSummary(w *writer) {
	at := r.run.base
	if u, err := url.Parse(at); err == nil {
		at = u.Scheme + "://" + u.Host
	}
	what := "the service"
	if at != origin {
		what = "which is not the service: this proves nothing about it"
	}
	w.line("Made by `make live`. The script ran against %s, %s.", w.code(at), what)
	w.line("")
	w.line("- Began %s and took %s.", r.Began.UTC().Format(time.RFC3339), took(r.Took))
	w.line("- messagebatches %s, %s, model %s.", client.Version, runtime.Version(), w.code(string(model)))
	bound, requests, day, err := Price()
	cost, costErr := r.run.totals.Cost(prices)
	switch {
	case err != nil || costErr != nil:
		w.line("- The cost is not known: %s", w.code(fmt.Sprint(err, costErr)))
	default:
		w.line("- Results cost $%s, of at most $%s for all %d requests, at list prices of %s.", cost, bound, requests, day)
	}
	failed, skipped := 0, 0
	for _, s := range r.run.steps {
		if s.err != nil {
			failed++
		}
		if s.skipped != "" {
			skipped++
		}
	}
	w.line("- %s, of which %d failed and %d were skipped.", count(len(r.run.steps), "step"), failed, skipped)
}

func (r *Record) writeMeasurements(w *writer) {
	exchanges := r.run.recorder.of("")
	w.section("Measured")
	w.line("| what | measured | the client allows for |")
	w.line("|---|---|---|")
	for _, m := range r.run.created {
		if m.step != "create" {
			continue
		}
		w.line("| Time until list shows a new batch, after the response to create | %s | %s |", listLag(exchanges, m), longestLag)
		found, later := getLag(exchanges, m)
		w.line("| Time until get finds it | %s | %s |", found, longestMissing)
		w.line("| Passing 404s of get after that | %d | any |", later)
	}
	date, created := dateOffset(exchanges), createdOffset(exchanges)
	w.line("| Clock of the Date headers, ahead of ours | %s | any |", date)
	w.line("| Clock of created_at, ahead of ours | %s | any |", created)
	if date.n > 0 && created.n > 0 {
		w.line("| Distance of these two clocks | at least %s | %s |", took(date.distance(created)), clockMargin)
	}
}

// String returns how long the batch was missing.
func (l lag) String() string {
	switch {
	case !l.shown && l.polls == 0:
		return "not measured"
	case !l.shown:
		return fmt.Sprintf("more than %s, in %s", took(l.min), count(l.polls, "call"))
	case l.polls == 0:
		return fmt.Sprintf("at most %s, in the first call", took(l.max))
	}
	return fmt.Sprintf("more than %s, at most %s, after %s without it", took(l.min), took(l.max), count(l.polls, "call"))
}

// String returns the bounds of the offset.
func (o offset) String() string {
	switch {
	case o.n == 0:
		return "not measured"
	case !o.agree:
		return fmt.Sprintf("%s to %s: the %s disagree", took(o.min), took(o.max), count(o.n, "response"))
	}
	return fmt.Sprintf("%s to %s, from %s", took(o.min), took(o.max), count(o.n, "response"))
}

func (r *Record) writeSteps(w *writer) {
	w.section("Steps")
	w.line("Times are those of the whole step. A call's time ends with the last byte of its response.")
	w.line("")
	w.line("| step | result | took | calls: statuses | slowest call | last request-id |")
	w.line("|---|---|---|---|---|---|")
	for _, s := range r.run.steps {
		result := make([]string, 0, len(s.saw)+1)
		for _, saw := range s.saw {
			result = append(result, w.code(saw))
		}
		switch {
		case s.err != nil:
			result = append(result, "**failed**: "+w.code(s.err.Error()))
		case s.skipped != "":
			result = append(result, "skipped: "+w.code(s.skipped))
		}
		w.line("| **%s**: %s | %s | %s | %s |", s.name, s.what, strings.Join(result, "<br>"), took(s.took), w.calls(r.run.recorder.of(s.name)))
	}
	w.line("| **cleanup** | | | %s |", w.calls(r.run.recorder.of("cleanup")))
}

// calls returns the last three cells of a step.
func (w *writer) calls(exchanges []*exchange) string {
	if len(exchanges) == 0 {
		return "0 | | "
	}
	var statuses []string
	numbers := make(map[string]int)
	var slowest time.Duration
	id := ""
	for _, e := range exchanges {
		status := fmt.Sprint(e.status)
		if e.status == 0 {
			status = "no response"
		}
		if numbers[status]++; numbers[status] == 1 {
			statuses = append(statuses, status)
		}
		slowest = max(slowest, e.ended.Sub(e.began))
		if got := e.header.Get("request-id"); got != "" {
			id = w.code(got)
		}
	}
	for i, status := range statuses {
		if n := numbers[status]; n > 1 {
			statuses[i] = fmt.Sprintf("%d x %s", n, status)
		}
	}
	return fmt.Sprintf("%d: %s | %s | %s", len(exchanges), strings.Join(statuses, ", "), took(slowest), id)
}

func (r *Record) writeHeaders(w *writer) {
	type seen struct {
		calls  map[string]bool
		values []string
	}
	headers := make(map[string]*seen)
	protocols := make(map[string]bool)
	for _, e := range r.run.recorder.of("") {
		if e.status != 0 {
			protocols[e.proto] = true
		}
		for name, values := range e.header {
			name = strings.ToLower(name)
			if headers[name] == nil {
				headers[name] = &seen{calls: make(map[string]bool)}
			}
			h := headers[name]
			h.calls[fmt.Sprint(e.status)] = true
			if value := w.header(name, strings.Join(values, ", ")); !slices.Contains(h.values, value) {
				h.values = append(h.values, value)
			}
		}
	}
	w.section("Headers of responses")
	w.line("Protocols: %s.", w.code(strings.Join(slices.Sorted(maps.Keys(protocols)), ", ")))
	w.line("")
	w.line("| header | statuses | values |")
	w.line("|---|---|---|")
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		h := headers[name]
		value := h.values[0]
		if n := len(h.values); n > 1 {
			value = fmt.Sprintf("%d, such as %s", n, h.values[n-1])
		}
		w.line("| %s | %s | %s |", w.code(name), strings.Join(slices.Sorted(maps.Keys(h.calls)), ", "), value)
	}
}

// header returns the value of a header, unless it may be secret or identify us.
func (w *writer) header(name, value string) string {
	for _, part := range []string{"cookie", "auth", "token", "secret", "session", "key", "credential", "user", "account"} {
		if strings.Contains(name, part) && !strings.HasPrefix(name, "anthropic-ratelimit-") {
			return fmt.Sprintf("(%s, not shown)", count(len(value), "byte"))
		}
	}
	if strings.Contains(name, "organization-id") || strings.Contains(name, "workspace-id") {
		value = shorten(value)
	}
	return w.code(value)
}

func (r *Record) writeCleanup(w *writer) {
	w.section("Batches")
	for _, m := range r.run.created {
		state := "deleted"
		if !m.deleted {
			state = "**not deleted**"
		}
		w.line("- %s, of step %s: %s.", w.code(m.id), m.step, state)
	}
	if len(r.run.created) == 0 {
		w.line("None was created.")
	}
	for _, left := range r.run.left {
		w.line("- Left behind: %s", w.code(left))
	}
}

// A writer writes Markdown.
type writer struct {
	strings.Builder
	censor
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (w *writer) section(title string) { w.line("\n## %s\n", title) }

// list writes a section with one item per line.
func (w *writer) list(title, none string, items []string) {
	w.section(title)
	for _, item := range items {
		w.line("- %s", strings.ReplaceAll(w.text(item), "<", "&lt;"))
	}
	if len(items) == 0 {
		w.line("%s", none)
	}
}
