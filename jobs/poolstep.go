package jobs

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A Step is what a step came to.
type Step struct {
	// Wait is how long to wait before the next step. It may be 0.
	Wait time.Duration

	// State is that of the batch after the step. There is nothing left to advance if it is collected, settled or gone.
	State store.State

	// Outage is what kept the step from being made, nil if nothing did: the service or the store, which may come back. The
	// step can be made again.
	Outage error
}

// Advance makes one step with a batch: it sends it, takes it over from a program whose lease has ended, looks for it if
// nobody knows whether it was accepted, polls it, or collects its results. It may take as long as an upload or a download
// does, and must not be cut short without need: each create that is leaves a doubt. An error means that there is no such
// batch, that the client belongs to another workspace ([*StrangerError]), or that ctx has ended.
func (p *Pool) Advance(ctx context.Context, ref Ref) (Step, error) {
	s, err := p.serve(ref.Job)
	if err != nil {
		return p.unopened(ctx, err)
	}
	wait, err := s.engine.advance(ctx, ref.Seq)
	step, err := p.concluded(ctx, s, ref.Seq, wait, err)
	if err != nil || step.Outage != nil {
		return step, err
	}
	var b *store.Batch
	err = p.store.View(ctx, func(tx store.Tx) (err error) {
		b, err = tx.Batch(ref.Job, ref.Seq)
		return err
	})
	if err != nil {
		return p.concluded(ctx, s, ref.Seq, 0, err)
	}
	step.State = b.State
	return step, nil
}

// unopened is for a job whose description could not be read, perhaps for a while.
func (p *Pool) unopened(ctx context.Context, failure error) (Step, error) {
	if ctx.Err() != nil || errors.Is(failure, errNoClient) || errors.Is(failure, os.ErrNotExist) {
		return Step{}, failure
	}
	return Step{Wait: p.timing.look, Outage: failure}, nil
}

// concluded counts failures.
func (p *Pool) concluded(ctx context.Context, s *served, seq int64, wait time.Duration, failure error) (Step, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case failure == nil:
		delete(s.failures, seq)
		return Step{Wait: max(wait, 0)}, nil
	case ctx.Err() != nil, errors.Is(failure, store.ErrNotFound), errors.As(failure, new(*StrangerError)):
		return Step{}, failure
	}
	s.failures[seq]++
	return Step{Wait: max(wait, p.timing.wait(s.failures[seq])), Outage: failure}, nil
}

// Poll looks which of these batches have ended, with as few calls as possible: it lists pages of 100, and asks for single
// batches only where that is fewer calls. It returns those that have ended or moved on, and how long to wait before the
// next Poll. What it could not find out is left for the next one; outage says why.
func (p *Pool) Poll(ctx context.Context, refs []Ref) (moved []Ref, wait time.Duration, outage error) {
	type waiting struct {
		*served
		batch *store.Batch
	}
	byID := make(map[string]waiting)
	for _, ref := range refs {
		s, err := p.serve(ref.Job)
		if err != nil {
			outage = err
			continue
		}
		var b *store.Batch
		var canceled bool
		err = p.store.View(ctx, func(tx store.Tx) (err error) {
			if b, err = tx.Batch(ref.Job, ref.Seq); err != nil {
				return err
			}
			j, err := tx.Job(ref.Job)
			canceled = err == nil && j.State == store.Canceled
			return err
		})
		switch {
		case err != nil:
			outage = err
		case b.State != store.Proven:
			moved = append(moved, ref)
		case canceled:
			if _, err := s.engine.advance(ctx, ref.Seq); err != nil { // it cancels the batch
				outage = err
			}
			byID[b.BatchID] = waiting{s, b}
		default:
			byID[b.BatchID] = waiting{s, b}
		}
	}
	wait = p.timing.poll
	if len(byID) == 0 {
		return moved, p.timing.firstPoll, outage
	}
	left, listed := len(byID), 0
	for found, err := range p.options.Client.List(ctx, client.WithPageSize(pageSize)) {
		if err != nil {
			return moved, wait, err
		}
		if listed++; listed > pageSize*len(byID) {
			break // single calls are not more than those that were made
		}
		w, ok := byID[found.ID]
		if !ok {
			continue
		}
		delete(byID, found.ID)
		after, err := w.engine.shown(ctx, w.batch, found)
		if err != nil {
			outage = err
		} else if found.Ended() {
			moved = append(moved, Ref{w.batch.Job, w.batch.Seq})
		}
		if len(refs) <= pageSize {
			wait = min(wait, after)
		}
		if left--; left == 0 {
			break
		}
	}
	for _, w := range byID {
		step, err := p.Advance(ctx, Ref{w.batch.Job, w.batch.Seq})
		switch {
		case err != nil:
			outage = err
		case step.Outage != nil:
			outage = step.Outage
		case step.State != store.Proven:
			moved = append(moved, Ref{w.batch.Job, w.batch.Seq})
		}
		wait = min(wait, max(step.Wait, p.timing.firstPoll))
	}
	return moved, wait, outage
}

// pageSize is how many batches a page of a list has at most here.
const pageSize = 100

// Tend does what is to be done for a job as a whole: it divides the requests of the next round, looks after batches that
// hold requests another batch holds too, and writes the output when all batches are settled. It is done when the job has
// its report. An error is one of [Pool.Advance].
func (p *Pool) Tend(ctx context.Context, job string) (done bool, step Step, err error) {
	s, err := p.serve(job)
	if err != nil {
		step, err = p.unopened(ctx, err)
		return false, step, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	done, wait, err := s.tend(ctx)
	if done && err == nil {
		p.forget(job)
	}
	step, err = p.concluded(ctx, s, 0, wait, err)
	return done && err == nil && step.Outage == nil, step, err
}

func (s *served) tend(ctx context.Context) (done bool, wait time.Duration, err error) {
	row, err := s.row(ctx)
	if err != nil {
		return false, 0, err
	}
	if !row.Planned {
		return row.State == store.Canceled, s.timing.look, nil // it is being added, or that has failed
	}
	if row.State == store.Done || row.State == store.Canceled {
		_, err := s.report(ctx)
		if err == nil || !errors.Is(err, os.ErrNotExist) {
			return err == nil, 0, err
		}
	}
	for more := true; more; {
		if more, err = s.loop.cut(ctx); err != nil {
			return false, 0, err
		}
	}
	if err := s.loop.tendAll(ctx); err != nil {
		return false, 0, err
	}
	open, err := s.loop.open(ctx, true)
	if err != nil || len(open) > 0 {
		return false, s.timing.most, err
	}
	doubles, err := s.engine.lookForDoubles(ctx)
	if err != nil {
		return false, 0, err
	}
	late, err := s.engine.lookForLate(ctx, &s.about)
	if err != nil {
		return false, 0, err
	}
	doubles = append(doubles, late...)
	s.loop.tended = time.Time{} // those that were found now, too
	if err := s.loop.tendAll(ctx); err != nil {
		return false, 0, err
	}
	err = s.finish(ctx, s.engine, row.Lines, doubles)
	var damaged *damagedError
	if errors.As(err, &damaged) {
		return false, 0, s.engine.readAgain(ctx, damaged)
	}
	return err == nil, 0, err
}
