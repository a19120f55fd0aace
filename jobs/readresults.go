package jobs

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A ResultKind classifies stored results.
type ResultKind string

// The kinds of results, from worst to best.
const (
	ResultMissing  ResultKind = "missing"  // the service accepted the request and has no result
	ResultFailed   ResultKind = "failed"   // errored, expired or canceled
	ResultRejected ResultKind = "rejected" // an answer that Options.Accept did not accept
	ResultAnswered ResultKind = "answered" // an answer
)

// A StoredResult is a stored result of a job: the final one of its request, or an earlier one.
type StoredResult struct {
	Index int64        // index of the request in the input, from 0
	Seq   int64        // number of the batch in the job
	Round int          // of the batch, from 0
	Kind  ResultKind   // kind of the result
	Final bool         // whether it is the final result of the request
	Again bool         // whether the request was resent after it, or will be
	Item  *client.Item // the result, with the custom ID of the input
}

// ReadResults yields the results that the job in a directory has stored so far, in the order of the input, and those of one
// request by round. It omits requests without a stored result, and follow-ups that were not sent. It only reads files, and
// works whether or not a program is running the job. An error is the last thing it yields. It is [ErrPruned] if the stored
// results were deleted and only the output is left.
func ReadResults(ctx context.Context, dir string) iter.Seq2[*StoredResult, error] {
	return func(yield func(*StoredResult, error) bool) {
		left := false
		err := inspect(ctx, dir, func(j *Job) error {
			if j.about.Pruned != nil {
				return ErrPruned
			}
			r := resultReader{job: j, yield: func(s *StoredResult) bool {
				left = !yield(s, nil)
				return !left
			}}
			return r.read(ctx)
		})
		if err != nil && !left {
			yield(nil, err)
		}
	}
}

// ReadReport returns the report of the job in a directory, as [Job.Report] does. It only reads files, and works whether or
// not a program is running the job. If the job was never done, the error is [ErrNotDone]. After [Job.Retry], ReadReport
// returns the earlier report until the job is done again.
func ReadReport(ctx context.Context, dir string) (r *Report, err error) {
	err = inspect(ctx, dir, func(j *Job) error {
		r, err = j.report(ctx)
		if errors.Is(err, os.ErrNotExist) {
			err = ErrNotDone
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// A resultReader merges the stored parts of a job.
type resultReader struct {
	job   *Job
	yield func(*StoredResult) bool
	waits bitset        // requests that are resent and whose next result is not stored
	open  []*partReader // parts with results of the current request or of later ones
}

func (r *resultReader) read(ctx context.Context) error {
	var row *store.Job
	var batches []*store.Batch
	err := r.job.store.View(ctx, func(tx store.Tx) (err error) {
		if row, err = tx.Job(r.job.about.ID); err == nil {
			batches, err = tx.Batches(row.ID, nil, 0, 0)
		}
		return err
	})
	if err != nil {
		return err
	}
	r.waits = newBitset(row.Lines)
	var parts []*store.Batch
	for _, b := range batches {
		switch {
		case b.Part.Name == "" && b.Round > 0:
			err = r.wait(ctx, b.Lines)
		case b.Part.Name != "" && b.Again.Lines > 0 && !b.Cut:
			err = r.wait(ctx, b.Again.Name)
		}
		if err != nil {
			return err
		}
		if b.Part.Name != "" {
			parts = append(parts, b)
		}
	}
	slices.SortFunc(parts, byFirst)
	defer func() {
		for _, p := range r.open {
			p.close()
		}
	}()
	return r.merge(ctx, parts)
}

// wait adds the requests of a list to waits.
func (r *resultReader) wait(ctx context.Context, list string) error {
	for e, err := range readList(ctx, r.job.blobs, list) {
		if err != nil {
			return err
		}
		if e.index >= int64(len(r.waits))*64 {
			return fmt.Errorf("list %s: the input has no request %d", list, e.index)
		}
		r.waits.add(e.index)
	}
	return nil
}

func (r *resultReader) merge(ctx context.Context, parts []*store.Batch) (err error) {
	for len(parts) > 0 || len(r.open) > 0 {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		index := int64(-1) // of the next request with results
		for _, p := range r.open {
			if index < 0 || p.now.index < index {
				index = p.now.index
			}
		}
		if len(parts) > 0 && (index < 0 || parts[0].First <= index) {
			p, err := openPart(ctx, r.job.blobs, parts[0])
			if err != nil {
				return err
			}
			parts, r.open = parts[1:], append(r.open, p)
			continue
		}
		if index >= int64(len(r.waits))*64 {
			return fmt.Errorf("the input has no request %d", index)
		}
		if !r.pass(index) {
			return nil
		}
		if r.open, err = step(r.open, index); err != nil {
			return err
		}
	}
	return nil
}

// pass yields the results of a request, and reports whether more are wanted.
func (r *resultReader) pass(index int64) bool {
	var all []*partReader
	best, last := -1, 0
	for _, p := range r.open {
		if p.now.index == index && p.now.grade != forgone {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b *partReader) int { return cmp.Compare(a.now.round, b.now.round) })
	for i, p := range all {
		last = p.now.round
		if best < 0 || p.now.beats(all[best].now) {
			best = i
		}
	}
	waits := r.waits.has(index)
	for i, p := range all {
		item := client.ParseItem(bytes.Clone(p.now.raw), 0)
		s := &StoredResult{
			Index: index, Seq: p.batch.Seq, Round: p.now.round, Kind: p.now.grade.kind(),
			Final: i == best && !waits, Again: waits || p.now.round < last, Item: &item,
		}
		if !r.yield(s) {
			return false
		}
	}
	return true
}

// kind returns the kind of results with a grade.
func (g grade) kind() ResultKind {
	switch g {
	case answered:
		return ResultAnswered
	case rejected:
		return ResultRejected
	case failed:
		return ResultFailed
	}
	return ResultMissing
}
