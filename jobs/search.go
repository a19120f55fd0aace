package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A search looks for all batches of a job whose database is lost.
type search struct {
	*loop
	assigned map[string]*batchFound // by ID: batches that have ended, and to whom they belong
	pending  map[string]string      // by ID: batches of which that is not known yet, and why
	lines    map[string][]int64     // by ID: requests of batches whose results were read
}

// A batchFound is a batch on the server.
type batchFound struct {
	id             string
	token          wireID // custom ID of one of its requests; zero if its results cannot be read
	ours           bool
	requests       int64 // 0 if unknown
	created, ended time.Time
}

// rebuild finds the batches of a job whose database is lost, and stores them. Nothing is sent meanwhile.
func (l *loop) rebuild(ctx context.Context) error {
	s := &search{loop: l, assigned: make(map[string]*batchFound), pending: make(map[string]string), lines: make(map[string][]int64)}
	for failures := 0; ; {
		complete, err := s.look(ctx)
		if err == nil && complete {
			if err = s.conclude(ctx); err == nil {
				return l.report(ctx)
			}
		}
		wait := min(l.timing.most, l.timing.look*5)
		switch {
		case err == nil:
			failures = 0
		case isFatal(err) || errors.As(err, new(*PausedError)) || isLocal(err) || isWrongInput(err):
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		default:
			failures++
			if why := refusal(err); why != "" && failures == mostRefusals {
				return &PausedError{why}
			}
			l.job.say(Event{Kind: "outage", Text: err.Error()})
			wait = l.timing.wait(failures)
		}
		if err := errors.Join(l.report(ctx), sleep(ctx, wait)); err != nil {
			return err
		}
	}
}

func isWrongInput(err error) bool {
	return errors.Is(err, ErrInputChanged) || errors.As(err, new(*InputError))
}

// look lists the batches that are newer than the job. It reports whether the search is complete: no batch that was being
// sent when the last program ended can still appear, and it is known to whom each one belongs.
func (s *search) look(ctx context.Context) (complete bool, err error) {
	a, err := s.waited(ctx)
	if err != nil {
		return false, err
	}
	listed := make(map[string]bool)
	for found, err := range s.client.List(ctx, client.WithPageSize(100), client.WithVersion(s.version)) {
		if err != nil {
			return false, err
		}
		if s.job.about.isOlder(found) {
			break
		}
		if s.job.about.isOthers(found) {
			continue
		}
		listed[found.ID] = true
		if err := s.assign(ctx, found); err != nil {
			return false, err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.pending)) { // a list may omit one for a while
		if listed[id] {
			continue
		}
		found, err := s.client.Get(ctx, id, client.WithVersion(s.version))
		switch {
		case errors.Is(err, client.ErrNotFound):
			delete(s.pending, id)
		case err != nil:
			return false, err
		default:
			if err := s.assign(ctx, found); err != nil {
				return false, err
			}
		}
	}
	s.served()
	return s.judge(ctx, a)
}

// isOlder reports whether a batch, and all that are listed after it, are older than the job.
func (d *description) isOlder(b *client.Batch) bool {
	if w := d.Service.Watermark; w.Listed {
		return slices.Contains(w.Below, b.ID)
	}
	return !b.CreatedAt.IsZero() && b.CreatedAt.Before(d.Created.Add(-24*time.Hour)) // only the clocks are known
}

// isOthers reports whether a batch that is not older certainly does not belong to the job.
func (d *description) isOthers(b *client.Batch) bool {
	total, ok := requestsOf(b)
	return b.ID == "" || slices.Contains(d.Service.Watermark.Seen, b.ID) || ok && total > int64(d.Options.MaxRequests)
}

// assign finds out to whom a batch belongs.
func (s *search) assign(ctx context.Context, b *client.Batch) error {
	if s.assigned[b.ID] != nil {
		return nil
	}
	if !b.Ended() {
		s.pending[b.ID] = "runs"
		return nil
	}
	customID, err := s.anyCustomID(ctx, b.ID)
	if err != nil {
		return err
	}
	if customID == "" && s.onDoubt != Resend {
		s.pending[b.ID] = unreadable
		return nil
	}
	found := &batchFound{id: b.ID, created: b.CreatedAt, ended: b.EndedAt}
	found.requests, _ = requestsOf(b)
	if w, ok := parseWireID(customID); ok && w.job == s.engine.job {
		found.token, found.ours = w, true
	}
	delete(s.pending, b.ID)
	s.assigned[b.ID] = found
	return nil
}

const unreadable = "cannot be read"

// waited adds to the time that the search has lasted, over all programs, and returns its attempt. Time counts only while a
// program is looking.
func (s *search) waited(ctx context.Context) (a *store.Attempt, err error) {
	key := attemptKey{0, s.epoch}
	now := s.clock.now()
	s.mu.Lock()
	last, looked := s.looks[key]
	s.looks[key] = now
	s.mu.Unlock()
	err = s.store.Update(ctx, func(tx store.Tx) error {
		a, err = tx.Attempt(s.engine.job, 0, s.epoch)
		if errors.Is(err, store.ErrNotFound) {
			a, err = &store.Attempt{Job: s.engine.job, N: s.epoch, Intent: tx.Now()}, nil
		}
		if err != nil {
			return err
		}
		if looked {
			a.Waited += max(0, min(now.wall.Sub(last.wall), now.since-last.since))
		}
		return tx.PutAttempt(a)
	})
	return a, err
}

// judge draws the conclusions from a list, and stores what the job waits for.
func (s *search) judge(ctx context.Context, a *store.Attempt) (complete bool, err error) {
	whole := s.timing.margin + s.timing.lag
	var runs, lost []string
	for _, id := range slices.Sorted(maps.Keys(s.pending)) {
		if s.pending[id] == unreadable && !s.hasPart(id) {
			lost = append(lost, id)
		} else if s.pending[id] != unreadable {
			runs = append(runs, id)
		}
	}
	switch {
	case len(runs) > 0 || a.Waited < whole:
		a.EmptyLists = 0
	case a.EmptyLists == 0 || a.Waited-a.LastEmpty >= s.timing.apart:
		a.EmptyLists, a.LastEmpty = a.EmptyLists+1, a.Waited
	}
	complete = a.EmptyLists >= emptyLists
	why := "looking for its batches: " + min(a.Waited, whole).Round(time.Minute).String() + " of " + whole.String()
	if len(runs) > 0 {
		why += fmt.Sprintf("; waiting for %d that are running: %s", len(runs), names(runs))
	}
	if len(lost) > 0 {
		why += fmt.Sprintf("; the results of %d cannot be read: %s", len(lost), names(lost))
	}
	err = s.store.Update(ctx, func(tx store.Tx) error {
		row, err := tx.Job(s.engine.job)
		if err != nil {
			return err
		}
		if row.Why != why {
			row.Why = why
			err = errors.Join(tx.PutJob(row), tx.AddEvent(&store.Event{Job: row.ID, At: tx.Now(), Kind: "rebuilding", Text: "the job is " + why}))
		}
		return errors.Join(err, tx.PutAttempt(a))
	})
	if err == nil && complete && len(lost) > 0 {
		return false, &PausedError{fmt.Sprintf("the job cannot be rebuilt yet: it is unknown whether these batches are its own, because their results cannot be read: %s", names(lost))}
	}
	return complete && err == nil, err
}

// names joins the first 5 IDs.
func names(ids []string) string {
	if len(ids) > 5 {
		return strings.Join(ids[:5], ", ") + " and others"
	}
	return strings.Join(ids, ", ")
}
