package river

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	rq "github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// errStopped is the error of a worker whose River client has stopped by itself.
var errStopped = errors.New("the River client has stopped")

// A worker serves the jobs of a workspace in this program.
type worker struct {
	*Jobs
	organization, workspace string
	queues                  queues
	client                  *rq.Client[pgx.Tx]
	kicked                  chan struct{} // makes the sweeper look at once
}

// Work serves the jobs of the client's workspace until ctx ends. It then waits for the steps in progress, at most for
// Options.Stop, and returns nil. It retries through outages of the service and of the database. It returns an error if there
// is no client or River cannot run. Any number of programs may work at the same time.
func (j *Jobs) Work(ctx context.Context) error {
	if j.options.Client == nil {
		return errors.New("workers need a client")
	}
	w := &worker{Jobs: j, kicked: make(chan struct{}, 1)}
	if err := w.introduce(ctx); err != nil {
		return err
	}
	workers := rq.NewWorkers()
	rq.AddWorker(workers, &submitter{worker: w})
	rq.AddWorker(workers, &collector{worker: w})
	rq.AddWorker(workers, &poller{worker: w})
	rq.AddWorker(workers, &tender{worker: w})
	var err error
	w.client, err = rq.NewClient(riverpgxv5.New(j.db.Pool()), &rq.Config{
		Schema: j.db.Schema(), Workers: workers, Logger: j.log, MaxAttempts: math.MaxInt16, SoftStopTimeout: j.options.Stop, JobTimeout: -1,
		Queues: map[string]rq.QueueConfig{
			w.queues.submit: {MaxWorkers: j.options.Sending}, w.queues.collect: {MaxWorkers: j.options.Collecting},
			w.queues.poll: {MaxWorkers: 1}, w.queues.tend: {MaxWorkers: 2},
		},
	})
	if err != nil {
		return err
	}
	for failures := 1; ; failures++ { // the database may be unavailable for a moment
		err := w.client.Start(ctx)
		if err == nil {
			break
		}
		if failures == 10 || ctx.Err() != nil {
			return err
		}
		j.log.WarnContext(ctx, "cannot start River", "error", err)
		_ = sleep(ctx, time.Second)
	}
	w.sweepAll(ctx)
	<-w.client.Stopped()
	if ctx.Err() == nil {
		return errStopped
	}
	return nil
}

// introduce finds out which workspace to serve.
func (w *worker) introduce(ctx context.Context) (err error) {
	for failures := 0; ; failures++ {
		err := w.setLimit(ctx)
		if err == nil {
			w.organization, w.workspace, err = w.Affiliation(ctx)
		}
		if err == nil {
			w.queues = queuesOf(w.organization, w.workspace)
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		w.log.WarnContext(ctx, "cannot find out which workspace to serve", "error", err)
		if err := sleep(ctx, min(time.Minute, time.Second<<min(failures, 6))); err != nil {
			return err
		}
	}
}

// kick makes the sweeper look at once.
func (w *worker) kick() {
	select {
	case w.kicked <- struct{}{}:
	default:
	}
}

// stateOf returns the states of a batch and of its job.
func (w *worker) stateOf(ctx context.Context, ref jobs.Ref) (batch store.State, job store.JobState, err error) {
	err = w.db.View(ctx, func(tx store.Tx) error {
		b, err := tx.Batch(ref.Job, ref.Seq)
		if err != nil {
			return err
		}
		j, err := tx.Job(ref.Job)
		if err != nil {
			return err
		}
		batch, job = b.State, j.State
		return nil
	})
	return batch, job, err
}

// advance makes steps with a batch as long as its state is one that the River job handles.
func (w *worker) advance(ctx context.Context, ref jobs.Ref, is func(store.State, store.JobState) bool) error {
	for {
		batch, job, err := w.stateOf(ctx, ref)
		if errors.Is(err, store.ErrNotFound) {
			return rq.JobCancel(err)
		}
		if err != nil {
			return w.later(ctx, time.Second, err)
		}
		if !is(batch, job) {
			w.kick()
			return nil
		}
		step, err := w.Advance(ctx, ref)
		switch {
		case errors.Is(err, store.ErrNotFound), errors.As(err, new(*jobs.StrangerError)):
			w.log.WarnContext(ctx, "a batch cannot be served", "job", ref.Job, "seq", ref.Seq, "error", err)
			return rq.JobCancel(err)
		case err != nil:
			return w.later(ctx, time.Second, err)
		case step.Outage != nil:
			return w.later(ctx, step.Wait, fmt.Errorf("job %s, batch %d: %w", ref.Job, ref.Seq, step.Outage))
		case step.Wait > 0:
			return rq.JobSnooze(step.Wait)
		}
	}
}

// later makes River run a job again after a wait, and reports why.
func (w *worker) later(ctx context.Context, wait time.Duration, why error) error {
	if ctx.Err() == nil {
		w.log.WarnContext(ctx, "outage", "error", why)
		_ = rq.RecordOutput(ctx, map[string]string{"outage": fmt.Sprintf("%.1000s", why)}) // it is only for readers
	}
	return rq.JobSnooze(wait)
}

// A submitter sends batches.
type submitter struct {
	rq.WorkerDefaults[submitArgs]
	*worker
}

// Timeout implements rq.Worker: there is none, because the outcome of an interrupted create is unknown.
func (s *submitter) Timeout(*rq.Job[submitArgs]) time.Duration { return -1 }

// Work implements rq.Worker.
func (s *submitter) Work(ctx context.Context, j *rq.Job[submitArgs]) error {
	return s.advance(ctx, jobs.Ref{Job: j.Args.Job, Seq: j.Args.Seq}, func(b store.State, j store.JobState) bool {
		switch b {
		case store.Planned:
			return j == store.Running || j == store.Canceled
		case store.Submitting, store.Doubtful, store.Unproven:
			return true
		}
		return false
	})
}

// A collector reads results.
type collector struct {
	rq.WorkerDefaults[collectArgs]
	*worker
}

// Timeout implements rq.Worker: there is none, because a download may take long.
func (c *collector) Timeout(*rq.Job[collectArgs]) time.Duration { return -1 }

// Work implements rq.Worker.
func (c *collector) Work(ctx context.Context, j *rq.Job[collectArgs]) error {
	first := true // a batch that is gone needs only one step
	return c.advance(ctx, jobs.Ref{Job: j.Args.Job, Seq: j.Args.Seq}, func(b store.State, _ store.JobState) bool {
		again := b == store.Ended || b == store.Gone && first
		first = false
		return again
	})
}

// A poller polls all batches of the workspace.
type poller struct {
	rq.WorkerDefaults[pollArgs]
	*worker
}

// Work implements rq.Worker.
func (p *poller) Work(ctx context.Context, _ *rq.Job[pollArgs]) error {
	refs, err := p.waiting(ctx)
	if err != nil {
		return p.later(ctx, time.Second, err)
	}
	if len(refs) == 0 {
		return nil
	}
	moved, wait, outage := p.Poll(ctx, refs)
	if len(moved) > 0 {
		p.kick()
		if err := p.wake(ctx, len(moved)); err != nil {
			return p.later(ctx, wait, err)
		}
	}
	if outage != nil {
		return p.later(ctx, wait, outage)
	}
	return rq.JobSnooze(wait)
}

// A tender tends jobs.
type tender struct {
	rq.WorkerDefaults[tendArgs]
	*worker
}

// Timeout implements rq.Worker: there is none, because writing an output may take long.
func (t *tender) Timeout(*rq.Job[tendArgs]) time.Duration { return -1 }

// Work implements rq.Worker. The sweeper finds out whether there is more to do.
func (t *tender) Work(ctx context.Context, j *rq.Job[tendArgs]) error {
	_, step, err := t.Tend(ctx, j.Args.Job)
	switch {
	case errors.Is(err, store.ErrNotFound), errors.As(err, new(*jobs.StrangerError)):
		return rq.JobCancel(err)
	case err != nil:
		return t.later(ctx, time.Second, err)
	case step.Outage != nil:
		return t.later(ctx, step.Wait, fmt.Errorf("job %s: %w", j.Args.Job, step.Outage))
	}
	t.kick()
	return nil
}
