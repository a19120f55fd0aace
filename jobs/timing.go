package jobs

import (
	"fmt"
	"strings"
	"time"
)

// Timing is what the safety of creates rests on, and how often something is looked at.
type timing struct {
	prime     time.Duration // how long others wait for the batch that writes the prompt cache
	lease     time.Duration // how long an attempt is its owner's
	renew     time.Duration // how often the owner renews that
	margin    time.Duration // after its fence a body is decided upon within this time
	lag       time.Duration // after that a list shows its batch within this time
	apart     time.Duration // between two lists that show that there is no batch, so that none is left out by both
	fence     time.Duration // the longest that a fence may take
	missing   time.Duration // how long a batch is not found until it is gone
	refused   time.Duration // how long all calls are refused until the job pauses
	look      time.Duration // between two looks for a batch
	poll      time.Duration // between two polls of a batch, at most
	firstPoll time.Duration // between the first two; it grows by a quarter each time
	backoff   time.Duration // the first wait after a failure; it doubles
	most      time.Duration // the longest wait after a failure
	obey      time.Duration // between two looks for commands
	recording time.Duration // how long the outcome of a create is tried to be recorded
	skew      time.Duration // of this machine's clock, in tests
}

var realTiming = timing{
	prime:     time.Hour,
	lease:     15 * time.Minute,
	renew:     time.Minute,
	margin:    30 * time.Minute,
	lag:       10 * time.Minute,
	apart:     10 * time.Minute,
	fence:     30 * time.Second,
	missing:   30 * time.Minute,
	refused:   5 * time.Minute,
	look:      time.Minute,
	poll:      time.Minute,
	firstPoll: 2 * time.Second,
	backoff:   2 * time.Second,
	most:      5 * time.Minute,
	obey:      2 * time.Second,
	recording: time.Minute,
}

// testTiming is set by the linker in the tests that kill programs, which cannot wait for 40 minutes: durations by name.
var testTiming string

// parseTiming changes a timing: "margin=1s,lag=500ms".
func parseTiming(t timing, text string) (timing, error) {
	fields := map[string]*time.Duration{
		"prime": &t.prime, "lease": &t.lease, "renew": &t.renew, "margin": &t.margin, "lag": &t.lag, "apart": &t.apart, "fence": &t.fence, "missing": &t.missing,
		"refused": &t.refused, "look": &t.look, "poll": &t.poll, "firstpoll": &t.firstPoll, "backoff": &t.backoff, "most": &t.most, "obey": &t.obey, "recording": &t.recording, "skew": &t.skew,
	}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		d, err := time.ParseDuration(value)
		if err != nil || fields[name] == nil {
			return t, fmt.Errorf("timing %q is not a name and a duration", part)
		}
		*fields[name] = d
	}
	return t, nil
}

// wait returns the wait after a number of failures in a row.
func (t timing) wait(failures int) time.Duration {
	d := t.backoff
	for i := 1; i < failures && d < t.most; i++ {
		d *= 2
	}
	return min(d, t.most)
}

// pollAfter returns the wait after a number of polls.
func (t timing) pollAfter(polls int) time.Duration {
	d := t.firstPoll
	for i := 1; i < polls && d < t.poll; i++ {
		d += d / 4
	}
	return min(d, t.poll)
}

// A clock tells the time twice, because each may be wrong in its way: the wall clock can be set, and the other one stops
// while a machine sleeps.
type clock struct {
	wall  func() time.Time
	since func() time.Duration // since some time in this process
}

func newClock() clock {
	start := time.Now()
	return clock{
		wall:  func() time.Time { return time.Now().Round(0) },
		since: func() time.Duration { return time.Since(start) },
	}
}

// An instant is a time by both.
type instant struct {
	wall  time.Time
	since time.Duration
}

func (c clock) now() instant { return instant{c.wall(), c.since()} }

// passed returns how long it has been at least and at most since i.
func (c clock) passed(i instant) (least, most time.Duration) {
	now := c.now()
	wall, since := now.wall.Sub(i.wall), now.since-i.since
	return max(0, min(wall, since)), max(0, wall, since)
}
