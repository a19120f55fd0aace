package jobs

import (
	"context"
	"fmt"
	"iter"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// Pause stops a job from sending requests. Batches that were sent are still collected. The argument by names who requested
// it, for the log.
func (p *Pool) Pause(ctx context.Context, job, by string) error {
	return p.command(ctx, job, wantPause, by)
}

// Cancel cancels a job for good, as the function [Cancel] does with the job in a directory.
func (p *Pool) Cancel(ctx context.Context, job, by string) error {
	return p.command(ctx, job, wantCancel, by)
}

// Resume lets a paused job send requests again, whatever the reason for the pause. The argument by names who requested it,
// for the log.
func (p *Pool) Resume(ctx context.Context, job, by string) error {
	return p.command(ctx, job, wantResume, by)
}

// command executes a command at once: every program reads the row of the job before it sends.
func (p *Pool) command(ctx context.Context, job, what, by string) error {
	err := p.store.Update(ctx, func(tx store.Tx) error {
		if _, err := tx.Job(job); err != nil {
			return err
		}
		return tx.PutCommand(&store.Command{Job: job, What: what, By: by, At: tx.Now()})
	})
	if err == nil {
		err = (&engine{job: job, store: p.store}).obey(ctx)
	}
	if err != nil {
		return fmt.Errorf("job %.100s: %w", job, err)
	}
	return nil
}

// Jobs returns the IDs of all jobs in the store.
func (p *Pool) Jobs(ctx context.Context) (ids []string, err error) {
	err = p.store.View(ctx, func(tx store.Tx) error {
		ids, err = tx.Jobs()
		return err
	})
	return ids, err
}

// Status returns the progress of a job.
func (p *Pool) Status(ctx context.Context, job string) (*Status, error) {
	j, err := p.open(job)
	if err != nil {
		return nil, err
	}
	return j.Status(ctx)
}

// Batches returns the batches of a job, ordered by Seq.
func (p *Pool) Batches(ctx context.Context, job string) ([]BatchStatus, error) {
	j, err := p.open(job)
	if err != nil {
		return nil, err
	}
	all, err := j.Batches(ctx)
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", job, err)
	}
	return all, nil
}

// Results yields the results of a job that is done, as [Job.Results] does.
func (p *Pool) Results(ctx context.Context, job string) iter.Seq2[*client.Item, error] {
	j, err := p.open(job)
	if err != nil {
		return func(yield func(*client.Item, error) bool) { yield(nil, err) }
	}
	return j.Results(ctx)
}
