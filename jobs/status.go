package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/sqlite"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A Status is the progress of a job.
type Status struct {
	ID       string        `json:"id"`                 // ID of the job
	State    string        `json:"state"`              // running, paused, done, canceled or rebuilding
	Why      string        `json:"why,omitempty"`      // why it is paused, or what it waits for while it is rebuilding
	Open     bool          `json:"open"`               // whether a program has the job open now
	Begun    time.Time     `json:"begun"`              // when the job was begun
	Input    string        `json:"input,omitempty"`    // file of requests; "" until it was divided into batches
	Requests int64         `json:"requests"`           // requests in the input; 0 until it was divided into batches
	Settled  int64         `json:"settled"`            // of these, requests that have their final result
	Rounds   []RoundStatus `json:"rounds"`             // progress of each round
	Doubtful []DoubtStatus `json:"doubtful,omitempty"` // batches that the service may or may not have accepted
	Oldest   *BatchStatus  `json:"oldest,omitempty"`   // of the batches that are running, the one that was accepted first
	Queue    QueueStatus   `json:"queue"`              // requests waiting on the server

	// Aging is the number of batches that were created more than 20 days ago and whose results are not stored yet.
	// ResultsUntil is when the service deletes the first of these results. Both are zero if there are no such batches.
	Aging        int       `json:"aging,omitempty"`
	ResultsUntil time.Time `json:"results_until,omitzero"`

	Deleted bool `json:"deleted,omitempty"` // the batches of the job were deleted on the server
	Pruned  bool `json:"pruned,omitempty"`  // the parts of the job were deleted: only the output is left
}

// A RoundStatus is the progress of one round: of the requests that are sent for the first time (Round 0), for the second
// time, and so on.
type RoundStatus struct {
	Round    int   `json:"round"`    // from 0
	Batches  int64 `json:"batches"`  // number of batches
	Ended    int64 `json:"ended"`    // of these batches, those that have ended on the server
	Requests int64 `json:"requests"` // number of requests
	Settled  int64 `json:"settled"`  // of these requests, those that are not resent

	// The following counts of requests add up to Requests.

	Planned   int64 `json:"planned"`   // not yet sent
	Sending   int64 `json:"sending"`   // being sent
	Doubtful  int64 `json:"doubtful"`  // in batches that the service may or may not have accepted
	Waiting   int64 `json:"waiting"`   // waiting or running on the server
	Unread    int64 `json:"unread"`    // in batches that have ended and whose results are not stored yet
	Collected int64 `json:"collected"` // in batches whose results are stored
	Gone      int64 `json:"gone"`      // in batches whose results can no longer be read
}

// A DoubtStatus is a batch that the service may or may not have accepted.
type DoubtStatus struct {
	Seq      int64  `json:"seq"`                // number of the batch in the job
	Requests int    `json:"requests"`           // in the batch
	BatchID  string `json:"batch_id,omitempty"` // ID of the batch on the server that may be this one, if there is exactly one
	Waited   string `json:"waited"`             // how long the job has looked for it
}

// A QueueStatus reports how many requests of an organization are waiting on the server, over all jobs in the store. The
// store of a directory has one job.
type QueueStatus struct {
	Organization string    `json:"organization,omitempty"` // ID of the organization; "" before the first call
	Waiting      int64     `json:"waiting"`                // requests
	Limit        int64     `json:"limit,omitempty"`        // maximum of Waiting; 0 is no limit
	Until        time.Time `json:"until,omitzero"`         // when a temporary lower limit ends, which was set because the service refused more
}

// Inspect returns the status of the job in a directory. It only reads files, and works whether or not a program is running
// the job.
func Inspect(ctx context.Context, dir string) (s *Status, err error) {
	err = inspect(ctx, dir, func(j *Job) error {
		if s, err = j.status(ctx); err != nil {
			return err
		}
		s.Open, err = isLocked(filepath.Join(dir, lockName))
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func stateOf(row *store.Job) string {
	if row.State == store.Held {
		return string(store.Paused)
	}
	return string(row.State)
}

// inspect calls f with the job in a directory, opened for reading.
func inspect(ctx context.Context, dir string, f func(*Job) error) error {
	j := &Job{dir: dir, disk: osDisk{}, blobs: directory{osDisk{}, dir}, timing: realTiming, clock: newClock()}
	err := j.readDescription()
	if err == nil {
		var db *sqlite.DB
		if db, err = sqlite.OpenReadOnly(ctx, filepath.Join(dir, databaseName)); err == nil {
			defer db.Close()
			j.store = db
			if err = j.hasBegun(ctx); err == nil {
				err = f(j)
			}
		}
	}
	if err != nil {
		return fmt.Errorf("job %s: %w", dir, err)
	}
	return nil
}

// hasBegun returns an error if the database does not have the job: a program was killed while it created the directory, which
// is as if there were no job yet, or the database was lost and another program has created an empty one.
func (j *Job) hasBegun(ctx context.Context) error {
	_, err := j.row(ctx)
	switch {
	case !errors.Is(err, store.ErrNotFound):
		return err
	case j.about.Input != nil || j.about.Service != nil:
		return ErrDatabaseLost
	}
	return fmt.Errorf("the job has not begun: %w", fs.ErrNotExist)
}

// Status returns the progress of the job.
func (j *Job) Status(ctx context.Context) (*Status, error) {
	s, err := j.status(ctx)
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", j.dir, err)
	}
	s.Open = true
	return s, nil
}

func (j *Job) status(ctx context.Context) (s *Status, err error) {
	err = j.store.View(ctx, func(tx store.Tx) error {
		row, err := tx.Job(j.about.ID)
		if err != nil {
			return err
		}
		s = &Status{
			ID: row.ID, State: stateOf(row), Why: row.Why, Begun: j.about.Created, Requests: row.Lines, Deleted: j.about.Deleted != nil, Pruned: j.about.Pruned != nil,
		}
		if j.about.Input != nil {
			s.Input = j.about.Input.Name
		}
		if s.Queue, err = queueOf(tx, row.Organization); err != nil {
			return err
		}
		return eachBatch(tx, row.ID, func(b *store.Batch) error { return s.add(tx, b) })
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// queueOf returns the queue of an organization.
func queueOf(tx store.Tx, organization string) (QueueStatus, error) {
	waiting, err := tx.Waiting(organization)
	if err != nil {
		return QueueStatus{}, err
	}
	limit, err := tx.Limit(organization)
	if err != nil {
		return QueueStatus{}, err
	}
	q := QueueStatus{Organization: organization, Waiting: waiting, Limit: limit.Allowed(tx.Now())}
	if q.Limit != limit.Requests {
		q.Until = limit.Until
	}
	return q, nil
}

// eachBatch calls f with each batch of a job, ordered by Seq.
func eachBatch(tx store.Tx, job string, f func(*store.Batch) error) error {
	const atATime = 1000
	for after := int64(0); ; {
		some, err := tx.Batches(job, nil, after, atATime)
		if err != nil {
			return err
		}
		for _, b := range some {
			if err := f(b); err != nil {
				return err
			}
			after = b.Seq
		}
		if len(some) < atATime {
			return nil
		}
	}
}

// add adds a batch. Batches come in any order of rounds.
func (s *Status) add(tx store.Tx, b *store.Batch) error {
	for len(s.Rounds) <= b.Round {
		s.Rounds = append(s.Rounds, RoundStatus{Round: len(s.Rounds)})
	}
	r, n := &s.Rounds[b.Round], int64(b.Requests)
	r.Batches++
	r.Requests += n
	switch b.State {
	case store.Planned:
		r.Planned += n
	case store.Submitting:
		r.Sending += n
	case store.Doubtful, store.Unproven:
		r.Doubtful += n
		a, err := tx.Attempt(b.Job, b.Seq, b.Attempt)
		if err != nil {
			return err
		}
		s.Doubtful = append(s.Doubtful, DoubtStatus{b.Seq, b.Requests, b.BatchID, a.Waited.String()})
	case store.Proven:
		r.Waiting += n
		if o := s.Oldest; o == nil || !b.Created.IsZero() && (o.Created.IsZero() || b.Created.Before(o.Created)) {
			s.Oldest = new(batchStatus(b))
		}
	case store.Ended:
		r.Unread += n
		r.Ended++
	case store.Collected, store.Settled:
		r.Collected += n
		if b.BatchID != "" {
			r.Ended++
		}
	case store.Gone:
		r.Gone += n
		r.Ended++
	}
	if isAging(b, tx.Now()) {
		until := b.Created.Add(resultsLife)
		if s.Aging++; s.Aging == 1 || until.Before(s.ResultsUntil) {
			s.ResultsUntil = until
		}
	}
	settled := max(0, b.Part.Lines-b.Again.Lines)
	r.Settled += settled
	s.Settled += settled
	return nil
}

// isLocked reports whether a program has taken the lock of a job.
func isLocked(name string) (bool, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	err = probeLock(f)
	if errors.Is(err, ErrLocked) {
		return true, nil
	}
	return false, err
}
