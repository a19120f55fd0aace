package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// Dimensions of the drawings, in units of their view boxes. The page scales them.
const (
	chartWidth = 920
	plotLeft   = 76 // of it, for names of rows
	plotRight  = 12
	plotHeight = 180 // of the lines
	rowHeight  = 18  // of a batch
	mostRows   = 60  // batches that are drawn
	mostSteps  = 300 // points of a line
)

// A tick is a mark on an axis.
type tick struct {
	At    float64
	Label string
	End   bool // its label ends at the mark, because there is no room after it
}

// An axis maps times to positions.
type axis struct{ from, to time.Time }

func (a axis) at(t time.Time) float64 {
	span := a.to.Sub(a.from)
	part := float64(t.Sub(a.from)) / float64(span)
	return plotLeft + min(1, max(0, part))*(chartWidth-plotLeft-plotRight)
}

// ticks returns at most 8 marks, at whole hours, minutes or the like.
func (a axis) ticks() (ticks []tick) {
	span := a.to.Sub(a.from)
	step := 14 * 24 * time.Hour
	for _, s := range []time.Duration{
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 96 * time.Hour, 7 * 24 * time.Hour,
	} {
		if span/s < 8 {
			step = s
			break
		}
	}
	layout := "15:04"
	switch {
	case step < time.Minute:
		layout = time.TimeOnly
	case step >= 24*time.Hour:
		layout = "Jan 2"
	case span > 20*time.Hour:
		layout = "Jan 2 15:04"
	}
	for t := a.from.Truncate(step); !t.After(a.to) && len(ticks) < 10; t = t.Add(step) {
		if t.Before(a.from) {
			continue
		}
		at := a.at(t)
		ticks = append(ticks, tick{at, t.Format(layout), at > chartWidth-60})
	}
	return ticks
}

// A bar is a batch of the timeline.
type bar struct {
	*Batch
	Y          float64
	Run, Width float64 // start and length, until it ended or now
	Store      float64 // length after that, until its results were stored
	Running    bool
	Title      string // the batch in words
}

// A chart shows when batches were created, ended and collected.
type chart struct {
	Width, Height float64
	Top, Bottom   float64 // of the plot
	Left, Right   float64
	From, To      time.Time
	Ticks         []tick

	Lines []curve // requests over time
	Most  int64   // at the top of the plot

	Bars []bar
	More int // batches that are not drawn
	Rows float64
}

// A curve is a growing number of requests.
type curve struct {
	Name   string
	Class  string
	Points string // of a polyline
}

// timeline draws the batches that the service has accepted. It returns nil if there are none.
func timeline(batches []Batch, now time.Time) *chart {
	var all []*Batch
	var a axis
	for i := range batches {
		b := &batches[i]
		if b.Created.IsZero() {
			continue
		}
		all = append(all, b)
		if a.from.IsZero() || b.Created.Before(a.from) {
			a.from = b.Created
		}
		for _, t := range []time.Time{b.Created, b.Ended, b.Collected} {
			if t.After(a.to) {
				a.to = t
			}
		}
		if b.Ended.IsZero() && b.Collected.IsZero() && isAtService(b) && now.After(a.to) {
			a.to = now
		}
	}
	if len(all) == 0 {
		return nil
	}
	if a.to.Sub(a.from) < time.Second {
		a.to = a.from.Add(time.Second)
	}
	t := &chart{
		Width: chartWidth, Top: 10, Bottom: 10 + plotHeight, Height: plotHeight + 36, Left: plotLeft, Right: chartWidth - plotRight,
		From: a.from, To: a.to, Ticks: a.ticks(),
	}
	t.draw(all, a)
	t.rows(all, a, now)
	return t
}

func isAtService(b *Batch) bool { return b.State == "proven" || b.State == "unproven" }

// draw draws how many requests were created, ended and collected up to each moment.
func (t *chart) draw(all []*Batch, a axis) {
	for _, b := range all {
		t.Most += int64(b.Requests)
	}
	for _, l := range []struct {
		name, class string
		when        func(*Batch) time.Time
	}{
		{"created", "sent", func(b *Batch) time.Time { return b.Created }},
		{"ended", "ended", func(b *Batch) time.Time { return b.Ended }},
		{"results stored", "stored", func(b *Batch) time.Time { return b.Collected }},
	} {
		t.Lines = append(t.Lines, curve{l.name, l.class, t.steps(all, a, l.when)})
	}
}

// steps returns the points of a line that rises with each batch.
func (t *chart) steps(all []*Batch, a axis, when func(*Batch) time.Time) string {
	var some []*Batch
	for _, b := range all {
		if !when(b).IsZero() {
			some = append(some, b)
		}
	}
	if len(some) == 0 {
		return ""
	}
	slices.SortStableFunc(some, func(x, y *Batch) int { return when(x).Compare(when(y)) })
	n, y := int64(0), t.Bottom
	points := fmt.Appendf(nil, "%.1f,%.1f", float64(plotLeft), y)
	every := max(1, (len(some)+mostSteps-1)/mostSteps)
	for i, b := range some {
		n += int64(b.Requests)
		if i%every != 0 && i != len(some)-1 {
			continue
		}
		x := a.at(when(b))
		points = fmt.Appendf(points, " %.1f,%.1f", x, y)
		y = t.Bottom - float64(n)/float64(max(1, t.Most))*plotHeight
		points = fmt.Appendf(points, " %.1f,%.1f", x, y)
	}
	return string(fmt.Appendf(points, " %.1f,%.1f", t.Right, y))
}

// rows draws a row for each batch; if there are too many, for those that took longest.
func (t *chart) rows(all []*Batch, a axis, now time.Time) {
	if t.More = len(all) - mostRows; t.More > 0 {
		all = slices.Clone(all)
		slices.SortStableFunc(all, func(x, y *Batch) int { return cmp.Compare(took(y, now), took(x, now)) })
		all = all[:mostRows]
		slices.SortFunc(all, func(x, y *Batch) int { return cmp.Compare(x.Seq, y.Seq) })
	}
	t.More = max(0, t.More)
	for i, b := range all {
		end := b.Ended
		running := end.IsZero() && b.Collected.IsZero() && isAtService(b)
		switch {
		case running:
			end = a.to
		case end.IsZero():
			end = b.Collected
		}
		if end.Before(b.Created) {
			end = b.Created
		}
		x := a.at(b.Created)
		drawn := bar{Batch: b, Y: float64(10 + i*rowHeight), Run: x, Width: max(2, a.at(end)-x), Running: running, Title: b.text()}
		if b.Collected.After(end) {
			drawn.Store = a.at(b.Collected) - drawn.Run - drawn.Width
		}
		drawn.Store = max(0, drawn.Store)
		t.Bars = append(t.Bars, drawn)
	}
	t.Rows = float64(10 + len(all)*rowHeight)
}

// took returns how long a batch ran.
func took(b *Batch, now time.Time) time.Duration {
	switch {
	case b.Created.IsZero():
		return 0
	case b.Ended.IsZero():
		return now.Sub(b.Created)
	}
	return b.Ended.Sub(b.Created)
}

// text describes a batch in words.
func (b *Batch) text() string {
	text := fmt.Sprintf("Batch %d, %s, created %s", b.Seq, cli.Plural(int64(b.Requests), "request"), clock(b.Created))
	if b.Ended.IsZero() {
		text += ", not ended"
	} else {
		text += ", ended after " + cli.Duration(b.Ended.Sub(b.Created))
	}
	if !b.Collected.IsZero() {
		text += ", stored " + clock(b.Collected)
	}
	return text
}

// clock formats a time.
func clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// A priceRange is an estimate and the actual cost.
type priceRange struct {
	Low, Expected, High, Actual float64 // places
	Ticks                       []tick
	Text                        string
}

// estimate draws the estimate and the actual cost of batches. It returns nil if there is nothing to compare.
func estimate(j *Job) *priceRange {
	e, actual := j.Costs.Estimated, j.Costs.Actual-j.Costs.Duplicates
	most := max(e.High, actual)
	if e.High == 0 || most <= 0 {
		return nil
	}
	at := func(m bulk.Money) float64 { return 12 + float64(m)/float64(most)*(chartWidth-24) }
	r := &priceRange{
		Low: at(e.Low), Expected: at(e.Expected), High: at(e.High), Actual: at(actual),
		Text: fmt.Sprintf("Estimated %s, between %s and %s. Cost %s.", cli.Dollars(e.Expected), cli.Dollars(e.Low), cli.Dollars(e.High), cli.Dollars(actual)),
	}
	step := bulk.Money(1)
	for i := 0; most/step > 6; i++ { // 1, 2, 5, 10, 20, 50 and so on
		if step *= 2; i%3 == 1 {
			step = step / 4 * 5
		}
	}
	for m := bulk.Money(0); m <= most; m += step {
		r.Ticks = append(r.Ticks, tick{at(m), cli.Dollars(m), at(m) > chartWidth-40})
	}
	return r
}

// A piece is a part of a stacked bar.
type piece struct {
	Class    string
	Name     string
	Count    int64
	X, Width float64 // of 1000
}

// parts divides a stacked bar.
func parts(all ...piece) (some []piece) {
	sum, x := int64(0), 0.0
	for _, p := range all {
		sum += p.Count
	}
	for _, p := range all {
		if p.Count <= 0 {
			continue
		}
		p.X, p.Width = x, 1000*float64(p.Count)/float64(sum)
		x += p.Width
		some = append(some, p)
	}
	return some
}
