package jobs

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// How many steps are made at the same time: those that send, which fill the line, and others.
const (
	mostSending = 3
	mostOthers  = 6
)

// A loop makes the steps of a job on one machine, each when it is due.
type loop struct {
	*engine
	job      *Job
	due      map[int64]time.Time // batches, and when their next steps are
	failures map[int64]int       // steps in a row that failed
	tended   time.Time           // when spares and orphans were looked after
	reported int64               // ID of the event that was reported last
	began    time.Time
	steps    int            // that have ended
	streamed int            // steps when the output was added to last, and one more
	warned   map[int64]bool // batches whose results are aging
	doubles  []string       // batches that still run and may be doubles

	active  map[int64]bool
	sending int
	done    chan stepped
}

// newLoop returns a loop of a run that began at some time.
func newLoop(e *engine, j *Job, began time.Time) *loop {
	return &loop{engine: e, job: j, due: make(map[int64]time.Time), failures: make(map[int64]int), began: began}
}

// A stepped is the end of a step.
type stepped struct {
	seq     int64
	sending bool
	wait    time.Duration
	err     error
}

// run makes steps until none is left to make: each batch is settled or gone.
func (l *loop) run(ctx context.Context) error {
	l.active, l.done, l.sending = make(map[int64]bool), make(chan stepped), 0
	ctx, cancel := context.WithCancel(ctx)
	var err error
	for err == nil {
		var more bool
		if more, err = l.turn(ctx); !more {
			break
		}
	}
	cancel()
	for len(l.active) > 0 { // what fails now fails because the run ends
		s := <-l.done
		delete(l.active, s.seq)
		l.steps++
		if err == nil && isFatal(s.err) {
			err = s.err
		}
	}
	return errors.Join(err, l.report(context.WithoutCancel(ctx)))
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// turn starts the steps that are due and waits for something to happen. It is false when there is nothing left to do.
func (l *loop) turn(ctx context.Context) (more bool, err error) {
	if err := context.Cause(ctx); err != nil {
		return false, err
	}
	if err := l.report(ctx); err != nil {
		return false, err
	}
	if err := l.obey(ctx); err != nil {
		return false, err
	}
	if planned, err := l.cut(ctx); err != nil || planned {
		return err == nil, err
	}
	row, err := l.job.row(ctx)
	if err != nil {
		return false, err
	}
	if err := l.stream(ctx); err != nil {
		return false, err
	}
	batches, err := l.open(ctx, row.State == store.Running || row.State == store.Canceled)
	if err != nil {
		return false, err
	}
	if err := l.asked(row, batches); err != nil && len(l.active) == 0 {
		return false, err
	}
	if len(batches) == 0 && len(l.active) == 0 {
		if row.State == store.Paused || row.State == store.Held {
			return false, &PausedError{row.Why}
		}
		return l.last(ctx)
	}
	l.listing.off = row.State == store.Canceled // each batch is canceled by its next poll
	next := l.start(ctx, batches)
	if err := l.tendAll(ctx); err != nil {
		return false, err
	}
	return true, l.await(ctx, next)
}

// await waits for the end of a step, for a command, or until the next step is due.
func (l *loop) await(ctx context.Context, next time.Duration) error {
	timer, commands := time.NewTimer(next), time.NewTicker(l.timing.obey)
	defer timer.Stop()
	defer commands.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case s := <-l.done:
			return l.finished(ctx, s)
		case <-timer.C:
			return nil
		case <-commands.C:
			if there, err := l.commanded(ctx); err != nil || there {
				return err
			}
		}
	}
}

// commanded reports whether somebody wants something of the job.
func (l *loop) commanded(ctx context.Context) (there bool, err error) {
	err = l.store.View(ctx, func(tx store.Tx) error {
		_, err := tx.Command(l.engine.job)
		if there = err == nil; errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return err
	})
	return there, err
}

// open returns the batches that something has to be done for.
func (l *loop) open(ctx context.Context, send bool) (batches []*store.Batch, err error) {
	err = l.store.View(ctx, func(tx store.Tx) error {
		batches, err = tx.Batches(l.engine.job, []store.State{store.Submitting, store.Doubtful, store.Unproven, store.Proven, store.Ended}, 0, 0)
		if err != nil {
			return err
		}
		gone, err := tx.Batches(l.engine.job, []store.State{store.Gone}, 0, 0)
		if err != nil {
			return err
		}
		for _, b := range gone {
			if b.Part.Name == "" {
				batches = append(batches, b)
			}
		}
		if !send {
			return nil
		}
		planned, err := tx.Batches(l.engine.job, []store.State{store.Planned}, 0, 10*mostSending)
		batches = append(batches, planned...)
		return err
	})
	return batches, err
}

// start starts the steps that are due, and returns how long it is until the next one is.
func (l *loop) start(ctx context.Context, batches []*store.Batch) time.Duration {
	now, next := time.Now(), l.timing.look
	for _, b := range batches {
		if l.active[b.Seq] {
			continue
		}
		if wait := l.untilPolled(b); wait > 0 {
			next = min(next, wait)
			continue
		}
		sending := b.State == store.Planned
		switch wait := l.due[b.Seq].Sub(now); {
		case wait > 0:
			next = min(next, wait)
			continue
		case sending && l.sending == mostSending, !sending && len(l.active)-l.sending == mostOthers:
			continue // until one of them is finished
		}
		if l.active[b.Seq] = true; sending {
			l.sending++
		}
		go func() {
			wait, err := l.advance(ctx, b.Seq)
			l.done <- stepped{b.Seq, sending, wait, err}
		}()
	}
	return next
}

// finished notes the end of a step. An error is one that ends the run.
func (l *loop) finished(ctx context.Context, s stepped) error {
	delete(l.active, s.seq)
	l.steps++
	if s.sending {
		l.sending--
	}
	if s.err == nil {
		l.failures[s.seq] = 0
		l.due[s.seq] = time.Now().Add(max(s.wait, 0))
		return nil
	}
	if isFatal(s.err) {
		return s.err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	l.failures[s.seq]++
	l.due[s.seq] = time.Now().Add(max(s.wait, l.timing.wait(l.failures[s.seq])))
	l.job.say(Event{Kind: "outage", Seq: s.seq, Text: s.err.Error()})
	return nil
}

// isFatal reports whether a run cannot go on after an error.
func isFatal(err error) bool {
	return errors.As(err, new(*StrangerError)) || errors.As(err, new(*storeError))
}

// tendAll looks after the batches of the service that hold requests another batch holds too.
func (l *loop) tendAll(ctx context.Context) error {
	if time.Since(l.tended) < l.timing.look {
		return nil
	}
	l.tended = time.Now()
	if err := l.warn(ctx); err != nil {
		return err
	}
	var all []*store.Created
	err := l.store.View(ctx, func(tx store.Tx) (err error) {
		all, err = tx.CreatedIn(l.engine.job, []store.Role{store.Spare, store.Orphan}, "", 0)
		return err
	})
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.Ended && c.Collected {
			continue
		}
		if err := l.tend(ctx, c); isFatal(err) || err != nil && ctx.Err() != nil {
			return err
		} else if err != nil {
			l.job.say(Event{Kind: "outage", Seq: c.Seq, BatchID: c.BatchID, Text: err.Error()})
		}
	}
	return nil
}

// last is the end of a run that has nothing left to do. If an attempt has ended without a batch, the list is looked at
// once more: a batch of its size that has ended meanwhile may be that attempt's after all.
func (l *loop) last(ctx context.Context) (more bool, err error) {
	doubles, err := l.lookForDoubles(ctx)
	if err == nil {
		var late []string
		late, err = l.lookForLate(ctx, &l.job.about)
		doubles = append(doubles, late...)
	}
	if err != nil {
		if isFatal(err) || ctx.Err() != nil {
			return false, err
		}
		l.job.say(Event{Kind: "outage", Text: err.Error()})
		return true, sleep(ctx, l.timing.look)
	}
	l.doubles = doubles
	l.tended = time.Time{} // those that were found now, too
	if err := l.tendAll(ctx); err != nil {
		return false, err
	}
	if more, err = l.cancels(ctx); more && err == nil {
		err = sleep(ctx, l.timing.look)
	}
	return more, err
}

// cancels reports whether a batch is to be canceled that holds requests another batch holds too. It costs money until then.
func (l *loop) cancels(ctx context.Context) (more bool, err error) {
	err = l.store.View(ctx, func(tx store.Tx) error {
		orphans, err := tx.CreatedIn(l.engine.job, []store.Role{store.Orphan}, "", 0)
		more = slices.ContainsFunc(orphans, func(c *store.Created) bool { return c.Named && !c.Canceled && !c.Ended })
		return err
	})
	return more, err
}
