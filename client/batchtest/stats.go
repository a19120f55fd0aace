package batchtest

import (
	"maps"
	"time"
)

// Stats are the counters of a service. They are complete even with [WithoutHistory]. With [OpenState] they continue
// those of the last service with the directory.
type Stats struct {
	Calls map[Op]int `json:"calls"` // calls of each operation, admitted or not

	// CallsPerMinute is the most calls in one calendar minute of the service's clock.
	CallsPerMinute int `json:"calls_per_minute"`

	// WholeBodies is the number of create calls that sent their whole body, Creates that of accepted batches, and
	// Requests that of their requests. If a program sends each batch once and none is refused, WholeBodies equals
	// Creates.
	WholeBodies int `json:"whole_bodies"`
	Creates     int `json:"creates"`
	Requests    int `json:"requests"`

	// Faults is how many calls have met each fault of [Faults], by name.
	Faults map[string]int `json:"faults"`

	// PeakWaiting is the most requests that waited for their batches to end at one time, by organization.
	PeakWaiting map[string]int64 `json:"peak_waiting"`
}

// Stats returns the current counters.
func (s *Service) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := s.stats.Stats
	stats.Calls, stats.Faults, stats.PeakWaiting = maps.Clone(stats.Calls), maps.Clone(stats.Faults), maps.Clone(stats.PeakWaiting)
	return stats
}

// A counter keeps the Stats of a service.
type counter struct {
	Stats
	minute minute // the current one
}

// restore continues from earlier counts.
func (c *counter) restore(s Stats) {
	maps.Copy(c.Calls, s.Calls)
	maps.Copy(c.Faults, s.Faults)
	maps.Copy(c.PeakWaiting, s.PeakWaiting)
	s.Calls, s.Faults, s.PeakWaiting = c.Calls, c.Faults, c.PeakWaiting
	c.Stats = s
}

// called counts a call.
func (c *counter) called(op Op, now time.Time) {
	c.Calls[op]++
	if begins := now.Truncate(time.Minute); !c.minute.begins.Equal(begins) {
		c.minute = minute{begins: begins}
	}
	c.minute.calls++
	c.CallsPerMinute = max(c.CallsPerMinute, c.minute.calls)
}

// read counts a call whose whole body has been read.
func (c *counter) read(op Op) {
	if op == Create {
		c.WholeBodies++
	}
}

// accept counts an accepted batch. Waiting is how many requests of its organization wait now.
func (c *counter) accept(r *record, waiting int64) {
	c.Creates++
	c.Requests += r.Requests
	c.PeakWaiting[r.Organization] = max(c.PeakWaiting[r.Organization], waiting)
}
