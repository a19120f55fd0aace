package jobs

import (
	"context"
	"fmt"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// fitsShare reports whether a batch fits into the part of the limit that its job may use. One batch always does.
func fitsShare(tx store.Tx, j *store.Job, b *store.Batch, allowed int64) (bool, error) {
	if j.Share == 0 {
		return true, nil
	}
	sums, err := tx.Summary(j.ID)
	own := int64(0)
	for _, s := range sums {
		switch s.State {
		case store.Submitting, store.Doubtful, store.Unproven, store.Proven:
			own += s.Requests
		}
	}
	return err == nil && (own == 0 || own+int64(b.Requests) <= allowed*int64(j.Share)/100), err
}

// SetShare sets how many percent of the organization's limit of waiting requests a job may use at most, from 1 to 100, so that
// others find room; one batch of it may wait in any case. It holds for batches that are sent from now on. The default is 100.
func (p *Pool) SetShare(ctx context.Context, job string, percent int) error {
	if percent < 1 || percent > 100 {
		return fmt.Errorf("job %.100s: %d percent is not from 1 to 100", job, percent)
	}
	return p.change(ctx, job, func(j *store.Job) { j.Share = percent })
}

// SetPriority sets which jobs send first if not all can, from 1, the first, to 4. The default is 2. A job of a later
// priority sends when no batch of an earlier one fits.
func (p *Pool) SetPriority(ctx context.Context, job string, priority int) error {
	if priority < 1 || priority > 4 {
		return fmt.Errorf("job %.100s: priority %d is not from 1 to 4", job, priority)
	}
	return p.change(ctx, job, func(j *store.Job) { j.Priority = priority })
}

func (p *Pool) change(ctx context.Context, job string, f func(*store.Job)) error {
	err := p.store.Update(ctx, func(tx store.Tx) error {
		j, err := tx.Job(job)
		if err != nil {
			return err
		}
		f(j)
		return tx.PutJob(j)
	})
	if err != nil {
		return fmt.Errorf("job %.100s: %w", job, err)
	}
	return nil
}
