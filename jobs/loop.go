package jobs

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// The maximum number of concurrent steps: of those that send, which use the whole bandwidth, and of others.
const (
	mostSending = 3
	mostOthers  = 6
)

// A loop runs the steps of a job on one machine, each when it is due.
type loop struct {
	*engine
	job      *Job
	due      map[int64]time.Time // when the next step of a batch is due
	failures map[int64]int       // failed steps of a batch in a row
	tended   time.Time           // when spares and orphans were last tended
	reported int64               // ID of the last event that was reported
	began    time.Time
	steps    int            // number of steps that have ended
	streamed int            // one more than steps was when the output was last extended
	warned   map[int64]bool // batches whose aging results were reported
	doubles  []string       // IDs of batches that still run and may be duplicates

	active  map[int64]bool
	sending int
	done    chan stepped
}

// newLoop returns the loop of a run that began at a time.
func newLoop(e *engine, j *Job, began time.Time) *loop {
	return &loop{engine: e, job: j, due: make(map[int64]time.Time), failures: make(map[int64]int), began: began}
}

// A stepped is the outcome of a step.
type stepped struct {
	seq     int64
	sending bool
	wait    time.Duration
	err     error
}

// run runs steps until there are none left: each batch is settled or gone.
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
	for len(l.active) > 0 { // failures from here on are caused by the end of the run
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

// turn starts the steps that are due and waits for an event. It returns false when there is nothing left to do.
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
	l.listing.off = row.State == store.Canceled // the next poll of each batch cancels it
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

// commanded reports whether there is a command for the job.
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

// open returns the batches that need further steps.
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

// start starts the steps that are due, and returns the time until the next one is due.
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
			continue // until one of them has ended
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

// finished records the end of a step. It returns an error if that ends the run.
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

// isFatal reports whether an error ends the run.
func isFatal(err error) bool {
	return errors.As(err, new(*StrangerError)) || errors.As(err, new(*storeError))
}

// tendAll tends the batches on the server whose requests another batch has too.
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

// last ends a run that has nothing left to do. If an attempt was concluded to have no batch, it reads the list once more: a
// batch of that size that has ended meanwhile may be the attempt's after all.
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
	l.tended = time.Time{} // include those just found
	if err := l.tendAll(ctx); err != nil {
		return false, err
	}
	if more, err = l.cancels(ctx); more && err == nil {
		err = sleep(ctx, l.timing.look)
	}
	return more, err
}

// cancels reports whether a batch whose requests another batch has too still has to be canceled. It costs money until then.
func (l *loop) cancels(ctx context.Context) (more bool, err error) {
	err = l.store.View(ctx, func(tx store.Tx) error {
		orphans, err := tx.CreatedIn(l.engine.job, []store.Role{store.Orphan}, "", 0)
		more = slices.ContainsFunc(orphans, func(c *store.Created) bool { return c.Named && !c.Canceled && !c.Ended })
		return err
	})
	return more, err
}
