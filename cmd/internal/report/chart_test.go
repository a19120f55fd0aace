package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

// TestTimeline draws jobs of a second to a month, with running batches, and checks that everything is inside the drawing.
func TestTimeline(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 29, 22, 17, 3, 0, time.UTC)
	for _, tt := range []struct {
		batches, running int
		span             time.Duration
	}{
		{1, 0, 0}, {1, 1, time.Second}, {3, 1, 40 * time.Second}, {20, 5, 17 * time.Minute}, {60, 0, 3 * time.Hour}, {61, 61, 24 * time.Hour}, {1000, 10, 29 * 24 * time.Hour}, {2, 0, 400 * 24 * time.Hour},
	} {
		t.Run(fmt.Sprint(tt.batches, tt.span), func(t *testing.T) {
			t.Parallel()
			now := began.Add(tt.span + time.Second)
			batches := []Batch{{BatchStatus: jobs.BatchStatus{Seq: 1, State: "planned", Requests: 5}}}
			for i := range tt.batches {
				b := Batch{BatchStatus: jobs.BatchStatus{Seq: int64(i + 2), State: "settled", Requests: 10, Created: began.Add(tt.span * time.Duration(i) / time.Duration(2*tt.batches))}}
				if i < tt.running {
					b.State = "proven"
				} else {
					b.Ended = b.Created.Add(tt.span / 2)
					b.Collected = b.Ended.Add(tt.span / 100)
				}
				batches = append(batches, b)
			}
			x := timeline(batches, now)
			if x.Most != int64(10*tt.batches) || len(x.Bars) != min(tt.batches, mostRows) || x.More != max(0, tt.batches-mostRows) {
				t.Errorf("%d requests, %d bars, %d more", x.Most, len(x.Bars), x.More)
			}
			if len(x.Ticks) > 10 || tt.span > 0 && len(x.Ticks) < 1 {
				t.Errorf("ticks: %+v", x.Ticks)
			}
			for _, tick := range x.Ticks {
				if tick.At < x.Left || tick.At > x.Right {
					t.Errorf("outside: %+v", tick)
				}
			}
			for i, b := range x.Bars {
				if b.Run < x.Left || b.Width < 2 || b.Store < 0 || b.Run+b.Width+b.Store > x.Right+2 || i > 0 && b.Y <= x.Bars[i-1].Y || b.Y > x.Rows {
					t.Errorf("outside: %+v", b)
				}
			}
			for _, l := range x.Lines {
				if n := strings.Count(l.Points, " "); n > 2*mostSteps+4 || strings.ContainsAny(l.Points, "NI-") {
					t.Errorf("%s: %d points: %.100s", l.Name, n, l.Points)
				}
			}
		})
	}
	if x := timeline([]Batch{{}}, began); x != nil {
		t.Errorf("no batch was accepted: %+v", x)
	}
}

// TestEstimate checks that the marks of amounts are few and inside the drawing.
func TestEstimate(t *testing.T) {
	t.Parallel()
	for _, most := range []bulk.Money{1, 7, 1_000, 18_150_000_000, 1e15} {
		j := &Job{Costs: &jobs.Costs{Actual: most, Estimated: price.Costs{Low: most / 4, Expected: most / 2, High: most}}}
		r := estimate(j)
		if r == nil || len(r.Ticks) < 1 || len(r.Ticks) > 7 || r.Low > r.Expected || r.Expected > r.High || r.High > chartWidth || r.Actual != r.High {
			t.Errorf("%d: %+v", most, r)
		}
	}
	if r := estimate(&Job{Costs: &jobs.Costs{}}); r != nil {
		t.Errorf("there is nothing to compare: %+v", r)
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	for want, tt := range map[string][2]int64{"0%": {0, 5}, "100%": {5, 5}, "<0.1%": {1, 10_000}, ">99.9%": {9_999, 10_000}, "98.7%": {592, 600}, "–": {0, 0}} {
		if got := share(tt[0], tt[1]); got != want {
			t.Errorf("%v is %s, want %s", tt, got, want)
		}
	}
}
