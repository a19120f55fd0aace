package jobs

import (
	"context"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// How long the service works on a batch, and how long it keeps the results, both from its creation on.
const (
	batchLife   = 24 * time.Hour
	resultsLife = 29 * 24 * time.Hour
)

// A BatchStatus is how far a batch of a job is.
type BatchStatus struct {
	Seq      int64  `json:"seq"`                // number of the batch in the job, from 1
	Round    int    `json:"round"`              // 0 for requests that are sent for the first time
	State    string `json:"state"`              // planned, submitting, doubtful, unproven, proven, ended, collected, settled or gone
	Requests int    `json:"requests"`           // number
	Bytes    int64  `json:"bytes"`              // of the body, at most
	Attempts int    `json:"attempts"`           // creates that were begun
	BatchID  string `json:"batch_id,omitempty"` // of the service; if State is unproven, the one that may be it

	// Created and Ended are by the service's clock, and zero if they are not known. At Expires the service gives up what it
	// has not worked on, and until ResultsUntil it keeps the results.
	Created      time.Time `json:"created,omitzero"`
	Expires      time.Time `json:"expires,omitzero"`
	Ended        time.Time `json:"ended,omitzero"`
	ResultsUntil time.Time `json:"results_until,omitzero"`

	Results int64 `json:"results"` // that are stored
	Again   int64 `json:"again"`   // of these, those whose requests are sent again
}

func batchStatus(b *store.Batch) BatchStatus {
	s := BatchStatus{
		Seq: b.Seq, Round: b.Round, State: string(b.State), Requests: b.Requests, Bytes: b.Bytes, Attempts: b.Attempt, BatchID: b.BatchID,
		Created: b.Created, Ended: b.EndedAt, Results: b.Part.Lines, Again: b.Again.Lines,
	}
	if !b.Created.IsZero() {
		s.Expires, s.ResultsUntil = b.Created.Add(batchLife), b.Created.Add(resultsLife)
	}
	return s
}

// Batches returns the batches of the job in a directory, by Seq. It reads files only, and does not mind whether a program
// is running the job.
func Batches(ctx context.Context, dir string) (all []BatchStatus, err error) {
	err = inspect(ctx, dir, func(j *Job) error {
		all, err = j.Batches(ctx)
		return err
	})
	return all, err
}

// Batches returns the batches of the job, by Seq.
func (j *Job) Batches(ctx context.Context) (all []BatchStatus, err error) {
	err = j.store.View(ctx, func(tx store.Tx) error {
		all = nil
		return eachBatch(tx, j.about.ID, func(b *store.Batch) error {
			all = append(all, batchStatus(b))
			return nil
		})
	})
	return all, err
}
