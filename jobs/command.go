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

// The commands for a job.
const (
	wantPause  = "pause"
	wantCancel = "cancel"
	wantResume = "resume"
)

// Pause stops the job in a directory from sending requests until [Resume] is called. If another program is running the job,
// it stops sending within 2 seconds, and its Run returns when everything that was sent has been collected. Later Runs only
// collect, too. The argument by names who requested it, for the log.
func Pause(ctx context.Context, dir, by string) error { return command(ctx, dir, wantPause, by) }

// Resume lets the job in a directory send requests again, after [Pause] or after the job paused by itself. A program that is
// running the job resumes within 2 seconds; if there is none, the next Run does. The argument by names who requested it, for
// the log.
func Resume(ctx context.Context, dir, by string) error { return command(ctx, dir, wantResume, by) }

// Cancel cancels the job in a directory for good. If another program is running the job, it obeys within 2 seconds. Nothing
// more is sent, and batches that are running are canceled on the server. The current Run, or the next one, collects the
// results that these batches have, which are paid for, and writes the output. There, requests that were not sent have a
// canceled result. The argument by names who requested it, for the log.
func Cancel(ctx context.Context, dir, by string) error { return command(ctx, dir, wantCancel, by) }

func command(ctx context.Context, dir, what, by string) error {
	if err := issue(ctx, dir, what, by, func(store.Tx, *store.Job) error { return nil }); err != nil {
		return fmt.Errorf("job %s: %w", dir, err)
	}
	return nil
}

// issue passes a command to the program that is running a job. If there is none, it executes the command itself. An error of
// check refuses the command.
func issue(ctx context.Context, dir, what, by string, check func(store.Tx, *store.Job) error) (err error) {
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

// obey executes the commands for the job, one after the other.
func (e *engine) obey(ctx context.Context) error {
	for more := true; more; {
		err := e.store.Update(ctx, func(tx store.Tx) error {
			j, err := tx.Job(e.job)
			if err != nil {
				return err
			}
			c, err := tx.Command(e.job)
			if more = err == nil && j.State != store.Rebuilding; errors.Is(err, store.ErrNotFound) || !more && err == nil {
				return nil // commands wait until the job is rebuilt
			}
			if err != nil {
				return err
			}
			event := store.Event{Job: e.job, At: tx.Now(), Text: fmt.Sprintf("requested by %.100q", cmp.Or(c.By, "somebody"))}
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

// cancel cancels a batch of a job that was canceled, once, if it was named in the response to one of our creates.
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
