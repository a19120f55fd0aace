package jobs

import (
	"context"
	"fmt"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// within lowers limits so that a single batch does not exceed the number of requests that may wait; 0 is no limit.
func (l limits) within(waiting int64) limits {
	if waiting > 0 && int64(l.requests) > waiting {
		l.requests = int(waiting)
	}
	return l
}

// limit stores MaxWaiting as the limit of the organization, which is known now. It refuses a limit below the size of a
// planned batch, which can no longer be divided and would wait for ever.
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

// A tooLargeError reports that a batch is larger than the limit of waiting requests.
type tooLargeError struct {
	seq      int64
	requests int
	most     int64
}

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("MaxWaiting is %d, but batch %d has %d requests and can no longer be divided: allow at least as many", e.most, e.seq, e.requests)
}
