package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

var (
	errLost      = errors.New("another program has taken over the batch")
	errSlowFence = errors.New("the store took too long to release the end of the batch")
	errStopped   = errors.New("the job is not running")
)

// submit sends a planned batch.
func (e *engine) submit(ctx context.Context, b *store.Batch) (time.Duration, error) {
	canceled, err := e.canceled(ctx)
	if err != nil {
		return 0, err
	}
	if canceled {
		return e.drop(ctx, b)
	}
	if wait, err := e.early(ctx, b); err != nil || wait > 0 {
		return wait, err
	}
	if free, err := e.disk.Free(e.temp); err == nil && free < e.freeDisk {
		return e.timing.poll, fmt.Errorf("nothing is sent while less than %d bytes of disk are free, now %d", e.freeDisk, free)
	}
	if open, err := e.mayFit(ctx, b); err != nil || !open {
		return e.timing.poll, err
	}
	if wait, err := e.primed(ctx, b); err != nil || wait > 0 {
		return wait, err
	}
	need, err := e.need(ctx, b)
	if errors.As(err, new(*bulk.PriceError)) {
		return e.timing.look, e.store.Update(ctx, func(tx store.Tx) error { return pauseJob(tx, e.job, err.Error()) })
	}
	if err != nil {
		return stale(err)
	}
	if ok, err := e.mayAfford(ctx, need); err != nil || !ok {
		return e.timing.poll, err
	}
	watermark, err := e.lookFirst(ctx)
	if err != nil {
		return e.failed(ctx, b, err)
	}
	e.served()
	attempt, wait, err := e.admit(ctx, b, watermark, need)
	if errors.Is(err, errForgone) {
		return e.forgo(ctx, b)
	}
	if attempt == nil {
		return wait, err
	}
	batch, err := e.send(ctx, b, attempt, watermark)
	record := func() error { return e.record(ctx, b, attempt, batch, err) }
	if err := e.insist(record); err != nil {
		e.mu.Lock()
		e.lost[attemptKey{b.Seq, attempt.N}] = record
		e.mu.Unlock()
		return 0, err
	}
	if err != nil && ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return soon, nil
}

// lookFirst returns the watermark of the list before an attempt. This also checks the key before the whole body is sent.
func (e *engine) lookFirst(ctx context.Context) (client.Watermark, error) {
	var facts client.Response
	w, err := e.client.Watermark(ctx, client.WithResponse(&facts), client.WithVersion(e.version))
	if err != nil {
		return client.Watermark{}, err
	}
	return w, e.belongs(ctx, facts)
}

// mayFit reports whether a batch would probably be admitted now. It takes no lock, and saves calls.
func (e *engine) mayFit(ctx context.Context, b *store.Batch) (open bool, err error) {
	err = e.store.View(ctx, func(tx store.Tx) error {
		open, err = e.admits(tx, b)
		return err
	})
	return open, err
}

// admits reports whether the job is running and the organization's limit allows a batch. A transaction that writes has then
// locked the limit.
func (e *engine) admits(tx store.Tx, b *store.Batch) (bool, error) {
	j, err := tx.Job(e.job)
	if err != nil || j.State != store.Running {
		return false, err
	}
	limit, err := tx.Limit(j.Organization)
	if err != nil {
		return false, err
	}
	waiting, err := tx.Waiting(j.Organization)
	if err != nil {
		return false, err
	}
	now := tx.Now()
	if !fits(limit, waiting, int64(b.Requests), now) {
		return false, nil
	}
	allowed := limit.Allowed(now)
	if allowed == 0 {
		return true, nil
	}
	if first, err := tx.Outranked(j.ID, allowed-waiting); err != nil || first {
		return false, err
	}
	return fitsShare(tx, j, b, allowed)
}

// admit begins an attempt if the job is running and the organization's limit allows it. Otherwise it returns how long to
// wait.
func (e *engine) admit(ctx context.Context, was *store.Batch, w client.Watermark, need bulk.Money) (attempt *store.Attempt, wait time.Duration, err error) {
	watermark, err := json.Marshal(w)
	if err != nil {
		return nil, 0, err
	}
	err = e.update(ctx, was, func(tx store.Tx, b *store.Batch) error {
		attempt, wait = nil, e.timing.poll
		if open, err := e.admits(tx, b); err != nil || !open {
			return err
		}
		now := tx.Now()
		if fits, err := e.afford(tx, b, need); err != nil || !fits {
			return err
		}
		b.State, b.Attempt = store.Submitting, b.Attempt+1
		attempt = &store.Attempt{
			Job: e.job, Seq: b.Seq, N: b.Attempt, Nonce: e.newNonce(), Owner: e.owner,
			Intent: now, Lease: now.Add(e.timing.lease), Watermark: watermark,
		}
		return errors.Join(tx.PutBatch(b), tx.PutAttempt(attempt))
	})
	if errors.Is(err, errMoved) {
		return nil, soon, nil
	}
	if err != nil {
		return nil, 0, err
	}
	return attempt, wait, nil
}

// fits reports whether n more requests may wait. A limit that was lowered because the service refused more still allows one
// batch when nothing else is waiting.
func fits(l store.Limit, waiting, n int64, now time.Time) bool {
	if l.Requests > 0 && waiting+n > l.Requests {
		return false
	}
	allowed := l.Allowed(now)
	return allowed == 0 || waiting+n <= allowed || waiting == 0
}

// send makes the only create call of an attempt. The attempt has been committed, with its nonce and watermark.
func (e *engine) send(ctx context.Context, b *store.Batch, a *store.Attempt, w client.Watermark) (*client.Batch, error) {
	lines := newWireLines(ctx, e.input, b, wireID{job: e.job, seq: b.Seq, round: b.Round, nonce: a.Nonce})
	lines.keep = e.keep
	defer lines.close()
	stop := e.renew(ctx, a)
	defer stop()
	return e.client.CreateLines(ctx, lines, client.WithRetry(client.Retry{MaxAttempts: 1}), client.WithWatermark(w),
		client.WithFence(func() error { return e.fence(ctx, a) }), client.WithVersion(e.version), client.WithBetas(e.betas...))
}

// fence is called before the last bytes of a body are sent: from then on the service may accept the batch.
func (e *engine) fence(ctx context.Context, a *store.Attempt) error {
	began := e.clock.now()
	err := e.mine(ctx, a, func(tx store.Tx, now *store.Attempt) error {
		j, err := tx.Job(e.job)
		if err != nil {
			return err
		}
		if j.State != store.Running {
			return errStopped
		}
		now.Fenced, now.Lease = tx.Now(), tx.Now().Add(e.timing.lease)
		return tx.PutAttempt(now)
	})
	if _, most := e.clock.passed(began); err == nil && most > e.timing.fence {
		err = errSlowFence
	}
	return err
}

// mine changes an attempt that this engine owns and that is in progress. Otherwise it returns errLost.
func (e *engine) mine(ctx context.Context, a *store.Attempt, f func(tx store.Tx, now *store.Attempt) error) error {
	return e.store.Update(ctx, func(tx store.Tx) error {
		b, err := tx.Batch(e.job, a.Seq)
		if err != nil {
			return err
		}
		now, err := tx.Attempt(e.job, a.Seq, a.N)
		if err != nil {
			return err
		}
		if b.State != store.Submitting || b.Attempt != a.N || now.Owner != e.owner || now.Outcome != store.Undecided {
			return errLost
		}
		return f(tx, now)
	})
}

// renew keeps renewing the lease of an attempt until stop is called.
func (e *engine) renew(ctx context.Context, a *store.Attempt) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(e.timing.renew)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				_ = e.prolong(ctx, a) // after a failure, the fence fails or another program takes over, which is safe
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// prolong renews the lease of an attempt once.
func (e *engine) prolong(ctx context.Context, a *store.Attempt) error {
	return e.mine(ctx, a, func(tx store.Tx, now *store.Attempt) error {
		now.Lease = tx.Now().Add(e.timing.lease)
		return tx.PutAttempt(now)
	})
}

// insist retries f for a while until it succeeds, because it records something that was paid for.
func (e *engine) insist(f func() error) error {
	began := e.clock.now()
	for failures := 1; ; failures++ {
		err := f()
		if err == nil {
			return nil
		}
		wait := e.timing.wait(failures)
		if _, most := e.clock.passed(began); most+wait > e.timing.recording {
			return err
		}
		time.Sleep(wait)
	}
}

// record stores the outcome of an attempt, even if the run has ended.
func (e *engine) record(ctx context.Context, b *store.Batch, a *store.Attempt, batch *client.Batch, failure error) error {
	ctx = context.WithoutCancel(ctx)
	if failure == nil {
		return e.store.Update(ctx, func(tx store.Tx) error {
			_, err := prove(tx, e.job, b.Seq, a.N, evidence{batchID: batch.ID, named: true, ended: batch.Ended(), created: batch.CreatedAt})
			return err
		})
	}
	var uncertain *client.UncertainError
	if errors.As(failure, &uncertain) {
		return e.store.Update(ctx, func(tx store.Tx) error {
			now, err := tx.Batch(e.job, b.Seq)
			if err != nil || now.State != store.Submitting || now.Attempt != a.N {
				return err
			}
			named := ""
			if uncertain.BatchID != "" {
				named = fmt.Sprintf(", perhaps as %.100q", uncertain.BatchID)
			}
			now.State = store.Doubtful
			return errors.Join(tx.PutBatch(now), event(tx, now, "doubt", "the service may or may not have accepted the batch%s: %v", named, uncertain.Err))
		})
	}
	return e.store.Update(ctx, func(tx store.Tx) error {
		now, err := tx.Batch(e.job, b.Seq)
		if err != nil {
			return err
		}
		outcome, pause, wait := judge(failure, e.timing.wait(now.Failures+1))
		newest := now.Attempt == a.N && (now.State == store.Submitting || now.State == store.Doubtful || now.State == store.Unproven)
		if newest {
			now.Failures++
			now.NotBefore = tx.Now().Add(wait)
		}
		if err := release(tx, now, a.N, outcome); err != nil || !newest {
			return err
		}
		if isQueueFull(failure) {
			if err := lowerLimit(tx, e.job, tx.Now().Add(e.timing.most)); err != nil {
				return err
			}
		}
		if pause && (now.Failures >= mostRefusals || isLocal(failure)) {
			return pauseJob(tx, e.job, fmt.Sprintf("batch %d: %v", b.Seq, failure))
		}
		return event(tx, now, "failed", "%v", failure)
	})
}

// judge returns the outcome of a create that was certainly not accepted, whether a person has to act, and otherwise how long
// to wait.
func judge(failure error, usual time.Duration) (outcome store.Outcome, pause bool, wait time.Duration) {
	var apiErr *client.APIError
	switch {
	case errors.As(failure, &apiErr):
		return store.Refused, !passes(apiErr), max(usual, apiErr.RetryAfter)
	case errors.Is(failure, errStopped), errors.Is(failure, context.Canceled), errors.Is(failure, context.DeadlineExceeded):
		return store.Unsent, false, 0
	}
	return store.Unsent, isLocal(failure), usual
}

// passes reports whether the error of a call may be temporary.
func passes(e *client.APIError) bool {
	if errors.Is(e, client.ErrSpendLimit) {
		return false
	}
	return e.StatusCode >= 500 || e.StatusCode == http.StatusTooManyRequests || e.StatusCode == http.StatusRequestTimeout || e.StatusCode == http.StatusConflict
}

// isLocal reports whether an error concerns the input or the disk, so that another attempt would fail, too.
func isLocal(err error) bool {
	return errors.Is(err, ErrInputChanged) || errors.Is(err, errNotObject) || errors.Is(err, errTwoIDs) || errors.Is(err, errIDType) ||
		errors.As(err, new(*fs.PathError))
}

// refusal returns why the service refuses a call, or "" if the error may be temporary.
func refusal(err error) string {
	var apiErr *client.APIError
	if errors.As(err, &apiErr) && !passes(apiErr) && apiErr.StatusCode != http.StatusNotFound {
		return err.Error()
	}
	return ""
}

func isQueueFull(err error) bool {
	return errors.Is(err, client.ErrRateLimited) && !errors.Is(err, client.ErrSpendLimit)
}

// lowerLimit lowers the limit to the number of requests that are waiting now, for a while.
func lowerLimit(tx store.Tx, job string, until time.Time) error {
	j, err := tx.Job(job)
	if err != nil {
		return err
	}
	l, err := tx.Limit(j.Organization)
	if err != nil {
		return err
	}
	waiting, err := tx.Waiting(j.Organization)
	if err != nil {
		return err
	}
	l.Lowered, l.Until = max(1, waiting), until
	return tx.PutLimit(l)
}

// pauseJob pauses a running job.
func pauseJob(tx store.Tx, job, why string) error {
	j, err := tx.Job(job)
	if err != nil || j.State != store.Running {
		return err
	}
	j.State, j.Why = store.Paused, why
	return errors.Join(tx.PutJob(j), tx.AddEvent(&store.Event{Job: job, At: tx.Now(), Kind: "paused", Text: why}))
}

// mostRefusals is how many refusals of a create in a row pause the job. A single refusal may come from something between us
// and the service.
const mostRefusals = 3

// failed handles an error of a call without side effects. If all calls have been refused for a while, the job pauses,
// because a person has to act.
func (e *engine) failed(ctx context.Context, b *store.Batch, failure error) (time.Duration, error) {
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	why := refusal(failure)
	if why == "" {
		return e.timing.wait(b.Failures + 1), failure
	}
	e.mu.Lock()
	if e.refusedSince == nil {
		e.refusedSince = new(e.clock.now())
	}
	least, _ := e.clock.passed(*e.refusedSince)
	e.mu.Unlock()
	if least < e.timing.refused {
		return e.timing.look, failure
	}
	return e.timing.look, e.store.Update(ctx, func(tx store.Tx) error { return pauseJob(tx, e.job, why) })
}

// served records that a call was not refused.
func (e *engine) served() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refusedSince = nil
}

// takeOver handles an attempt that was in progress when its program ended.
func (e *engine) takeOver(ctx context.Context, b *store.Batch) (time.Duration, error) {
	key := attemptKey{b.Seq, b.Attempt}
	e.mu.Lock()
	record := e.lost[key]
	e.mu.Unlock()
	if record != nil {
		if err := record(); err != nil {
			return 0, err
		}
		e.mu.Lock()
		delete(e.lost, key)
		e.mu.Unlock()
		return soon, nil
	}
	wait := soon
	err := e.update(ctx, b, func(tx store.Tx, b *store.Batch) error {
		a, err := tx.Attempt(e.job, b.Seq, b.Attempt)
		if err != nil {
			return err
		}
		if left := a.Lease.Sub(tx.Now()); a.Owner != e.owner && !e.hasEnded(a.Owner) && left > 0 {
			wait = left
			return nil
		}
		if a.Fenced.IsZero() {
			return release(tx, b, b.Attempt, store.Unsent)
		}
		b.State = store.Doubtful
		return errors.Join(tx.PutBatch(b), event(tx, b, "doubt", "the program that sent attempt %d has ended: the service may or may not have accepted the batch", b.Attempt))
	})
	if errors.Is(err, errMoved) {
		err = nil
	}
	return wait, err
}
