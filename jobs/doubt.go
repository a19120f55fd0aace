package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A view is the result of one search for the batch of an attempt.
type view struct {
	candidates []*client.Batch // batches that may be that of the attempt
	seen       []string        // IDs of candidates, and of batches that another batch of a job holds
	complete   bool            // the list was read down to the watermark
	blocked    bool            // another batch of a job holds one that may be that of the attempt
}

// doubt looks for the batch of an attempt whose outcome is unknown.
func (e *engine) doubt(ctx context.Context, b *store.Batch) (time.Duration, error) {
	a, wait, err := e.waited(ctx, b)
	if err != nil {
		return stale(err)
	}
	if a == nil {
		return min(wait, e.timing.most), nil
	}
	switch {
	case e.onDoubt == Resend:
		return stale(e.giveUp(ctx, b, store.Resent))
	case e.asks():
		return e.ask(ctx, b, a)
	}
	late := a.Waited >= e.timing.margin+e.timing.lag // a batch that was accepted is in the list by now
	v, err := e.lookFor(ctx, b, a)
	if err != nil {
		return e.failed(ctx, b, err)
	}
	e.served()
	left, unreadable, err := e.refute(ctx, b, v.candidates)
	if err != nil {
		if errors.Is(err, errMoved) {
			return soon, nil
		}
		return e.failed(ctx, b, err)
	}
	return e.conclude(ctx, b, a, v, left, unreadable, late)
}

// stale turns errMoved into success with another step to follow.
func stale(err error) (time.Duration, error) {
	if errors.Is(err, errMoved) {
		err = nil
	}
	return soon, err
}

// waited returns the newest attempt of a batch, after adding to the time for which the batch has been looked for. Only the
// owner's time counts, measured by the slower of two clocks: if two programs looked at the same time, it would count twice.
// If another program owns the attempt, a is nil and wait is the rest of that program's lease.
func (e *engine) waited(ctx context.Context, b *store.Batch) (a *store.Attempt, wait time.Duration, err error) {
	key := attemptKey{b.Seq, b.Attempt}
	now := e.clock.now()
	e.mu.Lock()
	last, looked := e.looks[key]
	e.looks[key] = now
	e.mu.Unlock()
	var more time.Duration
	if looked {
		more = max(0, min(now.wall.Sub(last.wall), now.since-last.since))
	}
	err = e.update(ctx, b, func(tx store.Tx, b *store.Batch) error {
		a, err = tx.Attempt(e.job, b.Seq, b.Attempt)
		if err != nil {
			return err
		}
		if a.Owner == e.owner {
			a.Waited += more
		} else if left := a.Lease.Sub(tx.Now()); !e.hasEnded(a.Owner) && left > 0 {
			a, wait = nil, left
			return nil
		}
		a.Owner, a.Lease = e.owner, tx.Now().Add(e.timing.lease)
		return tx.PutAttempt(a)
	})
	return a, wait, err
}

// lookFor lists the batches that an attempt may have created.
func (e *engine) lookFor(ctx context.Context, b *store.Batch, a *store.Attempt) (v view, err error) {
	var w client.Watermark
	if err := json.Unmarshal(a.Watermark, &w); err != nil || !w.Listed {
		return v, fmt.Errorf("batch %d: attempt %d has no watermark: %w", b.Seq, a.N, err)
	}
	var listed []*client.Batch
	for found, err := range e.client.List(ctx, client.WithPageSize(100), client.WithVersion(e.version)) {
		if err != nil {
			return view{}, err
		}
		if slices.Contains(w.Below, found.ID) {
			break
		}
		if total, ok := requestsOf(found); found.ID != "" && !slices.Contains(w.Seen, found.ID) && (!ok || total == int64(b.Requests)) {
			listed = append(listed, found)
		}
	}
	v.complete = true
	for _, id := range a.Candidates { // a list may omit one for a while
		if !slices.ContainsFunc(listed, func(found *client.Batch) bool { return found.ID == id }) {
			seen := new(client.Batch)
			seen.ID = id
			listed = append(listed, seen)
		}
	}
	err = e.store.View(ctx, func(tx store.Tx) error {
		v.candidates, v.seen, v.blocked = nil, nil, false
		for _, found := range listed {
			c, err := known(tx, found.ID)
			switch {
			case err != nil:
				return err
			case c == nil:
			case c.Role != store.Ours || c.Proven:
				continue
			}
			v.seen = append(v.seen, found.ID)
			if c != nil && (c.Job != b.Job || c.Seq != b.Seq) {
				v.blocked = true // until that batch, perhaps of another job, releases it
				continue
			}
			if !a.Closed || slices.Contains(a.Candidates, found.ID) {
				v.candidates = append(v.candidates, found)
			}
		}
		others, err := tx.Batches(b.Job, []store.State{store.Unproven}, 0, 0)
		for _, other := range others {
			v.blocked = v.blocked || other.Seq != b.Seq && other.Requests == b.Requests
		}
		return err
	})
	return v, err
}

// requestsOf returns how many requests a batch has: the sum of its counts, including those that this version does not know.
// It returns false if that is unknown.
func requestsOf(b *client.Batch) (n int64, ok bool) {
	var fields struct {
		Counts map[string]json.RawMessage `json:"request_counts"`
	}
	if json.Unmarshal(b.Raw, &fields) != nil {
		return 0, false
	}
	for _, raw := range fields.Counts {
		var count int64
		if json.Unmarshal(raw, &count) != nil {
			return 0, false
		}
		n += count
	}
	return n, n > 0
}

// refute reads to whom the candidates that have ended belong. It returns the candidates that may still belong to the
// attempt, and of these, the ones whose results cannot be read. If one does belong to the attempt, the error is errMoved.
func (e *engine) refute(ctx context.Context, b *store.Batch, candidates []*client.Batch) (left, unreadable []string, err error) {
	for _, c := range candidates {
		ended := c.Ended()
		if !ended && len(c.Raw) == 0 { // it was not in the list
			now, err := e.client.Get(ctx, c.ID, client.WithVersion(e.version))
			switch {
			case errors.Is(err, client.ErrNotFound):
				left, unreadable = append(left, c.ID), append(unreadable, c.ID)
				continue
			case err != nil:
				return nil, nil, err
			}
			ended = now.Ended()
		}
		if !ended {
			left = append(left, c.ID)
			continue
		}
		switch role, err := e.identify(ctx, b, c.ID); {
		case err != nil:
			return nil, nil, err
		case role == "":
			left, unreadable = append(left, c.ID), append(unreadable, c.ID)
		case role != store.Foreign:
			// It belongs to an attempt of this batch or of another one.
			if err := e.update(ctx, b, func(store.Tx, *store.Batch) error { return nil }); err != nil {
				return nil, nil, err
			}
		}
	}
	return left, unreadable, nil
}

// identify reads to whom a batch that has ended belongs, and records it. The role is empty if its results do not show that.
func (e *engine) identify(ctx context.Context, b *store.Batch, id string) (role store.Role, err error) {
	customID, err := e.anyCustomID(ctx, id)
	if err != nil || customID == "" {
		return "", err
	}
	w, ok := parseWireID(customID)
	err = e.store.Update(ctx, func(tx store.Tx) error {
		role = store.Foreign
		if ok {
			a, err := tx.AttemptByNonce(w.job, w.seq, w.nonce)
			if err == nil {
				role, err = prove(tx, w.job, w.seq, a.N, evidence{batchID: id, ended: true})
				return err
			}
			if !errors.Is(err, store.ErrNotFound) {
				return err
			}
			if w.job == e.job { // from a database that was lost
				role = store.Orphan
			}
		}
		return disown(tx, b, id, role)
	})
	return role, err
}

// disown records that a batch on the server does not belong to the job, or is an orphan that was listed too late to be part
// of the rebuilt job.
func disown(tx store.Tx, b *store.Batch, id string, role store.Role) error {
	held, err := known(tx, id)
	if err != nil {
		return err
	}
	if held != nil && held.Role == store.Ours && !held.Proven {
		if err := unhold(tx, held); err != nil {
			return err
		}
	}
	text := "batch %s does not belong to this job"
	if role == store.Orphan {
		text = "batch %s was accepted before the job was rebuilt, but not found then: other batches may have the same requests"
	}
	if err := event(tx, b, EventKind(role), text, id); err != nil {
		return err
	}
	return tx.PutCreated(&store.Created{BatchID: id, Job: b.Job, Seq: b.Seq, Role: role, Proven: role == store.Orphan, Ended: true})
}

// anyCustomID returns a custom ID of the results of a batch, or "" if there is none.
func (e *engine) anyCustomID(ctx context.Context, id string) (string, error) {
	for item, err := range e.client.Results(ctx, id, client.WithVersion(e.version)) {
		switch {
		case errors.Is(err, client.ErrNotFound), errors.Is(err, client.ErrResultsGone), errors.As(err, new(*client.IncompleteError)):
			return "", nil
		case err != nil:
			return "", err
		case item.CustomID != "":
			return item.CustomID, nil
		}
	}
	return "", nil
}

// conclude draws the conclusions from a search. Refuting candidates may have changed the BatchID of the batch, so conclude
// compares the batch without it.
func (e *engine) conclude(ctx context.Context, was *store.Batch, looked *store.Attempt, v view, left, unreadable []string, late bool) (time.Duration, error) {
	wait := e.timing.look
	err := e.store.Update(ctx, func(tx store.Tx) error {
		wait = e.timing.look
		b, err := tx.Batch(was.Job, was.Seq)
		if err != nil {
			return err
		}
		if b.State != store.Doubtful && b.State != store.Unproven || b.Attempt != was.Attempt {
			return errMoved
		}
		a, err := tx.Attempt(b.Job, b.Seq, b.Attempt)
		if err != nil {
			return err
		}
		for _, id := range v.seen {
			if !a.Closed && !slices.Contains(a.Candidates, id) {
				a.Candidates = append(a.Candidates, id)
			}
		}
		a.Closed = a.Closed || late && v.complete && len(a.Candidates) > 0
		switch {
		case len(left) > 0 || v.blocked || !v.complete || !late:
			a.EmptyLists = 0
		case a.Closed: // all candidates belong to others
			a.EmptyLists = emptyLists
		case a.EmptyLists == 0 || looked.Waited-a.LastEmpty >= e.timing.apart:
			a.EmptyLists, a.LastEmpty = a.EmptyLists+1, looked.Waited
		}
		if err := tx.PutAttempt(a); err != nil {
			return err
		}
		if a.EmptyLists >= emptyLists {
			wait = soon
			return release(tx, b, b.Attempt, store.None)
		}
		if a.Closed && len(unreadable) > 0 && len(unreadable) == len(left) {
			err := pauseJob(tx, e.job, fmt.Sprintf("batch %d may be %s, whose results cannot be read", b.Seq, strings.Join(unreadable, " or ")))
			if err != nil {
				return err
			}
		}
		return hold(tx, b, left)
	})
	if errors.Is(err, errMoved) {
		return soon, nil
	}
	return wait, err
}

// emptyLists is the number of lists that must show that there is no batch.
const emptyLists = 2

// hold makes a batch of the job hold its only candidate, so that the candidate is visible and counted.
func hold(tx store.Tx, b *store.Batch, candidates []string) error {
	id := ""
	if len(candidates) == 1 {
		id = candidates[0]
	}
	if id == b.BatchID {
		return nil
	}
	if b.BatchID != "" {
		if err := tx.DeleteCreated(b.BatchID); err != nil {
			return err
		}
	}
	b.State, b.BatchID = store.Doubtful, ""
	if id != "" {
		if other, err := known(tx, id); err != nil || other != nil {
			return errors.Join(err, tx.PutBatch(b)) // another batch was first
		}
		b.State, b.BatchID = store.Unproven, id
		if err := tx.PutCreated(&store.Created{BatchID: id, Job: b.Job, Seq: b.Seq, Attempt: b.Attempt, Role: store.Ours, Requests: b.Requests}); err != nil {
			return err
		}
		if err := event(tx, b, "candidate", "batch %s may be the one", id); err != nil {
			return err
		}
	}
	return tx.PutBatch(b)
}

// giveUp ends the search for the batch of an attempt.
func (e *engine) giveUp(ctx context.Context, b *store.Batch, outcome store.Outcome) error {
	return e.update(ctx, b, func(tx store.Tx, b *store.Batch) error { return release(tx, b, b.Attempt, outcome) })
}
