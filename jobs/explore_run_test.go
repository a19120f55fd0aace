package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// errUnreached is the error of all actions of a step after the point at which it is stopped.
var errUnreached = errors.New("the step is stopped here")

// A run replays a step of an actor, with the recorded results, then makes one further action, and stops before the next one.
// The further action changes the new state.
type run struct {
	x       *explorer
	to      *state // the new state
	log     []deed
	pos     int // number of deeds that were replayed
	choice  int
	further bool // make one further action
	stopped *reach
	free    bool // do not stop

	seq      int64 // of the batch of the step
	attempts int   // of that batch, when the last transaction began
}

// A verdict says what to do with an action of a step.
type verdict int

// The verdicts.
const (
	again verdict = iota // replay it
	doNow
	stop
)

// meet is called before each action that others can see.
func (r *run) meet(kind, what string) (verdict, *deed) {
	switch {
	case r.stopped != nil:
		return stop, nil
	case r.pos < len(r.log):
		e := &r.log[r.pos]
		if r.pos++; e.kind != kind {
			r.x.fail("a step does %s %s where it did %s before", kind, what, e.kind)
		}
		return again, e
	case r.free || r.x.runsOn(kind):
		return doNow, nil
	case r.further:
		r.further = false
		return doNow, nil
	}
	r.stopped = &reach{kind, what}
	return stop, nil
}

// runsOn reports whether a step does not stop at a kind of action.
func (x *explorer) runsOn(kind string) bool {
	if x.coarse {
		return kind != "body" && kind != "write" && kind != "response"
	}
	return kind == "view" && !x.fine
}

// add records an action.
func (r *run) add(e deed) {
	e.at = r.to.now
	r.log = append(r.log, e)
	r.pos = len(r.log)
}

// now returns the time of the last action.
func (r *run) now() time.Time {
	e := &r.log[max(0, r.pos-1)]
	e.timed = true
	return exploredStart.Add(time.Duration(e.at) * exploredTick)
}

// newNonce returns the nonce of the next attempt, which is always the same in the same state.
func (r *run) newNonce() string { return fmt.Sprintf("r%da%03d", r.seq, r.attempts+1) }

// An exploredStore is the store of a run.
type exploredStore struct{ *run }

// Close implements store.Store.
func (s exploredStore) Close() error { return nil }

// errAgain rolls back a transaction that is replayed.
var errAgain = errors.New("replayed")

// Update implements store.Store.
func (s exploredStore) Update(ctx context.Context, f func(store.Tx) error) error {
	what, e := s.meet("commit", caller())
	switch what {
	case stop:
		return errUnreached
	case again:
		var own error
		_ = e.store.Update(ctx, func(tx store.Tx) error {
			own = s.within(tx, e.at, nil, f)
			return errAgain
		})
		return own
	}
	c := s.canon()
	old, after := s.to.store, s.to.store.Clone()
	err := after.Update(ctx, func(tx store.Tx) error { return s.within(tx, s.to.now, c, f) })
	if err == nil {
		s.to.store = after
	}
	s.x.say("commits %s: %v", caller(), err)
	s.add(deed{kind: "commit", store: old, digest: c.sum()})
	return err
}

// View implements store.Store.
func (s exploredStore) View(ctx context.Context, f func(store.Tx) error) error {
	what, e := s.meet("view", "")
	switch what {
	case stop:
		return errUnreached
	case again:
		return e.store.View(ctx, func(tx store.Tx) error { return s.within(tx, e.at, nil, f) })
	}
	c := s.canon()
	err := s.to.store.View(ctx, func(tx store.Tx) error { return s.within(tx, s.to.now, c, f) })
	s.add(deed{kind: "view", store: s.to.store, digest: c.sum()})
	return err
}

func (r *run) canon() *canon {
	return &canon{now: exploredStart.Add(time.Duration(r.to.now) * exploredTick), lives: r.to.lives, most: r.x.timing.margin + r.x.timing.lag + exploredTick, alone: r.x.alone, whole: r.x.whole}
}

func (r *run) within(tx store.Tx, at int, c *canon, f func(store.Tx) error) error {
	all, err := tx.Attempts(exploredJob, r.seq)
	if err != nil {
		return err
	}
	r.attempts = len(all)
	if c == nil {
		c = new(canon)
	}
	return f(exploredTx{tx, exploredStart.Add(time.Duration(at) * exploredTick), c})
}

// An exploredTx records the data that is read.
type exploredTx struct {
	store.Tx
	now  time.Time
	read *canon
}

func (t exploredTx) Now() time.Time { return t.now }

func (t exploredTx) AddEvent(*store.Event) error { return nil }

func (t exploredTx) Job(id string) (*store.Job, error) {
	return noted(t.read, (*canon).job)(t.Tx.Job(id))
}

func (t exploredTx) Batch(job string, seq int64) (*store.Batch, error) {
	return noted(t.read, (*canon).batch)(t.Tx.Batch(job, seq))
}

func (t exploredTx) Batches(job string, states []store.State, after int64, limit int) ([]*store.Batch, error) {
	return notedAll(t.read, (*canon).batch)(t.Tx.Batches(job, states, after, limit))
}

func (t exploredTx) Attempt(job string, seq int64, n int) (*store.Attempt, error) {
	return noted(t.read, (*canon).attempt)(t.Tx.Attempt(job, seq, n))
}

func (t exploredTx) AttemptByNonce(job string, seq int64, nonce string) (*store.Attempt, error) {
	return noted(t.read, (*canon).attempt)(t.Tx.AttemptByNonce(job, seq, nonce))
}

func (t exploredTx) Attempts(job string, seq int64) ([]*store.Attempt, error) {
	return notedAll(t.read, (*canon).attempt)(t.Tx.Attempts(job, seq))
}

func (t exploredTx) Created(id string) (*store.Created, error) {
	return noted(t.read, (*canon).created)(t.Tx.Created(id))
}

func (t exploredTx) CreatedFor(job string, seq int64) ([]*store.Created, error) {
	return notedAll(t.read, (*canon).created)(t.Tx.CreatedFor(job, seq))
}

func (t exploredTx) CreatedIn(job string, roles []store.Role, after string, limit int) ([]*store.Created, error) {
	return notedAll(t.read, (*canon).created)(t.Tx.CreatedIn(job, roles, after, limit))
}

func (t exploredTx) Limit(organization string) (store.Limit, error) {
	l, err := t.Tx.Limit(organization)
	t.read.limit(l)
	return l, err
}

func (t exploredTx) Waiting(organization string) (int64, error) {
	n, err := t.Tx.Waiting(organization)
	t.read.int(int(n))
	return n, err
}

func noted[R any](c *canon, write func(*canon, *R)) func(*R, error) (*R, error) {
	return func(row *R, err error) (*R, error) {
		if err == nil {
			write(c, row)
		} else {
			c.int(-4)
		}
		return row, err
	}
}

func notedAll[R any](c *canon, write func(*canon, *R)) func([]*R, error) ([]*R, error) {
	return func(rows []*R, err error) ([]*R, error) {
		c.int(len(rows))
		for _, row := range rows {
			write(c, row)
		}
		return rows, err
	}
}

// RoundTrip implements http.RoundTripper. It makes calls to the explored service.
func (x *explorer) RoundTrip(q *http.Request) (*http.Response, error) {
	r := x.run
	path := strings.TrimPrefix(q.URL.Path, "/v1/messages/batches")
	name := strings.TrimPrefix(path, "/")
	switch {
	case q.Method == http.MethodPost && path == "":
		return r.create(q)
	case q.Method == http.MethodPost:
		name = strings.TrimSuffix(name, "/cancel")
		return r.ask(q, "cancel", name, func() (*reply, uint64) { return r.cancel(name) })
	case strings.HasSuffix(path, "/results"):
		name = strings.TrimSuffix(name, "/results")
		return r.ask(q, "results", name, func() (*reply, uint64) {
			b := r.batch(name)
			body := fmt.Sprintf(`{"custom_id":%q,"result":{"type":"expired"}}`+"\n", b.id)
			return &reply{status: http.StatusOK, body: body}, digestOf(b.id)
		})
	case path != "":
		return r.ask(q, "get", name, func() (*reply, uint64) {
			b := r.batch(name)
			return &reply{status: http.StatusOK, body: b.describe()}, digestOf(strconv.FormatBool(b.ended))
		})
	}
	return r.ask(q, "list", "", r.list)
}

// ask makes a call to the service, or replays it.
func (r *run) ask(q *http.Request, kind, what string, f func() (*reply, uint64)) (*http.Response, error) {
	switch v, e := r.meet(kind, what); v {
	case stop:
		return nil, errUnreached
	case again:
		return e.reply.response(q)
	}
	a, digest := f()
	r.x.say("%s %s: %d %s %v", kind, what, a.status, a.body, a.err)
	r.add(deed{kind: kind, reply: a, digest: digest})
	return a.response(q)
}

func (a *reply) response(q *http.Request) (*http.Response, error) {
	if a.err != nil {
		return nil, a.err
	}
	return &http.Response{
		StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: q,
		Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(a.body)), Body: io.NopCloser(strings.NewReader(a.body)),
	}, nil
}

func digestOf(s string) uint64 {
	c := new(canon)
	c.text(s)
	return c.sum()
}

func (r *run) batch(name string) *sentBatch {
	i := slices.IndexFunc(r.to.service.batches, func(b sentBatch) bool { return b.name == name })
	return &r.to.service.batches[i]
}

func (b *sentBatch) describe() string {
	status, processing, expired := "in_progress", 1, 0
	if b.ended {
		status, processing, expired = "ended", 0, 1
	}
	at := exploredStart.Add(b.created).Format(time.RFC3339)
	return fmt.Sprintf(`{"id":%q,"type":"message_batch","processing_status":%q,"request_counts":{"processing":%d,"succeeded":0,"errored":0,"canceled":0,"expired":%d},"created_at":%q,"expires_at":%q,"ended_at":null,"cancel_initiated_at":null,"archived_at":null,"results_url":null}`,
		b.name, status, processing, expired, at, at)
}

// errCut is the error of a connection that was cut.
var errCut = errors.New("the connection was cut")

// list lists batches. Bit i of the choice omits the ith batch that a list may omit; the next bit makes the call fail.
func (r *run) list() (*reply, uint64) {
	may := r.x.mayOmit(r.to)
	if r.choice>>len(may) == 1 {
		use(&r.to.left.outages)
		return &reply{err: errCut}, 1
	}
	shown := []json.RawMessage{}
	var digest strings.Builder
	newest := time.Duration(-1)
	for _, b := range r.to.listed() {
		if i := slices.Index(may, b.name); i >= 0 && r.choice>>i&1 == 1 {
			if !r.x.young(r.to, &b) {
				use(&r.to.left.omissions)
				r.batch(b.name).exposed = r.x.left.omissions > 1 // omitted by several lists, which is more than the protocol assumes
			}
			continue
		}
		if newest < 0 {
			newest = b.created
		}
		shown = append(shown, json.RawMessage(b.describe()))
		fmt.Fprint(&digest, b.name, b.ended, newest-b.created > 5*time.Minute)
	}
	body, err := json.Marshal(map[string]any{"data": shown, "has_more": false, "first_id": nil, "last_id": nil})
	if err != nil {
		return &reply{err: err}, 0
	}
	return &reply{status: http.StatusOK, body: string(body)}, digestOf(digest.String())
}

// cancel cancels a batch. It must be our own, and another batch must have its requests, unless the job was canceled.
func (r *run) cancel(name string) (*reply, uint64) {
	b := r.batch(name)
	b.canceled = true
	w, ours := parseWireID(b.id)
	canceled := false
	_ = r.to.store.View(r.x.t.Context(), func(tx store.Tx) error {
		j, err := tx.Job(exploredJob)
		canceled = err == nil && j.State == store.Canceled
		return err
	})
	held := slices.ContainsFunc(r.to.service.batches, func(other sentBatch) bool {
		o, ok := parseWireID(other.id)
		return ok && o.line == w.line && !other.canceled
	})
	switch {
	case !ours:
		r.x.fail("batch %s, which is not ours, is canceled", name)
	case !b.named:
		r.x.fail("batch %s, which no response has named, is canceled", name)
	case !held && !canceled:
		r.x.fail("batch %s is canceled, but no other batch has its requests", name)
	}
	return &reply{status: http.StatusOK, body: b.describe()}, digestOf(strconv.FormatBool(b.ended))
}

// create sends a body, possibly slowly, which calls the fence at its end, and waits for the response.
func (r *run) create(q *http.Request) (*http.Response, error) {
	switch v, _ := r.meet("body", ""); v {
	case stop:
		return nil, errUnreached
	case doNow:
		r.add(deed{kind: "body"})
	}
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	var sent struct {
		Requests []struct {
			CustomID string `json:"custom_id"`
		}
	}
	if err := json.Unmarshal(body, &sent); err != nil || len(sent.Requests) != 1 {
		return nil, fmt.Errorf("the body is %q: %w", body, err)
	}
	id := sent.Requests[0].CustomID
	r.log[r.pos-1].fenced = id
	if v, _ := r.meet("write", id); v == stop {
		return nil, errUnreached
	}
	return r.ask(q, "response", id, nil)
}

// release sends the last bytes of a body. Then the step waits for the response.
func (x *explorer) release(to *state, a *actor) {
	id := a.next.what
	x.say("sends the last bytes of %s", id)
	to.service.bodies = append(to.service.bodies, sentBody{id, a.log[len(a.log)-1].at, to.now})
	a.log = append(slices.Clip(a.log), deed{kind: "write", at: to.now})
	a.next = &reach{"response", id}
}

// respond passes to a step the result of its create, which the step then records: way 0 is the response of the service, and
// way 1 a connection that was cut.
func (x *explorer) respond(to *state, a *actor, how int) {
	s, id := &to.service, a.next.what
	said, digest := &reply{err: errCut}, uint64(1)
	i := slices.IndexFunc(s.batches, func(b sentBatch) bool { return b.id == id })
	switch {
	case how == 1:
		use(&to.left.losses)
	case i >= 0:
		s.batches[i].named = true
		said, digest = &reply{status: http.StatusOK, body: s.batches[i].describe()}, digestOf(s.batches[i].name)
	case slices.Contains(s.refused, id):
		said, digest = &reply{status: 529, body: `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}`}, 529
	}
	x.say("gets the response %d %v", said.status, said.err)
	a.log = append(slices.Clip(a.log), deed{kind: "response", at: to.now, reply: said, digest: digest})
	a.next = &reach{"commit", "(*engine).record"}
}
