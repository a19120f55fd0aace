package live

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// What package client expects from the service according to its documentation.
const (
	longestLag     = 10 * time.Minute // until a new batch is listed: Candidates
	longestMissing = 5 * time.Minute  // until a new batch is no longer reported as 404: Get
	clockMargin    = 2 * time.Minute  // between the service's clocks: Candidates
)

// A lag is how long a batch was missing after the response to its create: more than min, at most max.
type lag struct {
	min, max time.Duration
	polls    int // number of polls without it
	shown    bool
}

// listLag measures how long list lacked a batch, in the steps that listed the newest batches.
func listLag(exchanges []*exchange, m made) (l lag) {
	id, _ := json.Marshal(m.id)
	for _, e := range exchanges {
		switch {
		case e.step != "watch" || e.op != opList || e.status != http.StatusOK || e.began.Before(m.ended):
		case bytes.Contains(e.body, id):
			l.max, l.shown = e.ended.Sub(m.ended), true
			return l
		default:
			l.polls++
			l.min = e.began.Sub(m.ended)
		}
	}
	return l
}

// getLag measures how long get did not find a batch, and counts the 404s that came after it had been found.
func getLag(exchanges []*exchange, m made) (l lag, later int) {
	for _, e := range exchanges {
		switch {
		case e.step != "watch" && e.step != "wait" || e.op != opGet || e.began.Before(m.ended):
		case e.status == http.StatusOK && !l.shown:
			l.max, l.shown = e.ended.Sub(m.ended), true
		case e.status == http.StatusNotFound && l.shown:
			later++
		case e.status == http.StatusNotFound:
			l.polls++
			l.min = e.began.Sub(m.ended)
		}
	}
	return l, later
}

// unexpected returns observations that package client does not allow for.
func unexpected(r *run) (differences []string) {
	exchanges := r.recorder.of("")
	for _, m := range r.created {
		if m.step != "create" {
			continue
		}
		if l := listLag(exchanges, m); l.min > longestLag {
			differences = append(differences, fmt.Sprintf("a new batch was not listed for %s, the client allows for %s", took(l.min), longestLag))
		}
		if l, _ := getLag(exchanges, m); l.min > longestMissing {
			differences = append(differences, fmt.Sprintf("a new batch was not found for %s, the client allows for %s", took(l.min), longestMissing))
		}
	}
	date, created := dateOffset(exchanges), createdOffset(exchanges)
	if d := date.distance(created); date.n > 0 && created.n > 0 && d > clockMargin {
		differences = append(differences, fmt.Sprintf("the clocks of Date and of created_at are %s apart, the client allows for %s", took(d), clockMargin))
	}
	return differences
}

// An offset is how far the service's clock is ahead of ours.
type offset struct {
	min, max time.Duration
	n        int  // number of responses measured
	agree    bool // one offset explains all of them; otherwise min and max span them
}

// add adds a response, according to which the offset is between least and most.
func (o *offset) add(least, most time.Duration) {
	if o.n++; o.n == 1 {
		*o = offset{least, most, 1, true}
		return
	}
	if o.agree && max(o.min, least) <= min(o.max, most) {
		o.min, o.max = max(o.min, least), min(o.max, most)
		return
	}
	o.agree = false
	o.min, o.max = min(o.min, least), max(o.max, most)
}

// distance returns the smallest distance between two offsets.
func (o offset) distance(p offset) time.Duration {
	return max(0, o.min-p.max, p.min-o.max)
}

// dateOffset measures the clock of the Date headers, in whole seconds.
func dateOffset(exchanges []*exchange) (o offset) {
	for _, e := range exchanges {
		if date, err := http.ParseTime(e.header.Get("date")); err == nil && e.header.Get("age") == "" {
			o.add(date.Sub(e.responded), date.Add(time.Second).Sub(e.began))
		}
	}
	return o
}

// createdOffset measures the clock of created_at, which is written in whole seconds or to the microsecond.
func createdOffset(exchanges []*exchange) (o offset) {
	precision := time.Second
	created := make(map[*exchange]time.Time)
	for _, e := range exchanges {
		var batch struct {
			CreatedAt time.Time `json:"created_at"`
		}
		if e.op == opCreate && e.status == http.StatusOK && json.Unmarshal(e.body, &batch) == nil && !batch.CreatedAt.IsZero() {
			created[e] = batch.CreatedAt
			if batch.CreatedAt.Nanosecond() != 0 {
				precision = time.Microsecond
			}
		}
	}
	for _, e := range exchanges {
		if at, ok := created[e]; ok {
			o.add(at.Sub(e.ended), at.Add(precision).Sub(e.began))
		}
	}
	return o
}
