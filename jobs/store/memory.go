package store

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// NewMemory returns an empty store in memory. It is for tests: its jobs end with the program.
func NewMemory() *Memory {
	return &Memory{
		jobs: make(rows[string, Job]), limits: make(rows[string, Limit]), batches: make(rows[batchKey, Batch]),
		attempts: make(rows[attemptKey, Attempt]), created: make(rows[string, Created]),
		commands: make(rows[int64, Command]), events: make(rows[int64, Event]),
	}
}

// A Memory is a [Store] in memory.
type Memory struct {
	mu       sync.Mutex
	closed   bool
	last     int64 // last ID that was assigned
	jobs     rows[string, Job]
	limits   rows[string, Limit]
	batches  rows[batchKey, Batch]
	attempts rows[attemptKey, Attempt]
	created  rows[string, Created]
	commands rows[int64, Command]
	events   rows[int64, Event]
}

type batchKey struct {
	job string
	seq int64
}

type attemptKey struct {
	batchKey
	n int
}

// rows are rows by key. Rows are never modified, so that clones can share them.
type rows[K comparable, V any] map[K]*V

// Update implements [Store].
func (m *Memory) Update(ctx context.Context, f func(Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.begin(ctx)
	if err != nil {
		return err
	}
	if err := f(t); err != nil {
		for _, undo := range slices.Backward(t.undo) {
			undo()
		}
		return err
	}
	return nil
}

// View implements [Store].
func (m *Memory) View(ctx context.Context, f func(Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.begin(ctx)
	if err != nil {
		return err
	}
	return f(t)
}

// Clone returns an independent copy of the store.
func (m *Memory) Clone() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Memory{
		closed: m.closed, last: m.last, jobs: maps.Clone(m.jobs), limits: maps.Clone(m.limits), batches: maps.Clone(m.batches),
		attempts: maps.Clone(m.attempts), created: maps.Clone(m.created), commands: maps.Clone(m.commands), events: maps.Clone(m.events),
	}
}

func (m *Memory) begin(ctx context.Context) (*memoryTx, error) {
	if m.closed {
		return nil, errors.New("the store is closed")
	}
	return &memoryTx{Memory: m}, ctx.Err()
}

// Close implements [Store].
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

type memoryTx struct {
	*Memory
	undo []func()
}

func put[K comparable, V any](t *memoryTx, in rows[K, V], key K, row V) {
	before, ok := in[key]
	t.undo = append(t.undo, func() {
		if ok {
			in[key] = before
		} else {
			delete(in, key)
		}
	})
	in[key] = &row
}

func remove[K comparable, V any](t *memoryTx, in rows[K, V], key K) {
	if before, ok := in[key]; ok {
		t.undo = append(t.undo, func() { in[key] = before })
		delete(in, key)
	}
}

func get[K comparable, V any](in rows[K, V], key K) (*V, error) {
	row, ok := in[key]
	if !ok {
		return nil, ErrNotFound
	}
	return new(*row), nil
}

// choose returns copies of up to limit rows for which f is true, ordered by by; all of them if limit is 0.
func choose[K comparable, V any, O cmp.Ordered](in rows[K, V], limit int, by func(*V) O, f func(*V) bool) []*V {
	var all []*V
	for _, row := range in {
		if f(row) {
			all = append(all, new(*row))
		}
	}
	slices.SortFunc(all, func(a, b *V) int { return cmp.Compare(by(a), by(b)) })
	if limit > 0 && len(all) > limit {
		all = all[:limit]
	}
	return all
}

func (t *memoryTx) Now() time.Time { return time.Now().Round(0) }

func (t *memoryTx) Job(id string) (*Job, error) { return get(t.jobs, id) }

func (t *memoryTx) Jobs() ([]string, error) { return slices.Sorted(maps.Keys(t.jobs)), nil }

func (t *memoryTx) PutJob(j *Job) error {
	put(t, t.jobs, j.ID, *j)
	return nil
}

func (t *memoryTx) Limit(organization string) (Limit, error) {
	l := Limit{Organization: organization}
	if row, ok := t.limits[organization]; ok {
		l = *row
	}
	return l, nil
}

func (t *memoryTx) PutLimit(l Limit) error {
	put(t, t.limits, l.Organization, l)
	return nil
}

func (t *memoryTx) Waiting(organization string) (n int64, err error) {
	for _, b := range t.batches {
		switch b.State {
		case Submitting, Doubtful, Unproven, Proven:
			if t.organizationOf(b.Job) == organization {
				n += int64(b.Requests)
			}
		}
	}
	for _, c := range t.created {
		if (c.Role == Spare || c.Role == Orphan) && !c.Ended && t.organizationOf(c.Job) == organization {
			n += int64(c.Requests)
		}
	}
	return n, nil
}

func (t *memoryTx) organizationOf(job string) string {
	if j, ok := t.jobs[job]; ok {
		return j.Organization
	}
	return ""
}

func (t *memoryTx) Outranked(job string, requests int64) (bool, error) {
	mine := t.jobs[job]
	for _, b := range t.batches {
		j := t.jobs[b.Job]
		if mine != nil && j != nil && j.Organization == mine.Organization && j.Workspace == mine.Workspace && j.State == Running && j.rank() < mine.rank() &&
			b.State == Planned && b.Failures == 0 && b.After == 0 && int64(b.Requests) <= requests {
			return true, nil
		}
	}
	return false, nil
}

// rank is the priority of a job.
func (j *Job) rank() int { return cmp.Or(j.Priority, 2) }

func (t *memoryTx) Spending(job string) (s Spending, err error) {
	for _, b := range t.batches {
		switch b.State {
		case Submitting, Doubtful, Unproven, Proven, Ended, Gone:
			if c := t.created[b.BatchID]; b.Job != job || c != nil && c.Collected {
				continue
			}
			switch s.Reserved += b.Reserved; {
			case b.State == Gone:
				s.Lost += b.Reserved
			case b.Reserved == 0:
				s.Unpriced++
			}
		}
	}
	for _, c := range t.created {
		switch {
		case c.Job != job || c.Role == Foreign:
		case c.Collected:
			s.Spent += c.Spent
		case c.Role != Ours:
			if b := t.batches[batchKey{c.Job, c.Seq}]; b != nil {
				s.Reserved += b.Reserved
			}
		}
	}
	return s, nil
}

func (t *memoryTx) Batch(job string, seq int64) (*Batch, error) {
	return get(t.batches, batchKey{job, seq})
}

func (t *memoryTx) Batches(job string, states []State, after int64, limit int) ([]*Batch, error) {
	return choose(t.batches, limit, func(b *Batch) int64 { return b.Seq }, func(b *Batch) bool {
		return b.Job == job && b.Seq > after && (states == nil || slices.Contains(states, b.State))
	}), nil
}

func (t *memoryTx) PutBatch(b *Batch) error {
	put(t, t.batches, batchKey{b.Job, b.Seq}, *b)
	return nil
}

func (t *memoryTx) Summary(job string) ([]Sum, error) {
	type key struct {
		round int
		state State
	}
	sums := make(map[key]Sum)
	for _, b := range t.batches {
		if b.Job == job {
			k := key{b.Round, b.State}
			s := sums[k]
			sums[k] = Sum{b.Round, b.State, s.Batches + 1, s.Requests + int64(b.Requests)}
		}
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b Sum) int {
		return cmp.Or(cmp.Compare(a.Round, b.Round), cmp.Compare(a.State, b.State))
	}), nil
}

func (t *memoryTx) Attempt(job string, seq int64, n int) (*Attempt, error) {
	return cloned(get(t.attempts, attemptKey{batchKey{job, seq}, n}))
}

func (t *memoryTx) AttemptByNonce(job string, seq int64, nonce string) (*Attempt, error) {
	for _, a := range t.attempts {
		if a.Job == job && a.Seq == seq && a.Nonce == nonce {
			return cloned(new(*a), nil)
		}
	}
	return nil, ErrNotFound
}

func (t *memoryTx) Attempts(job string, seq int64) ([]*Attempt, error) {
	all := choose(t.attempts, 0, func(a *Attempt) int { return a.N }, func(a *Attempt) bool { return a.Job == job && a.Seq == seq })
	for _, a := range all {
		_, _ = cloned(a, nil)
	}
	return all, nil
}

// cloned copies the slices of an attempt.
func cloned(a *Attempt, err error) (*Attempt, error) {
	if err == nil {
		a.Watermark, a.Candidates = slices.Clone(a.Watermark), slices.Clone(a.Candidates)
	}
	return a, err
}

func (t *memoryTx) PutAttempt(a *Attempt) error {
	row := *a
	_, _ = cloned(&row, nil)
	put(t, t.attempts, attemptKey{batchKey{a.Job, a.Seq}, a.N}, row)
	return nil
}

func (t *memoryTx) Created(batchID string) (*Created, error) { return get(t.created, batchID) }

func (t *memoryTx) CreatedFor(job string, seq int64) ([]*Created, error) {
	return choose(t.created, 0, func(c *Created) string { return c.BatchID }, func(c *Created) bool { return c.Job == job && c.Seq == seq }), nil
}

func (t *memoryTx) CreatedIn(job string, roles []Role, after string, limit int) ([]*Created, error) {
	return choose(t.created, limit, func(c *Created) string { return c.BatchID }, func(c *Created) bool {
		return c.Job == job && c.BatchID > after && slices.Contains(roles, c.Role)
	}), nil
}

func (t *memoryTx) PutCreated(c *Created) error {
	put(t, t.created, c.BatchID, *c)
	return nil
}

func (t *memoryTx) DeleteCreated(batchID string) error {
	remove(t, t.created, batchID)
	return nil
}

func (t *memoryTx) Command(job string) (*Command, error) {
	all := choose(t.commands, 1, func(c *Command) int64 { return c.ID }, func(c *Command) bool { return c.Job == job })
	if len(all) == 0 {
		return nil, ErrNotFound
	}
	return all[0], nil
}

func (t *memoryTx) PutCommand(c *Command) error {
	t.last++
	c.ID = t.last
	put(t, t.commands, c.ID, *c)
	return nil
}

func (t *memoryTx) DeleteCommand(id int64) error {
	remove(t, t.commands, id)
	return nil
}

func (t *memoryTx) AddEvent(e *Event) error {
	t.last++
	e.ID = t.last
	put(t, t.events, e.ID, *e)
	return nil
}

func (t *memoryTx) Events(job string, after int64, limit int) ([]*Event, error) {
	return choose(t.events, limit, func(e *Event) int64 { return e.ID }, func(e *Event) bool { return e.Job == job && e.ID > after }), nil
}
