package sqlstore

import (
	"errors"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// Job implements [store.Tx].
func (t *Tx) Job(id string) (*store.Job, error) {
	if err := t.claim("job", id); err != nil {
		return nil, err
	}
	return jobs.get(t, "id = $1", "", id)
}

// Jobs implements [store.Tx].
func (t *Tx) Jobs() ([]string, error) {
	all, err := jobs.choose(t, "TRUE", "id", 0)
	var ids []string
	for _, j := range all {
		ids = append(ids, j.ID)
	}
	return ids, err
}

// PutJob implements [store.Tx].
func (t *Tx) PutJob(j *store.Job) error { return jobs.put(t, j) }

// Limit implements [store.Tx].
func (t *Tx) Limit(organization string) (store.Limit, error) {
	if err := t.claim("queue_limit", organization); err != nil {
		return store.Limit{}, err
	}
	l, err := limits.get(t, "organization = $1", "", organization)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.Limit{Organization: organization}, nil
	case err != nil:
		return store.Limit{}, err
	}
	return *l, nil
}

// PutLimit implements [store.Tx].
func (t *Tx) PutLimit(l store.Limit) error { return limits.put(t, &l) }

// Waiting implements [store.Tx].
func (t *Tx) Waiting(organization string) (n int64, err error) {
	err = t.one(`SELECT CAST(
		(SELECT coalesce(sum(b.requests), 0) FROM batch b JOIN job j ON j.id = b.job
			WHERE j.organization = $1 AND b.state IN ('submitting', 'doubtful', 'unproven', 'proven')) +
		(SELECT coalesce(sum(c.requests), 0) FROM created c JOIN job j ON j.id = c.job
			WHERE j.organization = $1 AND c.role IN ('spare', 'orphan') AND c.ended = 0) AS `+t.Dialect.Integer+`)`, []any{organization}, &n)
	return n, batches.failed(err)
}

// Outranked implements [store.Tx].
func (t *Tx) Outranked(job string, requests int64) (bool, error) {
	var n int64
	err := t.one(`SELECT count(*) FROM job mine JOIN job j ON j.organization = mine.organization AND j.workspace = mine.workspace JOIN batch b ON b.job = j.id
		WHERE mine.id = $1 AND j.state = 'running' AND coalesce(nullif(j.priority, 0), 2) < coalesce(nullif(mine.priority, 0), 2)
			AND b.state = 'planned' AND b.failures = 0 AND b.after_seq = 0 AND b.requests <= $2`, []any{job, requests}, &n)
	return n > 0, batches.failed(err)
}

// Spending implements [store.Tx].
func (t *Tx) Spending(job string) (s store.Spending, err error) {
	const uncollected = ` FROM batch b LEFT JOIN created c ON c.batch_id = b.batch_id
		WHERE b.job = $1 AND (c.collected IS NULL OR c.collected = 0) AND b.state IN `
	for _, sum := range []struct {
		of   string
		into *int64
	}{
		{`SELECT sum(spent) FROM created WHERE job = $1 AND role <> 'foreign' AND collected = 1`, &s.Spent},
		{`SELECT coalesce(sum(b.reserved), 0) + (SELECT coalesce(sum(b.reserved), 0) FROM created c JOIN batch b ON b.job = c.job AND b.seq = c.seq
			WHERE c.job = $1 AND c.role IN ('spare', 'orphan') AND c.collected = 0)` + uncollected + `('submitting', 'doubtful', 'unproven', 'proven', 'ended', 'gone')`, &s.Reserved},
		{`SELECT sum(b.reserved)` + uncollected + `('gone')`, &s.Lost},
		{`SELECT count(*)` + uncollected + `('submitting', 'doubtful', 'unproven', 'proven', 'ended') AND b.reserved = 0`, &s.Unpriced},
	} {
		if err := t.one("SELECT CAST(coalesce(("+sum.of+"), 0) AS "+t.Dialect.Integer+")", []any{job}, sum.into); err != nil {
			return store.Spending{}, batches.failed(err)
		}
	}
	return s, nil
}

// Batch implements [store.Tx].
func (t *Tx) Batch(job string, seq int64) (*store.Batch, error) {
	return batches.get(t, "job = $1 AND seq = $2", "", job, seq)
}

// Batches implements [store.Tx].
func (t *Tx) Batches(job string, states []store.State, after int64, limit int) ([]*store.Batch, error) {
	condition, args := "job = $1 AND seq > $2", []any{job, after}
	if states != nil {
		condition += " AND state IN (" + marks(3, len(states)) + ")"
		for _, s := range states {
			args = append(args, string(s))
		}
	}
	return batches.choose(t, condition, "seq", limit, args...)
}

// PutBatch implements [store.Tx].
func (t *Tx) PutBatch(b *store.Batch) error { return batches.put(t, b) }

// Summary implements [store.Tx].
func (t *Tx) Summary(job string) ([]store.Sum, error) {
	rows, err := t.Conn.Query(t.Ctx, "SELECT round, state, count(*), CAST(sum(requests) AS "+t.Dialect.Integer+") FROM batch WHERE job = $1 GROUP BY round, state ORDER BY round, state", job)
	if err != nil {
		return nil, batches.failed(err)
	}
	defer func() { _ = rows.Close() }() // Err has the error
	var all []store.Sum
	for rows.Next() {
		var s store.Sum
		if err := rows.Scan(&s.Round, &s.State, &s.Batches, &s.Requests); err != nil {
			return nil, batches.failed(err)
		}
		all = append(all, s)
	}
	return all, batches.failed(rows.Err())
}

// Attempt implements [store.Tx].
func (t *Tx) Attempt(job string, seq int64, n int) (*store.Attempt, error) {
	return attempts.get(t, "job = $1 AND seq = $2 AND n = $3", "", job, seq, n)
}

// AttemptByNonce implements [store.Tx].
func (t *Tx) AttemptByNonce(job string, seq int64, nonce string) (*store.Attempt, error) {
	return attempts.get(t, "job = $1 AND seq = $2 AND nonce = $3", "", job, seq, nonce)
}

// Attempts implements [store.Tx].
func (t *Tx) Attempts(job string, seq int64) ([]*store.Attempt, error) {
	return attempts.choose(t, "job = $1 AND seq = $2", "n", 0, job, seq)
}

// PutAttempt implements [store.Tx].
func (t *Tx) PutAttempt(a *store.Attempt) error {
	row := *a
	if row.Watermark == nil {
		row.Watermark = []byte{}
	}
	return attempts.put(t, &row)
}

// Created implements [store.Tx].
func (t *Tx) Created(batchID string) (*store.Created, error) {
	if err := t.claim("created", batchID); err != nil {
		return nil, err
	}
	return created.get(t, "batch_id = $1", "", batchID)
}

// CreatedFor implements [store.Tx].
func (t *Tx) CreatedFor(job string, seq int64) ([]*store.Created, error) {
	return created.choose(t, "job = $1 AND seq = $2", "batch_id", 0, job, seq)
}

// CreatedIn implements [store.Tx].
func (t *Tx) CreatedIn(job string, roles []store.Role, after string, limit int) ([]*store.Created, error) {
	args := []any{job, after}
	for _, r := range roles {
		args = append(args, string(r))
	}
	return created.choose(t, "job = $1 AND batch_id > $2 AND role IN ("+marks(3, len(roles))+")", "batch_id", limit, args...)
}

// PutCreated implements [store.Tx].
func (t *Tx) PutCreated(c *store.Created) error { return created.put(t, c) }

// DeleteCreated implements [store.Tx].
func (t *Tx) DeleteCreated(batchID string) error { return created.remove(t, "batch_id = $1", batchID) }

// Command implements [store.Tx].
func (t *Tx) Command(job string) (*store.Command, error) {
	return commands.get(t, "job = $1", "id", job)
}

// PutCommand implements [store.Tx].
func (t *Tx) PutCommand(c *store.Command) error {
	if err := t.claim("command", c.Job); err != nil {
		return err
	}
	return commands.add(t, c)
}

// DeleteCommand implements [store.Tx].
func (t *Tx) DeleteCommand(id int64) error { return commands.remove(t, "id = $1", id) }

// AddEvent implements [store.Tx].
func (t *Tx) AddEvent(e *store.Event) error {
	if err := t.claim("event", e.Job); err != nil {
		return err
	}
	return events.add(t, e)
}

// Events implements [store.Tx].
func (t *Tx) Events(job string, after int64, limit int) ([]*store.Event, error) {
	return events.choose(t, "job = $1 AND id > $2", "id", limit, job, after)
}
