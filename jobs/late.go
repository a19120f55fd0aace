package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// lookForLate looks once more for batches of a job that was rebuilt. Batches that were listed too late have requests that
// other batches have too, and are counted. It returns the IDs of batches that may be such duplicates and still run.
func (e *engine) lookForLate(ctx context.Context, about *description) (running []string, err error) {
	if about.Epoch == 0 || about.Service == nil {
		return nil, nil
	}
	var concluded time.Time
	err = e.store.View(ctx, func(tx store.Tx) error {
		a, err := tx.Attempt(e.job, 0, about.Epoch)
		if errors.Is(err, store.ErrNotFound) { // there was nothing to look for
			return nil
		}
		concluded = a.Fenced
		return err
	})
	if err != nil || concluded.IsZero() {
		return nil, err
	}
	for found, err := range e.client.List(ctx, client.WithPageSize(100), client.WithVersion(e.version)) {
		if err != nil {
			return nil, err
		}
		if about.isOlder(found) {
			break
		}
		if about.isOthers(found) {
			continue
		}
		var c *store.Created
		err := e.store.View(ctx, func(tx store.Tx) (err error) {
			c, err = known(tx, found.ID)
			return err
		})
		switch {
		case err != nil:
			return nil, err
		case c != nil:
		case found.Ended():
			if _, err := e.identify(ctx, &store.Batch{Job: e.job}, found.ID); err != nil {
				return nil, err
			}
		case found.CreatedAt.Before(concluded.Add(e.timing.lag)):
			running = append(running, found.ID)
		}
	}
	return running, nil
}
