package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed-111a911e/messagebatches/jobs/sqlite"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// Rebuild creates a new database for the job in a directory if its database is lost, that is, if [Open] returns
// [ErrDatabaseLost]. To rebuild a damaged database, move its files, job.db, job.db-wal and job.db-shm, away first. If the
// database exists, Rebuild does nothing.
//
// The next [Job.Run] finds the batches of the job by the custom IDs in their results, reads the results that are not in the
// directory, and sends the requests that it has not found. It sends nothing until 50 minutes have passed and all batches of
// the workspace that are newer than the job have ended, which may take a day; [Status] and events name the batches that it
// waits for. If the results of such a batch cannot be read, Run returns a [*PausedError] that names it; a run with [Resend]
// then assumes that the batch does not belong to the job. A job that had written its output is done at once.
//
// Batches that were deleted on the server before their results were stored are not found, and their requests are resent.
// Everything that only the database had is lost: whether the job was canceled, its events, and, if the lists in the
// directory are lost too, how [Options.Again] changed requests.
func Rebuild(ctx context.Context, dir string) error { return renewed(ctx, dir, false) }

// TakeOver does what [Rebuild] does, for a directory that was copied or restored from a backup, that is, if [Open] returns
// [ErrCopied]. Before calling it, make sure that no program will ever run the original job again, on this machine or
// another. Otherwise, or if two copies are both taken over, requests are sent twice. The copied database is kept as
// job.db.old but not used, because batches may have been sent since. If the directory was not copied, TakeOver does nothing.
//
// A copy of a whole disk, such as a snapshot of a virtual machine, cannot be distinguished from the original: if two
// machines have one, only one of them may run the job.
func TakeOver(ctx context.Context, dir string) error { return renewed(ctx, dir, true) }

func renewed(ctx context.Context, dir string, takeOver bool) error {
	if err := renew(ctx, dir, takeOver); err != nil {
		return fmt.Errorf("job %s: %w", dir, err)
	}
	return nil
}

func renew(ctx context.Context, dir string, takeOver bool) (err error) {
	j := &Job{dir: dir, disk: osDisk{}, clock: newClock()}
	if err := j.readDescription(); err != nil {
		return err
	}
	l, record, why := takeLock(filepath.Join(dir, lockName))
	if l == nil {
		return why
	}
	defer func() { err = errors.Join(err, l.release()) }()
	name := filepath.Join(dir, databaseName)
	if why == nil {
		why = j.lost(ctx, name, record)
	}
	switch {
	case why == nil:
		return nil
	case errors.Is(why, ErrCopied) && takeOver, errors.Is(why, ErrDatabaseLost):
	default:
		return why
	}
	copied := errors.Is(why, ErrCopied)
	if state, _ := j.anew(ctx, copied); state == store.Rebuilding {
		switch {
		case j.about.Options.KeepIDs:
			return errKeptIDs
		case j.about.Deleted != nil, j.about.Pruned != nil:
			return errDeleted
		}
	}
	if err := j.raise(copied); err != nil {
		return err
	}
	if copied {
		if err := moveDatabase(name); err != nil {
			return err
		}
	}
	db, err := sqlite.Open(ctx, name)
	if err != nil {
		return err
	}
	j.store = db
	if err := errors.Join(j.plant(ctx, record.Runs+1), db.Close()); err != nil {
		return err
	}
	return l.write(record.Runs+1, record.Runs+1)
}

// lost returns ErrDatabaseLost if the database of a job is lost, ErrCopied if it does not match the lock, and nil if it is
// intact.
func (j *Job) lost(ctx context.Context, name string, record lockRecord) error {
	db, err := sqlite.Open(ctx, name)
	if err != nil {
		return err
	}
	j.store = db
	row, err := j.row(ctx)
	switch {
	case errors.Is(err, store.ErrNotFound):
		err = ErrDatabaseLost
	case err == nil && record.Runs != row.Runs && record.Runs != row.Runs-1:
		err = ErrCopied
	}
	return errors.Join(err, db.Close())
}

// raise increments the epoch in the description. Seqs depend on the epoch, so that new batches never have the Seq of an old
// one.
func (j *Job) raise(copied bool) error {
	j.about.Epoch++
	if copied && j.about.Service == nil {
		j.about.Service = new(introduction) // a program elsewhere may have sent something
	}
	return j.writeDescription()
}

// plant creates the row of the job in an empty store.
func (j *Job) plant(ctx context.Context, runs int64) error {
	row := &store.Job{ID: j.about.ID, Epoch: j.about.Epoch, Runs: runs, NextSeq: firstSeq(j.about.Epoch)}
	if s := j.about.Service; s != nil {
		row.Organization, row.Workspace = s.Organization, s.Workspace
	}
	row.State, row.Lines = j.anew(ctx, false)
	if row.Planned = row.State == store.Done; row.State == store.Rebuilding {
		row.Why = "looking for its batches"
	}
	return j.store.Update(ctx, func(tx store.Tx) error { return tx.PutJob(row) })
}

// anew returns the initial state of a rebuilt job, and the number of its requests, or 0 if that is unknown.
func (j *Job) anew(ctx context.Context, copied bool) (state store.JobState, lines int64) {
	r, err := j.report(ctx)
	switch {
	case err == nil && !j.about.Open && r.Job == j.about.ID && j.about.Input != nil && r.Requests == j.about.Input.Lines && j.verifyFile(r.Output, r.SHA256) == nil:
		return store.Done, r.Requests
	case j.about.Service == nil && !copied:
		return store.Running, 0 // nothing was sent
	}
	return store.Rebuilding, 0
}

// moveDatabase renames the files of a database that exist.
func moveDatabase(name string) error {
	for _, ending := range []string{"-wal", "-shm", ""} { // closing the database merged the first two into the last
		if err := ignoreMissing(os.Rename(name+ending, name+ending+".old")); err != nil {
			return err
		}
	}
	return nil
}

// errDeleted is the error for a job whose results were only in its output, which is lost or was changed.
var errDeleted = errors.New("its batches were deleted on the server, or its parts in the directory, and its output is lost or changed: restore the output")

// firstSeq returns the number of the first batch of an epoch.
func firstSeq(epoch int) int64 { return int64(epoch)<<epochBits + 1 }

func epochOf(seq int64) int { return int(seq >> epochBits) }

const epochBits = 32
