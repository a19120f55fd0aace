package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// ErrPruned is the error of calls that need files that [Job.Prune] has deleted.
var ErrPruned = errors.New("the files of the job were pruned")

// agingAfter is the age of a batch from which its unread results are aging.
const agingAfter = 20 * 24 * time.Hour

// isAging reports whether a batch has, or will have, results that are not stored and that the service deletes soon.
func isAging(b *store.Batch, now time.Time) bool {
	return (b.State == store.Proven || b.State == store.Ended) && !b.Created.IsZero() && now.Sub(b.Created) > agingAfter
}

// warn records an event for aging results, once for each batch and run.
func (l *loop) warn(ctx context.Context) error {
	var aging []*store.Batch
	err := l.store.View(ctx, func(tx store.Tx) error {
		aging = nil
		open, err := tx.Batches(l.engine.job, []store.State{store.Proven, store.Ended}, 0, 0)
		for _, b := range open {
			if isAging(b, tx.Now()) && !l.warned[b.Seq] {
				aging = append(aging, b)
			}
		}
		return err
	})
	if err != nil || len(aging) == 0 {
		return err
	}
	if l.warned == nil {
		l.warned = make(map[int64]bool)
	}
	return l.store.Update(ctx, func(tx store.Tx) error {
		for _, b := range aging {
			l.warned[b.Seq] = true
			until := b.Created.Add(resultsLife).UTC().Format(time.RFC3339)
			if err := event(tx, b, EventAging, "the results of batch %s are not stored yet, and the service deletes them at %s", b.BatchID, until); err != nil {
				return err
			}
		}
		return nil
	})
}

// whenDone does the remaining work for a job that is done.
func (j *Job) whenDone(ctx context.Context, c *client.Client) (*Report, error) {
	if j.options.DeleteAfterVerify {
		if err := j.deleteBatches(ctx, c); err != nil {
			return nil, fmt.Errorf("the output is complete, but batches could not be deleted: %w", err)
		}
	}
	return j.report(ctx)
}

// DeleteBatches deletes the batches of the job on the server, with their prompts and results. The job must be done. It first
// calls [Job.Verify] and returns its error. It deletes only batches that the response to a create of the job, or a custom ID
// in their results, proves to belong to the job. Batches that no longer exist are not an error. The client retries calls as
// usual; if one fails for good, the next DeleteBatches continues.
func (j *Job) DeleteBatches(ctx context.Context, c *client.Client) error {
	if err := j.deleteBatches(ctx, c); err != nil {
		return fmt.Errorf("job %s: %w", j.dir, err)
	}
	return nil
}

func (j *Job) deleteBatches(ctx context.Context, c *client.Client) error {
	if j.about.Deleted != nil {
		return nil
	}
	row, err := j.row(ctx)
	if err != nil {
		return err
	}
	if row.State != store.Done && row.State != store.Canceled {
		return ErrNotDone
	}
	if err := j.Verify(ctx); err != nil {
		return err
	}
	e := j.engine(c, j.about.Input.Name)
	if _, err := e.lookFirst(ctx); err != nil { // with the key of another workspace, all batches would seem to be deleted
		return err
	}
	if err := j.remembers(ctx); err != nil {
		return err
	}
	var all []*store.Created
	err = j.store.View(ctx, func(tx store.Tx) (err error) {
		all, err = tx.CreatedIn(j.about.ID, []store.Role{store.Ours, store.Spare, store.Orphan}, "", 0)
		return err
	})
	if err != nil {
		return err
	}
	deleted := 0
	for _, b := range all {
		if !b.Proven || !b.Ended {
			continue
		}
		if err := c.Delete(ctx, b.BatchID, client.WithVersion(e.version)); err != nil && !errors.Is(err, client.ErrNotFound) {
			return err
		}
		deleted++
	}
	err = j.store.Update(ctx, func(tx store.Tx) error {
		return tx.AddEvent(&store.Event{Job: j.about.ID, At: tx.Now(), Kind: string(EventDeleted), Text: plural(deleted, "batch") + " deleted on the server"})
	})
	if err != nil {
		return err
	}
	j.about.Deleted = new(j.clock.wall())
	return j.writeDescription()
}

// errForgotten is the error for a job whose database was lost after the job was done.
var errForgotten = errors.New("the database was lost after the job was done: its batches are unknown")

// remembers returns errForgotten if the batches of a job that is done are unknown.
func (j *Job) remembers(ctx context.Context) error {
	return j.store.View(ctx, func(tx store.Tx) error {
		some, err := tx.Batches(j.about.ID, nil, 0, 1)
		if err == nil && len(some) == 0 {
			err = errForgotten
		}
		return err
	})
}

// reopen records that requests are resent: there will be batches that are not deleted, and another output.
func (j *Job) reopen() error {
	j.about.Deleted, j.about.Open = nil, true
	return j.writeDescription()
}

// Prune deletes the files of a job that hold prompts and results, if the job has been done for at least age: the parts, the
// lists of requests that were resent, and the input if it came from [Requests]. It keeps the output, the report, the
// database, and an input from [Lines]. Afterwards the results can still be read, but nothing can be resent. Prune returns
// the number of deleted files, which is 0 if the job is not old enough. If the job is not done, the error is [ErrNotDone].
func (j *Job) Prune(ctx context.Context, age time.Duration) (int, error) {
	n, err := j.prune(ctx, age)
	if err != nil {
		return 0, fmt.Errorf("job %s: %w", j.dir, err)
	}
	return n, nil
}

func (j *Job) prune(ctx context.Context, age time.Duration) (n int, err error) {
	row, err := j.row(ctx)
	if err != nil {
		return 0, err
	}
	r, err := j.report(ctx)
	if row.State != store.Done && row.State != store.Canceled || err != nil {
		return 0, ErrNotDone
	}
	if j.clock.wall().Sub(r.Done) < age {
		return 0, nil
	}
	if j.about.Pruned == nil { // before anything is deleted, so that missing files are not taken for damage
		j.about.Pruned = new(j.clock.wall())
		if err := j.writeDescription(); err != nil {
			return 0, err
		}
	}
	var names []string
	err = j.store.View(ctx, func(tx store.Tx) error {
		names = nil
		return eachBatch(tx, j.about.ID, func(b *store.Batch) error {
			for _, name := range []string{b.Part.Name, b.Again.Name, b.Lines, b.Skip} {
				if name != "" {
					names = append(names, name)
				}
			}
			return nil
		})
	})
	if err != nil {
		return 0, err
	}
	for _, dir := range []string{"parts", "lists", temporaries} { // files left by a crash, or unknown because the database was lost
		left, err := j.disk.List(filepath.Join(j.dir, dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		for _, name := range left {
			if name = dir + "/" + name; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, name := range names {
		if err := j.blobs.Delete(ctx, name); err != nil {
			return n, err
		}
		n++
	}
	if spool, err := filepath.Abs(filepath.Join(j.dir, spoolName)); err == nil && j.about.Input.Name == spool {
		if err := ignoreMissing(j.disk.Remove(spool)); err != nil {
			return n, err
		}
		n++
	}
	return n, j.store.Update(ctx, func(tx store.Tx) error {
		return tx.AddEvent(&store.Event{Job: j.about.ID, At: tx.Now(), Kind: string(EventPruned), Text: plural(n, "file") + " deleted"})
	})
}
