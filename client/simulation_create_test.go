package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
)

// A creation is a call of Create and its outcome.
type creation struct {
	name         string
	mark         client.Watermark
	began, ended time.Time // by the service's clock
	batch        *client.Batch
	err          error
	free         bool // Candidates says that the batch can be resent
}

// marked reports whether the creation has a watermark.
func (c *creation) marked() bool { return c.mark.Listed }

// create creates one to three batches of the same size at the same time.
func (l *scenario) create() []*creation {
	var group sync.WaitGroup
	creations := make([]*creation, 1+l.rng.IntN(3))
	mark := l.watermark()
	for i := range creations {
		c := &creation{name: fmt.Sprint(l.name, "create-", i), mark: mark}
		creations[i] = c
		ctx, cancel := l.context(20 * time.Minute)
		opts := []client.CallOption{named(c.name), client.WithWatermark(mark)}
		asLines := l.chance(2)
		if l.twice {
			opts = append(opts, client.WithAtLeastOnceCreate())
		}
		group.Go(func() {
			defer cancel()
			pass(time.Duration(i) * 7 * time.Millisecond) // not at the same instant, so that the scenario can be repeated
			c.began = l.service.Now()
			if asLines {
				c.batch, c.err = l.client.CreateLines(ctx, strings.NewReader(jsonLines(l.T, requests(l.size))), opts...)
			} else {
				c.batch, c.err = l.client.Create(ctx, requests(l.size), opts...)
			}
			c.ended = l.service.Now()
		})
	}
	group.Wait()
	for _, c := range creations {
		if c.batch != nil {
			l.seen[c.batch.ID] = true
		}
	}
	return creations
}

// watermark returns a watermark in half of the scenarios, if the call succeeds.
func (l *scenario) watermark() client.Watermark {
	for range 5 {
		if !l.marks {
			break
		}
		mark, err := l.client.Watermark(l.Context(), named("watermark"))
		if err == nil {
			if !mark.Listed {
				l.Errorf("a watermark without a list: %+v", mark)
			}
			l.pause(time.Minute)
			return mark
		}
		l.pause(time.Minute)
	}
	return client.Watermark{}
}

// candidates returns the candidates of a creation, from its error or from the Attempt that another process has stored.
func (l *scenario) candidates(c *creation, e *client.UncertainError, all []*creation) (client.Candidates, error) {
	if !l.dies {
		return e.Candidates(l.Context())
	}
	stored, err := json.Marshal(e.Attempt)
	if err != nil {
		l.Fatal(err)
	}
	var attempt client.Attempt
	if err := json.Unmarshal(stored, &attempt); err != nil {
		l.Fatal(err)
	}
	for _, c := range all {
		if c.batch != nil {
			attempt.Known = append(attempt.Known, c.batch.ID)
		}
	}
	return l.client.Candidates(l.Context(), attempt, named(c.name))
}

// resolve finds out whether there is a batch, and returns its id.
func (l *scenario) resolve(c *creation, all []*creation) string {
	var uncertain *client.UncertainError
	switch {
	case c.batch != nil:
		return c.batch.ID
	case !errors.As(c.err, &uncertain):
		return ""
	}
	taken := func() []string { return l.taken(c.name) }
	for {
		l.try()
		began := time.Now()
		found, err := l.candidates(c, uncertain, all)
		if err != nil {
			if found.Complete || found.Batches != nil {
				l.Errorf("%s: a value with an error: %v", c.name, err)
			}
			l.pause(10 * time.Minute)
			continue
		}
		for _, b := range found.Batches {
			l.seen[b.ID] = true
			l.checkCandidate(c, b, all)
		}
		isCandidate := func(id string) bool {
			return slices.ContainsFunc(found.Batches, func(b *client.Batch) bool { return b.ID == id })
		}
		if began.Before(found.Until) {
			if found.Complete {
				l.Errorf("%s: complete before %v", c.name, found.Until)
			}
			pass(time.Until(found.Until))
			continue
		}
		if c.marked() && !(found.Complete && found.ReachedWatermark) {
			l.Errorf("%s: with a watermark, but complete %v, reached %v", c.name, found.Complete, found.ReachedWatermark)
		}
		missing := slices.ContainsFunc(taken(), func(id string) bool { return !isCandidate(id) })
		if found.Complete && missing {
			l.Errorf("%s: %v were accepted, and not all are among the candidates %v", c.name, taken(), found.Batches)
			l.totals.add(func(s *tally) { s.Lost++ })
		}
		c.free = found.Complete && len(found.Batches) == 0
		l.totals.add(func(s *tally) {
			switch ids := taken(); {
			case !found.Complete:
				s.Undecided++
				if missing {
					s.Outside++
				}
			case c.free:
				s.Free++
			case len(ids) > 0:
				s.Adopted++
			default:
				s.Foreign++
			}
		})
		break
	}
	// The results would show which of several candidates it is. If the clock offset is unknown, a person must look further.
	if ids := taken(); len(ids) > 0 {
		return ids[0]
	}
	return ""
}

// checkCandidate checks that a candidate may be the batch of a creation.
func (l *scenario) checkCandidate(c *creation, b *client.Batch, all []*creation) {
	// 30 minutes for a late decision, 2 for clocks that differ, 2 for the Date header, an hour if no batch has shown the
	// offset of the clock, and the errors of the gateway's clock and this machine's. With a watermark clocks do not matter.
	off := 4*time.Minute + time.Second + time.Hour + l.foreign.Abs() + l.ahead.Abs()
	tooOld, tooNew := b.CreatedAt.Before(c.began.Add(-off)), b.CreatedAt.After(c.ended.Add(30*time.Minute+off))
	if !b.CreatedAt.IsZero() && !c.marked() && (tooOld || tooNew) ||
		slices.Contains(c.mark.Seen, b.ID) || slices.Contains(c.mark.Below, b.ID) ||
		slices.ContainsFunc(all, func(c *creation) bool { return c.batch != nil && c.batch.ID == b.ID }) {
		l.Errorf("%s: %s of %v is a candidate", c.name, b.ID, b.CreatedAt)
	}
}

// settle checks at the end what Create returned.
func (l *scenario) settle(c *creation) {
	taken := l.taken(c.name)
	uncertain := errors.As(c.err, new(*client.UncertainError))
	l.totals.add(func(s *tally) {
		s.Creates++
		if uncertain && l.dies {
			s.Elsewhere++
		}
		if len(taken) > 0 {
			s.Accepted++
		}
		if c.batch != nil {
			s.Returned++
		}
		if uncertain {
			s.Uncertain++
		}
	})
	lost, duplicates := func(s *tally) { s.Lost++ }, func(s *tally) { s.Duplicates++ }
	switch {
	case (c.batch == nil) == (c.err == nil):
		l.Errorf("%s: got %+v with %v", c.name, c.batch, c.err)
	case len(taken) > 1 && !l.twice:
		l.Errorf("%s: %v were accepted", c.name, taken)
		l.totals.add(duplicates)
	case len(taken) > 0 && c.free:
		l.Errorf("%s: %v was accepted, and Candidates says that it can be resent", c.name, taken)
		l.totals.add(duplicates)
	case c.batch != nil && !slices.Contains(taken, c.batch.ID):
		l.Errorf("%s: got %s, but %v was accepted", c.name, c.batch.ID, taken)
		l.totals.add(lost)
	case c.batch == nil && len(taken) > 0 && !uncertain:
		l.Errorf("%s: %v was accepted, but Create returned %v", c.name, taken, c.err)
		l.totals.add(lost)
	}
}
