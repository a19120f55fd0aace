package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// clockMargin is for clocks of the service that differ among themselves, and for the way of an answer.
	clockMargin = 2 * time.Minute

	// lateMargin is how long the service may be busy with a body after the connection is lost: as long as the
	// client would have waited for the answer.
	lateMargin = createTimeout
)

// Candidates are the batches that may be the one that a call of Create has lost.
type Candidates struct {
	// Batches may each be the lost one, newest first. At most one of them is, except after
	// [WithAtLeastOnceCreate].
	Batches []*Batch

	// Complete reports that no other batch can be the lost one, because the list was read back to before the window
	// and after its end: if there are no Batches either, the service has not taken it, and it can be sent again. It is
	// false with an error, before Until, and if the service does not tell its time.
	Complete bool

	// Until is the end of the window by this machine's clock: by then the service has taken the batch or never will.
	Until time.Time
}

// Candidates lists the batches that may be the lost one: those with as many requests, created between 2 minutes
// before Started and 12 minutes after Ended, that this client has not received from Create (of which it remembers the
// last 100,000). The margins are for a service that was still busy with the batch when the connection was lost
// (10 minutes), and for clocks that differ and answers that are slow (2 minutes).
//
// The window is one of the service's clock, whose distance from this machine's the client takes from the Date headers
// of its answers.
//
// Batches of other programs, and of calls of Create that have not returned yet, are among the candidates if they fit,
// and so are batches whose odd fields leave it open. The custom ids in their results tell them apart.
//
// With an error it returns what it found until then. It is retried like List, with the options of the call that
// failed, and safe for concurrent use. An error that no client made has no candidates, only an error.
//
// API: GET /v1/messages/batches
func (e *UncertainError) Candidates(ctx context.Context) (Candidates, error) {
	if e.client == nil {
		return Candidates{}, localError{errors.New("candidates: no client has made this error")}
	}
	var found Candidates
	var err error
	began := time.Now()
	for b, listErr := range e.client.list(ctx, e.call(), ListOptions{PageSize: 100}) {
		if b == nil {
			err = fmt.Errorf("candidates: %w", listErr)
			break
		}
		from, to, _ := e.window()
		if !b.CreatedAt.IsZero() && b.CreatedAt.Before(from) {
			break // the rest is older still
		}
		total, ok := b.total()
		if !b.CreatedAt.After(to) && (total == int64(e.Requests) || !ok) {
			found.Batches = append(found.Batches, b)
		}
	}
	settings := e.client.s()
	// Last, because other calls of Create may have returned meanwhile.
	found.Batches = slices.DeleteFunc(found.Batches, func(b *Batch) bool { return settings.received.has(b.ID) })
	_, to, known := e.window()
	if now := settings.ahead.Load(); now != nil {
		to = to.Add(-*now)
	}
	found.Until = to.Add(time.Second) // the next Date may be cut by more of its second
	found.Complete = err == nil && known && !began.Before(to)
	return found, err
}

// window returns between which times the service may have taken the batch, by its clock if that is known.
//
// Two views of that clock count, the one before the call failed and the latest: this machine's clock may have been put
// right in between.
func (e *UncertainError) window() (from, to time.Time, known bool) {
	before, now := e.ahead, e.client.s().ahead.Load()
	if before == nil {
		before = now
	}
	if now != nil {
		from = e.Started.Add(min(*before, *now))
		to = e.Ended.Add(max(*before, *now))
	} else {
		from, to = e.Started, e.Ended
	}
	return from.Add(-clockMargin), to.Add(lateMargin + clockMargin), now != nil
}

// seeDate notes how far the service's clock is ahead of this machine's, from an answer that has just come to a call that
// began at the given time.
func (s *settings) seeDate(h http.Header, began time.Time) {
	now := time.Now()
	if now.Sub(began) > readTimeout || h.Get("age") != "" {
		return // nobody knows when it was written, or a cache has answered
	}
	if date, err := http.ParseTime(h.Get("date")); err == nil {
		ahead := date.Sub(now)
		s.ahead.Store(&ahead)
	}
}

// receivedIDs are the ids of batches that Create has returned.
type receivedIDs struct {
	mu  sync.Mutex
	ids []string
}

// add remembers an id, and forgets old ones in time: a client may live for years.
func (r *receivedIDs) add(id string) {
	const most = 100_000
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ids = append(r.ids, id); len(r.ids) > 2*most {
		r.ids = slices.Clone(r.ids[most:])
	}
}

func (r *receivedIDs) has(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.ids, id)
}
