package jobs

import (
	"fmt"
	"strings"
	"time"
)

// timing has the durations on which the safety of creates depends, and the intervals of polling.
type timing struct {
	prime     time.Duration // maximum wait of other batches for that of the primers
	lease     time.Duration // how long an owner has an attempt
	renew     time.Duration // how often the owner renews the lease
	margin    time.Duration // the service accepts or refuses a body within this time after the fence
	lag       time.Duration // after that, the list shows the batch within this time
	apart     time.Duration // between two lists that show no batch, so that not both omit it
	fence     time.Duration // maximum duration of a fence
	missing   time.Duration // how long a batch must not be found to be gone
	refused   time.Duration // how long all calls must be refused to pause the job
	look      time.Duration // between two searches for a batch
	poll      time.Duration // maximum between two polls of a batch
	firstPoll time.Duration // between the first two polls; it grows by a quarter each time
	backoff   time.Duration // first wait after a failure; it doubles
	most      time.Duration // longest wait after a failure
	obey      time.Duration // between two checks for commands
	recording time.Duration // how long recording the outcome of a create is retried
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

// testTiming has durations by name. Tests that kill programs, and cannot wait for 40 minutes, set it with the linker.
var testTiming string

// parseTiming returns t with the changes in text, such as "margin=1s,lag=500ms".
func parseTiming(t timing, text string) (timing, error) {
	fields := map[string]*time.Duration{
		"prime": &t.prime, "lease": &t.lease, "renew": &t.renew, "margin": &t.margin, "lag": &t.lag, "apart": &t.apart, "fence": &t.fence, "missing": &t.missing,
		"refused": &t.refused, "look": &t.look, "poll": &t.poll, "firstpoll": &t.firstPoll, "backoff": &t.backoff, "most": &t.most, "obey": &t.obey, "recording": &t.recording, "skew": &t.skew,
	}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		d, err := time.ParseDuration(value)
		if err != nil || fields[name] == nil {
			return t, fmt.Errorf("timing %q: want name=duration", part)
		}
		*fields[name] = d
	}
	return t, nil
}

// wait returns how long to wait after a number of failures in a row.
func (t timing) wait(failures int) time.Duration {
	d := t.backoff
	for i := 1; i < failures && d < t.most; i++ {
		d *= 2
	}
	return min(d, t.most)
}

// pollAfter returns how long to wait after a number of polls.
func (t timing) pollAfter(polls int) time.Duration {
	d := t.firstPoll
	for i := 1; i < polls && d < t.poll; i++ {
		d += d / 4
	}
	return min(d, t.poll)
}

// A clock combines two clocks that may be wrong in different ways: the wall clock can be set, and the monotonic one stops
// while a machine sleeps.
type clock struct {
	wall  func() time.Time
	since func() time.Duration // since an arbitrary time in this process
}

func newClock() clock {
	start := time.Now()
	return clock{
		wall:  func() time.Time { return time.Now().Round(0) },
		since: func() time.Duration { return time.Since(start) },
	}
}

// An instant is a time on both clocks.
type instant struct {
	wall  time.Time
	since time.Duration
}

func (c clock) now() instant { return instant{c.wall(), c.since()} }

// passed returns the minimum and maximum time that has passed since i.
func (c clock) passed(i instant) (least, most time.Duration) {
	now := c.now()
	wall, since := now.wall.Sub(i.wall), now.since-i.since
	return max(0, min(wall, since)), max(0, wall, since)
}
