package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/sqlite"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// What may be wanted of a job.
const (
	wantPause  = "pause"
	wantCancel = "cancel"
	wantResume = "resume"
)

// Pause stops the sending of the job in a directory, until [Resume]. If another program is running the job, that obeys
// within 2 seconds, and its Run ends when what was sent has been collected; later Runs do no more than that. By says who
// wants it, for the log.
func Pause(ctx context.Context, dir, by string) error { return command(ctx, dir, wantPause, by) }

// Resume has the job in a directory send again, after [Pause] or after it paused of itself. A program that is running the job
// goes on within 2 seconds; if none is, the next Run does.
func Resume(ctx context.Context, dir, by string) error { return command(ctx, dir, wantResume, by) }

// Cancel cancels the job in a directory, for good, also if another program is running it: that obeys within 2 seconds.
// Nothing more is sent, and the batches that run are canceled at the service. The next Run, or the one that is under way,
// collects what they have come to, which is paid for, and writes the output. Requests that were not sent have a canceled
// result there. By says who wants it, for the log.
func Cancel(ctx context.Context, dir, by string) error { return command(ctx, dir, wantCancel, by) }

func command(ctx context.Context, dir, what, by string) error {
	if err := give(ctx, dir, what, by, func(store.Tx, *store.Job) error { return nil }); err != nil {
		return fmt.Errorf("job %s: %w", dir, err)
	}
	return nil
}

// give gives a command to the program that is running a job. If there is none, it obeys itself. An error of check refuses
// the command.
func give(ctx context.Context, dir, what, by string, check func(store.Tx, *store.Job) error) (err error) {
	j := &Job{dir: dir, disk: osDisk{}}
	if err := j.readDescription(); err != nil {
		return err
	}
	name := filepath.Join(dir, databaseName)
	l, record, err := takeLock(filepath.Join(dir, lockName))
	if l != nil {
		defer func() { err = errors.Join(err, l.release()) }()
	}
	alone := err == nil
	if alone {
		err = j.lost(ctx, name, record)
	}
	if err != nil && !errors.Is(err, ErrLocked) {
		return err
	}
	db, err := sqlite.Open(ctx, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.Update(ctx, func(tx store.Tx) error {
		row, err := tx.Job(j.about.ID)
		if err == nil {
			err = check(tx, row)
		}
		if err != nil {
			return err
		}
		return tx.PutCommand(&store.Command{Job: j.about.ID, What: what, By: by, At: tx.Now()})
	})
	if err != nil || !alone {
		return err
	}
	return (&engine{job: j.about.ID, store: db}).obey(ctx)
}

// obey does what is wanted of the job, one command after the other.
func (e *engine) obey(ctx context.Context) error {
	for more := true; more; {
		err := e.store.Update(ctx, func(tx store.Tx) error {
			j, err := tx.Job(e.job)
			if err != nil {
				return err
			}
			c, err := tx.Command(e.job)
			if more = err == nil && j.State != store.Rebuilding; errors.Is(err, store.ErrNotFound) || !more && err == nil {
				return nil // it waits until the job is rebuilt
			}
			if err != nil {
				return err
			}
			event := store.Event{Job: e.job, At: tx.Now(), Text: fmt.Sprintf("%.100q wants it", cmp.Or(c.By, "somebody"))}
			switch {
			case c.What == wantPause && (j.State == store.Running || j.State == store.Paused):
				j.State, j.Why, event.Kind = store.Held, event.Text, "paused"
			case c.What == wantResume && (j.State == store.Held || j.State == store.Paused):
				j.State, j.Why, event.Kind = store.Running, "", "resumed"
			case c.What == wantCancel && j.State != store.Done && j.State != store.Canceled:
				j.State, j.Why, event.Kind = store.Canceled, "", "canceled"
			default:
				return errors.Join(adopt(tx, e.job, c), tx.DeleteCommand(c.ID))
			}
			return errors.Join(tx.PutJob(j), tx.AddEvent(&event), tx.DeleteCommand(c.ID))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// canceled reports whether the job was canceled.
func (e *engine) canceled(ctx context.Context) (canceled bool, err error) {
	err = e.store.View(ctx, func(tx store.Tx) error {
		j, err := tx.Job(e.job)
		canceled = err == nil && j.State == store.Canceled
		return err
	})
	return canceled, err
}

// cancel cancels a batch of a job that was canceled, once, if a response to a create of ours has named it.
func (e *engine) cancel(ctx context.Context, b *store.Batch) error {
	canceled, err := e.canceled(ctx)
	if err != nil || !canceled {
		return err
	}
	var c *store.Created
	err = e.store.View(ctx, func(tx store.Tx) (err error) {
		c, err = tx.Created(b.BatchID)
		return err
	})
	if err != nil || !c.Named || c.Canceled {
		return err
	}
	if _, err := e.client.Cancel(ctx, b.BatchID, client.WithVersion(e.version)); err != nil && !errors.Is(err, client.ErrNotFound) {
		return err
	}
	return e.store.Update(ctx, func(tx store.Tx) error {
		c, err := tx.Created(b.BatchID)
		if err != nil {
			return err
		}
		c.Canceled = true
		return tx.PutCreated(c)
	})
}
