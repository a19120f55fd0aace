package river

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	rq "github.com/riverqueue/river"

	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// mostPlanned is the maximum number of unsent batches of a workspace that have River jobs. The others get theirs later,
// because otherwise all of them would wake up every minute when the limit is reached.
const mostPlanned = 300

// sweepAll inserts missing River jobs, at intervals and when kicked, until ctx ends. It is not a periodic job of River,
// because pausing its queue would stop it.
func (w *worker) sweepAll(ctx context.Context) {
	ticker := time.NewTicker(w.options.Sweep)
	defer ticker.Stop()
	w.kick()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.client.Stopped():
			return
		case <-ticker.C:
		case <-w.kicked:
		}
		ran, err := w.db.TryExclusive(ctx, "sweep "+w.queues.tend, w.sweep)
		if err != nil && ctx.Err() == nil {
			w.log.WarnContext(ctx, "cannot look for batches that no River job serves", "error", err)
		}
		if err != nil || !ran {
			w.kick() // another sweep may have run too early
		}
		_ = sleep(ctx, min(time.Second, w.options.Sweep))
	}
}

// A task identifies a River job.
type task struct {
	kind, job string
	seq       int64
	priority  int // 0 for a River job that exists
}

// sweep inserts missing River jobs, and ends those whose workers died.
func (w *worker) sweep(ctx context.Context) error {
	if err := w.bury(ctx); err != nil {
		return err
	}
	served, err := w.served(ctx)
	if err != nil {
		return err
	}
	tasks, err := w.tasks(ctx)
	if err != nil {
		return err
	}
	var missing []rq.InsertManyParams
	for _, t := range tasks {
		key := task{kind: t.kind, job: t.job, seq: t.seq}
		if !served[key] {
			served[key] = true
			missing = append(missing, w.insertion(t))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = w.client.InsertManyFast(ctx, missing)
	return err
}

func (w *worker) insertion(t task) rq.InsertManyParams {
	switch t.kind {
	case submitKind:
		return rq.InsertManyParams{Args: submitArgs{t.job, t.seq}, InsertOpts: in(w.queues.submit, t.priority)}
	case collectKind:
		return rq.InsertManyParams{Args: collectArgs{t.job, t.seq}, InsertOpts: in(w.queues.collect, 1)}
	case pollKind:
		return rq.InsertManyParams{Args: pollArgs{}, InsertOpts: in(w.queues.poll, 1)}
	}
	return rq.InsertManyParams{Args: tendArgs{t.job}, InsertOpts: in(w.queues.tend, 1)}
}

// bury ends River jobs that have been running for a day: River does not rescue jobs without a time-out.
func (w *worker) bury(ctx context.Context) error {
	_, err := w.db.Pool().Exec(ctx, `UPDATE river_job SET state = 'discarded', finalized_at = now()
		WHERE state = 'running' AND queue = ANY ($1) AND attempted_at < now() - interval '1 day'`, w.queues.all())
	return err
}

// wake makes batches that are waiting for others to end try again at once, oldest first.
func (w *worker) wake(ctx context.Context, ended int) error {
	_, err := w.db.Pool().Exec(ctx, `UPDATE river_job SET state = 'available', scheduled_at = now() WHERE state = 'scheduled' AND id IN
		(SELECT id FROM river_job WHERE queue = $1 AND state = 'scheduled' ORDER BY priority, id LIMIT $2)`, w.queues.submit, 3+2*ended)
	return err
}

// served returns the tasks that have a River job. A running River job counts only for a third of a lease, because its worker
// may have died; another one then waits for the end of the lease.
func (w *worker) served(ctx context.Context) (map[task]bool, error) {
	tasks, err := collectTasks(w.db.Pool().Query(ctx, `SELECT kind, coalesce(args->>'job', ''), coalesce((args->>'seq')::bigint, 0), 0 FROM river_job
		WHERE queue = ANY ($1) AND (state IN ('available', 'pending', 'retryable', 'scheduled') OR state = 'running' AND attempted_at > now() - $2::interval)`,
		w.queues.all(), w.Lease()/3))
	all := make(map[task]bool, len(tasks))
	for _, t := range tasks {
		all[t] = true
	}
	return all, err
}

// tasks returns the tasks that the rows need.
func (w *worker) tasks(ctx context.Context) ([]task, error) {
	return collectTasks(w.db.Pool().Query(ctx, `
		WITH ours AS (SELECT id, state, CASE priority WHEN 0 THEN 2 ELSE priority END AS priority FROM job WHERE organization = $1 AND workspace = $2 AND planned = 1 AND state <> 'done'),
		open AS (SELECT b.job, b.seq, b.state, j.state AS job_state, j.priority FROM ours j JOIN batch b ON b.job = j.id
			WHERE b.state IN ('planned', 'submitting', 'doubtful', 'unproven', 'proven', 'ended') OR b.state = 'gone' AND b.part_name = ''),
		planned AS (SELECT job, seq, priority, row_number() OVER (PARTITION BY job ORDER BY seq) AS n FROM open WHERE state = 'planned' AND job_state IN ('running', 'canceled'))
		SELECT '`+submitKind+`', job, seq, 1 FROM open WHERE state IN ('submitting', 'doubtful', 'unproven')
		UNION ALL SELECT '`+submitKind+`', job, seq, priority FROM (SELECT * FROM planned ORDER BY priority, n, job LIMIT $3) AS next
		UNION ALL SELECT '`+collectKind+`', job, seq, 1 FROM open WHERE state IN ('ended', 'gone')
		UNION ALL SELECT '`+pollKind+`', '', 0, 1 WHERE EXISTS (SELECT FROM open WHERE state = 'proven')
		UNION ALL SELECT '`+tendKind+`', id, 0, 1 FROM ours WHERE NOT EXISTS (SELECT FROM open WHERE job = id) OR
			EXISTS (SELECT FROM batch WHERE job = id AND state = 'collected') OR
			EXISTS (SELECT FROM created WHERE job = id AND role IN ('spare', 'orphan') AND (ended = 0 OR collected = 0))`,
		w.organization, w.workspace, mostPlanned))
}

func collectTasks(rows pgx.Rows, err error) ([]task, error) {
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t task, err error) {
		err = row.Scan(&t.kind, &t.job, &t.seq, &t.priority)
		return t, err
	})
}

// waiting returns the running batches of the workspace.
func (w *worker) waiting(ctx context.Context) ([]jobs.Ref, error) {
	rows, err := w.db.Pool().Query(ctx, `SELECT b.job, b.seq FROM job j JOIN batch b ON b.job = j.id
		WHERE j.organization = $1 AND j.workspace = $2 AND b.state = $3 ORDER BY b.job, b.seq`, w.organization, w.workspace, string(store.Proven))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (ref jobs.Ref, err error) {
		err = row.Scan(&ref.Job, &ref.Seq)
		return ref, err
	})
}
