package client

import (
	"net/http"
	"sync"
	"time"
)

// A ClockOffset says how far the service's clock is ahead of this machine's: between Min and Max, which are negative if it
// is behind. The zero value means that no difference is known.
type ClockOffset struct {
	// Min and Max bound the offset.
	Min, Max time.Duration

	// Known reports that the offset follows from the created_at of a batch. The Date headers of responses may come from
	// another clock, for example a gateway's.
	Known bool
}

// A clock learns the offset of the service's clock from its responses. It is safe for concurrent use.
type clock struct {
	mu      sync.Mutex
	date    *time.Duration // by the last Date header
	created *ClockOffset   // by the last batch that was created
}

// seeDate notes the Date of a response that has just arrived, to a call that began at the given time.
func (c *clock) seeDate(h http.Header, began time.Time) {
	now := time.Now()
	if now.Sub(began) > time.Minute || h.Get("age") != "" {
		return // it may have been written long ago, or by a cache
	}
	if date, err := http.ParseTime(h.Get("date")); err == nil {
		ahead := date.Sub(now)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.date = &ahead
	}
}

// seeCreated notes the created_at of a batch that was created between two times of this machine.
func (c *clock) seeCreated(created, began, ended time.Time) {
	if created.IsZero() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.created = &ClockOffset{Min: created.Sub(ended), Max: created.Sub(began), Known: true}
}

// offset returns the offset that covers everything learned: where Date and created_at disagree, it spans both.
func (c *clock) offset() ClockOffset {
	c.mu.Lock()
	defer c.mu.Unlock()
	var o ClockOffset
	if c.created != nil {
		o = *c.created
	}
	if c.date != nil {
		o.Min, o.Max = min(o.Min, *c.date), max(o.Max, *c.date)
	}
	return o
}
