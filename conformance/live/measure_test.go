package live

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestMeasurements uses a service that is late or whose clocks differ: the figures must be in the record.
func TestMeasurements(t *testing.T) {
	t.Parallel()
	contains := func(o offset, d time.Duration) bool {
		return o.agree && o.min <= d && d <= o.max && o.max-o.min <= time.Second
	}
	encloses := func(l lag, d time.Duration) bool {
		return l.shown && l.polls > 0 && l.min < d && d <= l.max && l.max-l.min < d/2
	}
	for name, tt := range map[string]struct {
		options []batchtest.Option
		prepare func(*batchtest.Service)
		check   func(exchanges []*exchange, m made) (figure string, ok bool)
		differs []string
	}{
		"list/at once": {check: func(all []*exchange, m made) (string, bool) {
			l := listLag(all, m)
			return "| " + l.String() + " | 10m0s |", l.shown && l.polls == 0 && l.String() == "at most 0s, in the first call"
		}},
		"list/late": {options: []batchtest.Option{batchtest.WithListLag(7 * time.Second)}, check: func(all []*exchange, m made) (string, bool) {
			l := listLag(all, m)
			return "| " + l.String() + " | 10m0s |", encloses(l, 7*time.Second)
		}},
		"list/too late": {
			options: []batchtest.Option{batchtest.WithListLag(11 * time.Minute)},
			check: func(all []*exchange, m made) (string, bool) {
				l := listLag(all, m)
				return "| more than 10m", !l.shown && l.min > 9*time.Minute
			},
			differs: []string{"a new batch was not listed for 10m"},
		},
		"get/at once": {check: func(all []*exchange, m made) (string, bool) {
			l, later := getLag(all, m)
			return "| Passing 404s of get after that | 0 |", l.shown && l.polls == 0 && later == 0
		}},
		"get/late": {options: []batchtest.Option{batchtest.WithGetLag(3 * time.Second)}, check: func(all []*exchange, m made) (string, bool) {
			l, later := getLag(all, m)
			return "| " + l.String() + " | 5m0s |", encloses(l, 3*time.Second) && later == 0
		}},
		"get/passing 404s": {
			prepare: func(s *batchtest.Service) {
				gone := batchtest.Fail(404, "not_found_error", "Not found.")
				s.Inject(batchtest.Get, nil, gone, nil, gone)
			},
			check: func(all []*exchange, m made) (string, bool) {
				l, later := getLag(all, m)
				return "| Passing 404s of get after that | 2 |", l.polls == 0 && later == 2
			},
		},
		"clock/same": {check: func(all []*exchange, _ made) (string, bool) {
			return "| Clock of created_at, ahead of ours | 0s to 0s, from 2 responses |", contains(dateOffset(all), 0)
		}},
		"clock/Date ahead": {options: []batchtest.Option{batchtest.WithDateOffset(90 * time.Second)}, check: func(all []*exchange, _ made) (string, bool) {
			o := dateOffset(all)
			return "| Clock of the Date headers, ahead of ours | " + o.String(), contains(o, 90*time.Second)
		}},
		"clock/service behind": {prepare: func(s *batchtest.Service) { s.Advance(-45 * time.Second) }, check: func(all []*exchange, _ made) (string, bool) {
			return "| Clock of created_at, ahead of ours | -45s to -45s, from 2 responses |", contains(dateOffset(all), -45*time.Second) && contains(createdOffset(all), -45*time.Second)
		}},
		"clock/apart": {
			options: []batchtest.Option{batchtest.WithDateOffset(10 * time.Minute)},
			check: func([]*exchange, made) (string, bool) {
				return "| Distance of these two clocks | at least 10m0s | 2m0s |", true
			},
			differs: []string{"the clocks of Date and of created_at are 10m0s apart, the client allows for 2m0s"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, tt.options...)
				if tt.prepare != nil {
					tt.prepare(s)
				}
				r := runOn(t, s)
				main := r.run.created[0]
				figure, ok := tt.check(r.run.recorder.of(""), main)
				if text := r.Markdown(); !ok || !strings.Contains(text, figure) {
					t.Errorf("%q is wrong, or not in the record:\n%s", figure, text)
				}
				if len(r.contractDiffers) != len(tt.differs) || len(tt.differs) > 0 && !strings.HasPrefix(r.contractDiffers[0], tt.differs[0]) {
					t.Errorf("differences from the contract: %q, want %q", r.contractDiffers, tt.differs)
				}
				if left := s.Batches(); len(left) != 0 {
					t.Errorf("left behind: %+v", left)
				}
			})
		})
	}
}

// TestOffset combines bounds of an offset.
func TestOffset(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		bounds [][2]time.Duration
		want   string
	}{
		"none":     {nil, "not measured"},
		"one":      {[][2]time.Duration{{1e9, 3e9}}, "1s to 3s, from 1 response"},
		"narrower": {[][2]time.Duration{{1e9, 3e9}, {2e9, 4e9}}, "2s to 3s, from 2 responses"},
		"disagree": {[][2]time.Duration{{1e9, 2e9}, {5e9, 6e9}, {2e9, 4e9}}, "1s to 6s: the 3 responses disagree"},
	} {
		var o offset
		for _, b := range tt.bounds {
			o.add(b[0], b[1])
		}
		if o.String() != tt.want {
			t.Errorf("%s: got %s, want %s", name, o, tt.want)
		}
	}
}
