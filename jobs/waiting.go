package jobs

import (
	"context"
	"fmt"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// within lowers limits so that a batch alone does not exceed the requests that may wait, 0 being any.
func (l limits) within(waiting int64) limits {
	if waiting > 0 && int64(l.requests) > waiting {
		l.requests = int(waiting)
	}
	return l
}

// limit stores how many requests of the organization may wait, which is known now. A batch that is larger would wait for
// ever, and cannot be divided any more.
func (l *loop) limit(ctx context.Context) error {
	most := max(0, l.job.options.MaxWaiting)
	return l.store.Update(ctx, func(tx store.Tx) error {
		row, err := tx.Job(l.engine.job)
		if err != nil {
			return err
		}
		limit, err := tx.Limit(row.Organization)
		if err != nil {
			return err
		}
		if most > 0 {
			unsent, err := tx.Batches(row.ID, []store.State{store.Planned, store.Submitting, store.Doubtful, store.Unproven}, 0, 0)
			if err != nil {
				return err
			}
			for _, b := range unsent {
				if int64(b.Requests) > most {
					return &tooLargeError{b.Seq, b.Requests, most}
				}
			}
		}
		if limit.Requests == most {
			return nil
		}
		limit.Requests = most
		return tx.PutLimit(limit)
	})
}

// A tooLargeError says that a batch is larger than the limit of waiting requests.
type tooLargeError struct {
	seq      int64
	requests int
	most     int64
}

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("MaxWaiting is %d, but batch %d has %d requests and cannot be divided any more: allow at least as many", e.most, e.seq, e.requests)
}
