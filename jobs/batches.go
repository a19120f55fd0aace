package jobs

import (
	"context"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// How long the service runs a batch and keeps its results, both from its creation.
const (
	batchLife   = 24 * time.Hour
	resultsLife = 29 * 24 * time.Hour
)

// A BatchStatus is the progress of one batch of a job.
type BatchStatus struct {
	Seq      int64  `json:"seq"`                // number of the batch in the job, from 1
	Round    int    `json:"round"`              // 0 if its requests are sent for the first time
	State    string `json:"state"`              // planned, submitting, doubtful, unproven, proven, ended, collected, settled or gone
	Requests int    `json:"requests"`           // number of requests
	Bytes    int64  `json:"bytes"`              // maximum size of the body
	Attempts int    `json:"attempts"`           // number of creates that were begun
	BatchID  string `json:"batch_id,omitempty"` // ID on the server; if State is unproven, of the batch that may be this one

	// Created and Ended are server times, and zero if unknown. At Expires the service stops working on the batch. It keeps
	// the results until ResultsUntil.
	Created      time.Time `json:"created,omitzero"`
	Expires      time.Time `json:"expires,omitzero"`
	Ended        time.Time `json:"ended,omitzero"`
	ResultsUntil time.Time `json:"results_until,omitzero"`

	Results int64 `json:"results"` // number of results that are stored
	Again   int64 `json:"again"`   // of these, results whose requests are resent
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

// Batches returns the batches of the job in a directory, ordered by Seq. It only reads files, and works whether or not a
// program is running the job.
func Batches(ctx context.Context, dir string) (all []BatchStatus, err error) {
	err = inspect(ctx, dir, func(j *Job) error {
		all, err = j.Batches(ctx)
		return err
	})
	return all, err
}

// Batches returns the batches of the job, ordered by Seq.
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
