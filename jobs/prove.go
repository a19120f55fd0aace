package jobs

import (
	"errors"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// evidence shows that a batch on the server belongs to an attempt.
type evidence struct {
	batchID string
	named   bool // the response to a create named it, so that we may cancel it
	ended   bool
	created time.Time // server time; zero if unknown
}

// prove assigns a batch on the server to the attempt that created it, as the response to the create or a custom ID in its
// results proves, whatever the store knew about it. It returns the new role of the batch.
func prove(tx store.Tx, job string, seq int64, n int, ev evidence) (store.Role, error) {
	b, err := tx.Batch(job, seq)
	if err != nil {
		return "", err
	}
	attempt, err := tx.Attempt(job, seq, n)
	if err != nil {
		return "", err
	}
	newest, err := tx.Attempt(job, seq, b.Attempt)
	if err != nil {
		return "", err
	}
	before, err := known(tx, ev.batchID)
	if err != nil {
		return "", err
	}
	if !ev.created.IsZero() {
		b.Created = ev.created
	}
	row := &store.Created{BatchID: ev.batchID, Job: job, Seq: seq, Attempt: n, Proven: true, Named: ev.named, Requests: b.Requests, Ended: ev.ended}
	if before != nil {
		row.Named, row.Ended = row.Named || before.Named, row.Ended || before.Ended
		row.Canceled, row.At = before.Canceled, before.At
		if before.Job == job && before.Seq == seq {
			row.Collected, row.Usage, row.Spent = before.Collected, before.Usage, before.Spent
		}
		if before.Role == store.Ours && !before.Proven && (before.Job != job || before.Seq != seq) {
			if err := unhold(tx, before); err != nil {
				return "", err
			}
		}
	}
	attempt.Outcome = store.Accepted
	if err := tx.PutAttempt(attempt); err != nil {
		return "", err
	}
	switch {
	case b.BatchID == ev.batchID:
		row.Role = store.Ours
		err = own(tx, b, row)
	case takes(b, newest, n):
		row.Role = store.Ours
		if b.Attempt != n && newest.Outcome == store.Undecided {
			newest.Outcome = store.Unsent // its fence will fail, because the batch is no longer submitting
			err = tx.PutAttempt(newest)
		}
		if err == nil {
			err = own(tx, b, row)
		}
	case b.State == store.Submitting || b.State == store.Doubtful || b.State == store.Unproven:
		row.Role = store.Spare
	default:
		row.Role = store.Orphan
	}
	if err != nil {
		return "", err
	}
	if row.Role != store.Ours {
		err = event(tx, b, EventKind(row.Role), "batch %s of attempt %d has the same requests", ev.batchID, n)
	}
	return row.Role, errors.Join(err, tx.PutCreated(row))
}

// known returns what the store knows about a batch on the server, or nil.
func known(tx store.Tx, batchID string) (*store.Created, error) {
	c, err := tx.Created(batchID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil //nolint:nilnil // there is none
	}
	return c, err
}

// takes reports whether a batch of the job adopts the batch on the server that attempt n created.
func takes(b *store.Batch, newest *store.Attempt, n int) bool {
	switch b.State {
	case store.Planned:
		return true
	case store.Submitting:
		return b.Attempt == n || newest.Fenced.IsZero()
	case store.Doubtful, store.Unproven:
		return b.Attempt == n
	}
	return false
}

// own makes a batch on the server that of b. The candidate that b held is released, and spares become orphans.
func own(tx store.Tx, b *store.Batch, row *store.Created) error {
	if b.State == store.Unproven && b.BatchID != row.BatchID {
		if err := tx.DeleteCreated(b.BatchID); err != nil {
			return err
		}
	}
	switch b.State {
	case store.Planned, store.Submitting, store.Doubtful, store.Unproven:
		b.State = store.Proven
	}
	b.BatchID, b.Failures = row.BatchID, 0
	if err := tx.PutBatch(b); err != nil {
		return err
	}
	others, err := tx.CreatedFor(b.Job, b.Seq)
	if err != nil {
		return err
	}
	for _, c := range others {
		if c.Role == store.Spare && c.BatchID != row.BatchID {
			c.Role = store.Orphan
			if err := tx.PutCreated(c); err != nil {
				return err
			}
		}
	}
	return event(tx, b, "accepted", "batch %s has %s", row.BatchID, plural(b.Requests, "request"))
}

// unhold takes a candidate from the batch of a job that held it.
func unhold(tx store.Tx, held *store.Created) error {
	other, err := tx.Batch(held.Job, held.Seq)
	if err != nil {
		return err
	}
	if other.State != store.Unproven || other.BatchID != held.BatchID {
		return nil
	}
	other.State, other.BatchID = store.Doubtful, ""
	return tx.PutBatch(other)
}

// release records that attempt n of a batch is over without a batch of its own. The batch can then be resent, unless an
// earlier attempt turned out to have created one. If n is not the newest attempt, only the attempt changes.
func release(tx store.Tx, b *store.Batch, n int, outcome store.Outcome) error {
	attempt, err := tx.Attempt(b.Job, b.Seq, n)
	if err != nil || attempt.Outcome == store.Accepted {
		return err
	}
	attempt.Outcome = outcome
	if err := tx.PutAttempt(attempt); err != nil {
		return err
	}
	switch b.State {
	case store.Submitting, store.Doubtful, store.Unproven:
	default:
		return nil
	}
	if b.Attempt != n {
		return nil
	}
	created, err := tx.CreatedFor(b.Job, b.Seq)
	if err != nil {
		return err
	}
	for _, c := range created {
		if c.Role == store.Spare {
			c.Role = store.Ours
			return errors.Join(own(tx, b, c), tx.PutCreated(c))
		}
	}
	if b.State == store.Unproven {
		if err := tx.DeleteCreated(b.BatchID); err != nil {
			return err
		}
	}
	b.State, b.BatchID = store.Planned, ""
	if err := tx.PutBatch(b); err != nil {
		return err
	}
	text := "attempt %d created no batch"
	if outcome == store.Resent {
		text = "attempt %d may have created a batch"
	}
	return event(tx, b, EventKind(outcome), text, n)
}
