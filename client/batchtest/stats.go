package batchtest

import (
	"maps"
	"time"
)

// Stats are counts of what happened to a service, which also a service that forgets keeps, see [WithoutHistory]. With
// [OpenState] they go on where the last service with the directory ended.
type Stats struct {
	Calls map[Op]int `json:"calls"` // calls of each operation, whether they were admitted or not

	// CallsPerMinute is the most calls in one minute of the service's clock, that of an hour's 60 minutes.
	CallsPerMinute int `json:"calls_per_minute"`

	// WholeBodies is how many create calls have sent their whole body, and Creates how many batches were accepted, with
	// all their Requests. A program that creates once has as many of the first as of the second, unless it was refused.
	WholeBodies int `json:"whole_bodies"`
	Creates     int `json:"creates"`
	Requests    int `json:"requests"`

	// Faults is how many calls have met each fault of the list that [Faults] returns.
	Faults map[string]int `json:"faults"`

	// PeakWaiting is the most requests that waited for their batches to end at one time, by organization.
	PeakWaiting map[string]int64 `json:"peak_waiting"`
}

// Stats returns them as they are now.
func (s *Service) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := s.stats.Stats
	stats.Calls, stats.Faults, stats.PeakWaiting = maps.Clone(stats.Calls), maps.Clone(stats.Faults), maps.Clone(stats.PeakWaiting)
	return stats
}

// A counter counts.
type counter struct {
	Stats
	minute minute // the current one
}

// restore goes on from earlier counts.
func (c *counter) restore(s Stats) {
	maps.Copy(c.Calls, s.Calls)
	maps.Copy(c.Faults, s.Faults)
	maps.Copy(c.PeakWaiting, s.PeakWaiting)
	s.Calls, s.Faults, s.PeakWaiting = c.Calls, c.Faults, c.PeakWaiting
	c.Stats = s
}

// called counts a call that begins.
func (c *counter) called(op Op, now time.Time) {
	c.Calls[op]++
	if begins := now.Truncate(time.Minute); !c.minute.begins.Equal(begins) {
		c.minute = minute{begins: begins}
	}
	c.minute.calls++
	c.CallsPerMinute = max(c.CallsPerMinute, c.minute.calls)
}

// read counts a call whose body has been read whole.
func (c *counter) read(op Op) {
	if op == Create {
		c.WholeBodies++
	}
}

// accept counts a batch. Waiting is how many requests of its organization wait now.
func (c *counter) accept(r *record, waiting int64) {
	c.Creates++
	c.Requests += r.Requests
	c.PeakWaiting[r.Organization] = max(c.PeakWaiting[r.Organization], waiting)
}
