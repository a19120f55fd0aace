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

// Rebuild gives the job in a directory a new database, if its own is lost: if [Open] returns an [ErrDatabaseLost]. A
// database that is damaged counts as lost once its files, job.db, job.db-wal and job.db-shm, have been moved away. If the
// database is there, Rebuild does nothing.
//
// The next [Job.Run] finds the batches of the job by the custom IDs in their results, reads those whose results are not in
// the directory any more, and sends what it has not found. It sends nothing before 50 minutes have passed and all batches
// of the workspace that are newer than the job have ended, which may take a day; [Status] and events say which it waits
// for. If the results of one of them cannot be read, the run is a [*PausedError] that names it; [Resend] then takes it for
// somebody else's. A job that had written its output is done at once.
//
// Batches that were deleted at the service before their results were stored are not found, and their requests are sent
// again. What the database alone knew is lost: that the job was canceled, its events, and how [Options.Again] had changed
// requests, if the lists in the directory are lost too.
func Rebuild(ctx context.Context, dir string) error { return renewed(ctx, dir, false) }

// TakeOver does what [Rebuild] does for a directory that was copied, or restored from a backup: for which [Open] returns an
// [ErrCopied]. It says that no other program will ever run the job where it was before, be it on this machine or on another
// one. If that is not so, or if two copies are both taken over, requests are sent twice. The database that was copied is
// kept as job.db.old, and not used, because batches may have been sent since. If the directory is where it was, TakeOver
// does nothing.
//
// A copy of a whole disk, such as a snapshot of a virtual machine, cannot be told from the disk itself: of two machines with
// one only one may run the job.
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

// lost says what is wrong with the database of a job: it is lost, of another time, or all right.
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

// raise notes in the description that the job is begun anew. Seqs follow from that, so that no batch of before has one of
// those to come.
func (j *Job) raise(copied bool) error {
	j.about.Epoch++
	if copied && j.about.Service == nil {
		j.about.Service = new(introduction) // whoever has run it elsewhere may have sent something
	}
	return j.writeDescription()
}

// plant begins the job in a store that has nothing of it.
func (j *Job) plant(ctx context.Context, runs int64) error {
	row := &store.Job{ID: j.about.ID, Epoch: j.about.Epoch, Runs: runs, NextSeq: firstSeq(j.about.Epoch)}
	if s := j.about.Service; s != nil {
		row.Organization, row.Workspace = s.Organization, s.Workspace
	}
	row.State, row.Lines = j.anew(ctx, false)
	if row.Planned = row.State == store.Done; row.State == store.Rebuilding {
		row.Why = "looks for its batches"
	}
	return j.store.Update(ctx, func(tx store.Tx) error { return tx.PutJob(row) })
}

// anew returns the state in which a job is begun anew, and how many requests it has, if that is known.
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

// moveDatabase gives the files of a database, as far as they are there, other names.
func moveDatabase(name string) error {
	for _, ending := range []string{"-wal", "-shm", ""} { // the first ones were joined to the last one when it was closed
		if err := ignoreMissing(os.Rename(name+ending, name+ending+".old")); err != nil {
			return err
		}
	}
	return nil
}

// errDeleted is the error of a job whose results are in its output alone, which is lost or was changed.
var errDeleted = errors.New("its batches were deleted at the service, or its parts here, and its output is not the one that was written: restore that file")

// firstSeq returns the number of the first batch of an epoch.
func firstSeq(epoch int) int64 { return int64(epoch)<<epochBits + 1 }

func epochOf(seq int64) int { return int(seq >> epochBits) }

const epochBits = 32
