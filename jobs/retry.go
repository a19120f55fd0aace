package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A Retryable is a kind of final results whose requests [Job.Retry] can resend.
type Retryable string

// The kinds of results that can be retried.
const (
	RetryCanceled Retryable = "canceled" // the batch was canceled
	RetryExpired  Retryable = "expired"  // the request expired, in the last round
	RetryErrored  Retryable = "errored"  // the request failed for good, or in the last round
	RetryMissing  Retryable = "missing"  // accepted, but without a readable result: the request may be paid for twice
	RetryRejected Retryable = "rejected" // an answer that Options.Accept did not accept: the request is paid for again
)

// Retry makes the next [Job.Run] of a job that is done resend requests, in a further round: those whose final results are of
// the given kinds, by default canceled, expired and errored. It returns the number of these requests; if it is 0, the job
// stays done. The output is kept until that run has written the new one, in which answers replace the earlier results. A job
// that was canceled or pruned cannot be retried.
func (j *Job) Retry(ctx context.Context, kinds ...Retryable) (int64, error) {
	n, err := j.retry(ctx, kinds)
	if err != nil {
		return 0, fmt.Errorf("job %s: %w", j.dir, err)
	}
	return n, nil
}

func (j *Job) retry(ctx context.Context, kinds []Retryable) (int64, error) {
	if len(kinds) == 0 {
		kinds = []Retryable{RetryCanceled, RetryExpired, RetryErrored}
	}
	for _, k := range kinds {
		if !slices.Contains([]Retryable{RetryCanceled, RetryExpired, RetryErrored, RetryMissing, RetryRejected}, k) {
			return 0, fmt.Errorf("unknown kind of results %.20q", string(k))
		}
	}
	row, err := j.row(ctx)
	switch {
	case err != nil:
		return 0, err
	case row.State == store.Canceled:
		return 0, errors.New("the job was canceled")
	case row.State != store.Done:
		return 0, ErrNotDone
	case j.about.Pruned != nil:
		return 0, ErrPruned
	}
	if err := j.remembers(ctx); err != nil {
		return 0, err
	}
	if err := j.checkInput(j.about.Input.Name); err != nil {
		return 0, err
	}
	e := j.engine(nil, j.about.Input.Name)
	var wanted []int64
	err = e.merge(ctx, row.Lines, func(f final) error {
		if slices.Contains(kinds, kindOf(f)) {
			wanted = append(wanted, f.index)
		}
		if f.index%1000 == 0 {
			return context.Cause(ctx)
		}
		return nil
	})
	if err != nil || len(wanted) == 0 {
		return 0, err
	}
	entries, round, err := e.entries(ctx, wanted)
	if err != nil {
		return 0, err
	}
	batches, err := e.divide(ctx, entries, row.NextSeq, round, nil)
	if err != nil {
		return 0, err
	}
	if err := j.reopen(); err != nil {
		return 0, err
	}
	if err := j.replan(ctx, row, batches); err != nil {
		return 0, err
	}
	return int64(len(wanted)), nil
}

// kindOf returns the kind of a final result, or "" if its request cannot be resent.
func kindOf(f final) Retryable {
	switch f.grade {
	case missing:
		return RetryMissing
	case rejected:
		return RetryRejected
	case answered:
		return ""
	}
	item := client.ParseItem(f.raw, 0)
	switch err := item.Err(); {
	case errors.Is(err, client.ErrCanceled):
		return RetryCanceled
	case errors.Is(err, client.ErrExpired):
		return RetryExpired
	}
	return RetryErrored
}

// entries returns the entries of requests to resend, as they were last sent, and the number of the next round.
func (e *engine) entries(ctx context.Context, wanted []int64) (entries []entry, round int, err error) {
	f, err := e.disk.Open(e.input.name)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	r := newLineReader(f, 0)
	for index := int64(0); len(entries) < len(wanted); index++ {
		l, err := r.next(func([]byte) {})
		if err == io.EOF {
			err = ErrInputChanged
		}
		if err != nil {
			return nil, 0, err
		}
		if index == wanted[len(entries)] {
			entries = append(entries, entry{index: index, offset: l.offset, end: l.end})
		}
		if index%1000 == 0 && ctx.Err() != nil {
			return nil, 0, context.Cause(ctx)
		}
	}
	var lists []string // by round
	err = e.store.View(ctx, func(tx store.Tx) error {
		lists = nil
		return eachBatch(tx, e.job, func(b *store.Batch) error {
			if round = max(round, b.Round+1); b.Lines != "" {
				lists = append(lists, b.Lines)
			}
			return nil
		})
	})
	if err != nil {
		return nil, 0, err
	}
	for _, name := range lists {
		for changed, err := range readList(ctx, e.blobs, name) {
			if err != nil {
				return nil, 0, err
			}
			if at, ok := slices.BinarySearch(wanted, changed.index); ok {
				entries[at].text = slices.Clone(changed.text)
			}
		}
	}
	return entries, round, nil
}

// replan stores the batches of a further round, and sets the job to running.
func (j *Job) replan(ctx context.Context, was *store.Job, batches []*store.Batch) error {
	return j.store.Update(ctx, func(tx store.Tx) error {
		row, err := tx.Job(j.about.ID)
		if err != nil {
			return err
		}
		if row.State != store.Done || row.NextSeq != was.NextSeq {
			return errMoved
		}
		for _, b := range batches {
			if err := errors.Join(tx.PutBatch(b), event(tx, b, EventPlanned, "%s to resend, on request", plural(b.Requests, "request"))); err != nil {
				return err
			}
		}
		row.State, row.NextSeq = store.Running, row.NextSeq+int64(len(batches))
		return tx.PutJob(row)
	})
}
