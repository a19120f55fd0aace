package jobs

import (
	"context"
	"fmt"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// fitsShare reports whether a batch fits into the share of the limit that its job may use. A single batch always does.
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

// SetShare sets the maximum share of the organization's limit of waiting requests that a job may use, from 1 to 100 percent,
// so that other jobs have room. The job may always have one batch waiting. The share applies to batches that are sent from
// now on. The default is 100.
func (p *Pool) SetShare(ctx context.Context, job string, percent int) error {
	if percent < 1 || percent > 100 {
		return fmt.Errorf("job %.100s: share of %d percent is not from 1 to 100", job, percent)
	}
	return p.change(ctx, job, func(j *store.Job) { j.Share = percent })
}

// SetPriority sets the priority of a job, from 1, which sends first, to 4, which sends last. The default is 2. A job sends
// only when no batch of a job with a higher priority fits into the limit.
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
