package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// poll checks whether a batch has ended.
func (e *engine) poll(ctx context.Context, b *store.Batch) (time.Duration, error) {
	began := e.clock.now()
	if err := e.cancel(ctx, b); err != nil {
		return e.failed(ctx, b, err)
	}
	found, err := e.current(ctx, b.BatchID)
	switch {
	case errors.Is(err, client.ErrNotFound):
		return e.absent(ctx, b, began)
	case err != nil:
		return e.failed(ctx, b, err)
	}
	return e.shown(ctx, b, found)
}

// shown handles a batch that the service returned, by itself or in a list.
func (e *engine) shown(ctx context.Context, b *store.Batch, found *client.Batch) (time.Duration, error) {
	e.served()
	times := e.present(b)
	if !found.Ended() {
		return e.timing.pollAfter(times), nil
	}
	e.past(b)
	return stale(e.ended(ctx, b, found))
}

// ended records that a batch has ended.
func (e *engine) ended(ctx context.Context, b *store.Batch, found *client.Batch) error {
	return e.update(ctx, b, func(tx store.Tx, b *store.Batch) error {
		b.State, b.Created, b.EndedAt = store.Ended, found.CreatedAt, found.EndedAt
		c, err := tx.Created(b.BatchID)
		if err != nil {
			return err
		}
		c.Ended, c.At = true, found.CreatedAt
		return errors.Join(tx.PutBatch(b), tx.PutCreated(c), event(tx, b, "ended", "batch %s has ended", b.BatchID))
	})
}

// present records that a batch was found, and returns how often it was.
func (e *engine) present(b *store.Batch) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.absences, b.Seq)
	e.polls[b.Seq]++
	return e.polls[b.Seq]
}

// An absence is the time for which the service has not found a batch.
type absence struct {
	last  instant // when the last call was made
	total time.Duration
}

// absent handles a batch that the service does not find. The service is known to report that for minutes about batches that
// exist. A batch that is gone was paid for, and its requests are not resent. Began is when the call began: its response may
// be old.
func (e *engine) absent(ctx context.Context, b *store.Batch, began instant) (time.Duration, error) {
	e.mu.Lock()
	a, before := e.absences[b.Seq]
	if before { // between two calls that are far apart, it may have existed
		a.total += max(0, min(began.wall.Sub(a.last.wall), began.since-a.last.since, 2*e.timing.look))
	}
	a.last = began
	e.absences[b.Seq] = a
	e.mu.Unlock()
	if a.total < e.timing.missing {
		return e.timing.look, nil
	}
	return stale(e.update(ctx, b, func(tx store.Tx, b *store.Batch) error {
		return errors.Join(vanish(tx, b), event(tx, b, "gone", "the service no longer has batch %s", b.BatchID))
	}))
}

// vanish gives up a batch whose results cannot be read.
func vanish(tx store.Tx, b *store.Batch) error {
	b.State = store.Gone
	c, err := tx.Created(b.BatchID)
	if err != nil {
		return err
	}
	c.Ended = true
	return errors.Join(tx.PutBatch(b), tx.PutCreated(c))
}

// tend handles a batch on the server whose requests another batch has too. It cancels the batch if that is allowed, and
// reads its usage when it has ended, because it was paid for.
func (e *engine) tend(ctx context.Context, c *store.Created) error {
	found, err := e.client.Get(ctx, c.BatchID, client.WithVersion(e.version))
	if errors.Is(err, client.ErrNotFound) {
		return e.unfound(ctx, c.BatchID) // it may be found later
	}
	if err != nil {
		return err
	}
	cancel := c.Role == store.Orphan && c.Named && !c.Canceled && !found.Ended()
	if cancel {
		if found, err = e.client.Cancel(ctx, c.BatchID, client.WithVersion(e.version)); err != nil {
			return err
		}
	}
	err = e.store.Update(ctx, func(tx store.Tx) error {
		now, err := tx.Created(c.BatchID)
		if err != nil {
			return err
		}
		now.Ended, now.Canceled, now.At = now.Ended || found.Ended(), now.Canceled || cancel, found.CreatedAt
		return tx.PutCreated(now)
	})
	if err != nil || !found.Ended() || c.Collected {
		return err
	}
	switch err := e.readUsage(ctx, c.BatchID); {
	case errors.Is(err, client.ErrResultsGone):
		return e.writeOff(ctx, c.BatchID)
	case errors.Is(err, client.ErrNotFound):
		return e.unfound(ctx, c.BatchID)
	default:
		return err
	}
}
