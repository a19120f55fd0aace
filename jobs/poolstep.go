package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A Step is the outcome of [Pool.Advance] or [Pool.Tend].
type Step struct {
	// Wait is how long to wait before the next step. It may be 0.
	Wait time.Duration

	// State is the state of the batch after the step. A batch that is collected, settled or gone needs no further step.
	State store.State

	// Outage is the temporary failure of the service or the store that prevented the step, or nil. The step can be retried.
	Outage error
}

// Advance makes one step with a batch: it sends the batch, takes it over from a program whose lease has ended, looks for it
// if it is unknown whether the service accepted it, polls it, or collects its results. It may take as long as an upload or a
// download. Do not cancel it without need: the outcome of an interrupted create is unknown. An error means that there is no
// such batch, that the client belongs to another workspace ([*StrangerError]), or that ctx has ended.
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

// unopened handles a job whose description could not be read, which may be temporary.
func (p *Pool) unopened(ctx context.Context, failure error) (Step, error) {
	if ctx.Err() != nil || errors.Is(failure, errNoClient) || errors.Is(failure, os.ErrNotExist) {
		return Step{}, failure
	}
	return Step{Wait: p.timing.look, Outage: failure}, nil
}

// concluded returns the outcome of a step, and counts failures in a row.
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

// Poll finds out which of these batches have ended, with as few calls as possible: it reads the list in pages of 100, and
// gets single batches only where that takes fewer calls. It returns those that have ended or are otherwise no longer
// running, and how long to wait before the next Poll. If it could not find out about some batches, outage says why; the next
// Poll retries them.
func (p *Pool) Poll(ctx context.Context, refs []Ref) (moved []Ref, wait time.Duration, outage error) {
	waiting, moved, outage := p.waiting(ctx, refs)
	if len(waiting) == 0 {
		return moved, p.timing.firstPoll, outage
	}
	wanted := make(map[string]bool)
	for _, w := range waiting {
		wanted[w.batch.BatchID] = true
	}
	wait = p.timing.poll
	all, err := listed(ctx, p.options.Client, wanted)
	if err != nil {
		return moved, wait, err
	}
	for _, w := range waiting {
		ref := Ref{w.batch.Job, w.batch.Seq}
		if found := all[w.batch.BatchID]; found != nil {
			after, err := w.engine.shown(ctx, w.batch, found)
			switch {
			case err != nil:
				outage = err
			case found.Ended():
				moved = append(moved, ref)
			}
			if len(waiting) <= pageSize { // one call is cheap
				wait = min(wait, after)
			}
			continue
		}
		step, err := p.Advance(ctx, ref)
		switch {
		case err != nil:
			outage = err
		case step.Outage != nil:
			outage = step.Outage
		case step.State != store.Proven:
			moved = append(moved, ref)
		}
		wait = min(wait, max(step.Wait, p.timing.firstPoll))
	}
	return moved, wait, outage
}

// A waiting is a batch that is running on the server.
type waiting struct {
	*served
	batch *store.Batch
}

// waiting returns which of these batches are running on the server and which no longer are, in one snapshot. It cancels
// those of canceled jobs.
func (p *Pool) waiting(ctx context.Context, refs []Ref) (all []waiting, moved []Ref, outage error) {
	jobs := make(map[string]*served)
	for _, ref := range refs {
		if _, ok := jobs[ref.Job]; ok {
			continue
		}
		s, err := p.serve(ref.Job)
		if err != nil {
			outage = err
		}
		jobs[ref.Job] = s
	}
	proven, canceled := make(map[Ref]*store.Batch), make(map[string]bool)
	err := p.store.View(ctx, func(tx store.Tx) error {
		for id, s := range jobs {
			if s == nil {
				continue
			}
			j, err := tx.Job(id)
			if errors.Is(err, store.ErrNotFound) {
				jobs[id], outage = nil, fmt.Errorf("job %s: %w", id, err)
				continue
			}
			if err != nil {
				return err
			}
			batches, err := tx.Batches(id, []store.State{store.Proven}, 0, 0)
			if err != nil {
				return err
			}
			for _, b := range batches {
				proven[Ref{id, b.Seq}] = b
			}
			canceled[id] = j.State == store.Canceled
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for _, ref := range refs {
		s, b := jobs[ref.Job], proven[ref]
		switch {
		case s == nil:
			continue
		case b == nil:
			moved = append(moved, ref)
			continue
		case canceled[ref.Job]:
			if err := s.engine.cancel(ctx, b); err != nil {
				outage = err
			}
		}
		all = append(all, waiting{s, b})
	}
	return all, moved, outage
}

// Tend makes the steps that concern a job as a whole: it divides the requests of the next round into batches, handles
// batches whose requests another batch has too, and writes the output when all batches are settled. It returns true when the
// job has its report. Errors are those of [Pool.Advance].
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
		return row.State == store.Canceled, s.timing.look, nil // it is being added, or adding it failed
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
	s.loop.tended = time.Time{} // include those just found
	if err := s.loop.tendAll(ctx); err != nil {
		return false, 0, err
	}
	if more, err := s.loop.cancels(ctx); err != nil || more {
		return false, s.timing.look, err
	}
	err = s.finish(ctx, s.engine, row.Lines, doubles)
	var damaged *damagedError
	if errors.As(err, &damaged) {
		return false, 0, s.engine.readAgain(ctx, damaged)
	}
	return err == nil, 0, err
}
