package jobs

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// exploredTick is the unit of time of explored jobs. In proportion to reality, the lease, the lag, and the time between two
// lists take one tick, and the margin takes two.
const exploredTick = 15 * time.Minute

// exploredStart is in the past, so that no step waits for the real clock.
var exploredStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// A state is the whole state of explored programs, their store and their service. It is immutable once it has been reached;
// it shares data with the states before and after it.
type state struct {
	now     int // in ticks
	store   *store.Memory
	service explored
	actors  []actor
	lives   []int // how often each owner has died
	left    budget
}

// A budget is how often each event may still happen; negative is without limit.
type budget struct{ kills, foreign, losses, refusals, omissions, outages, cancels, renewals, ticks, late int8 }

// clone returns a copy whose parts can be replaced independently.
func (s *state) clone() *state {
	to := *s
	to.actors, to.lives = slices.Clone(s.actors), slices.Clone(s.lives)
	to.service.bodies, to.service.batches = slices.Clone(s.service.bodies), slices.Clone(s.service.batches)
	to.service.refused = slices.Clone(s.service.refused)
	return &to
}

// An actor is one goroutine of a program. It makes steps with one batch of the job, or tends spares and orphans. Its memory
// is as of the beginning of its step.
type actor struct {
	memory map[attemptKey]instant
	log    []deed // of the step in progress
	next   *reach // what the step is about to do; nil if no step is in progress
}

// A reach is an action that a program is about to make and that others can see.
type reach struct {
	kind string // commit, view, list, get, results, cancel, body, write, response
	what string // human-readable, or the ID of a batch
}

// A deed is an action that a step has made, with everything that is needed to replay it with the same result.
type deed struct {
	kind   string // of the reach
	at     int    // in ticks
	store  *store.Memory
	reply  *reply
	digest uint64 // of the data that was read
	timed  bool   // a clock was read after it
	fenced string // custom ID of the create that the fence has released
}

// A reply is a response of the service, or the error of the call.
type reply struct {
	status int
	body   string
	err    error
}

// explored is the service.
type explored struct {
	bodies  []sentBody
	batches []sentBatch
	refused []string // custom IDs
}

// A sentBody is the body of a create that was sent completely and is not yet accepted or refused.
type sentBody struct {
	id              string // custom ID of its request
	fenced, written int
}

// A sentBatch is a batch on the server.
type sentBatch struct {
	name, id string // ID of the batch, and custom ID of its request
	created  time.Duration
	accepted int
	ended    bool
	canceled bool
	named    bool // a response has named it to a program, dead or alive
	exposed  bool // accepted or listed later than the protocol assumes
}

// canon writes the relevant parts of a state, so that equivalent states have equal texts.
type canon struct {
	to    []byte
	now   time.Time
	lives []int
	most  time.Duration // ages are capped at this
	lag   time.Duration
	alone bool // leases do not matter
	whole bool // data that no step reads matters

	sought []attemptKey // attempts whose batches are looked for: the time of the last search matters
}

var exploredSeed = maphash.MakeSeed()

func (c *canon) sum() uint64 { return maphash.Bytes(exploredSeed, c.to) }

func (c *canon) int(n int) { c.to = binary.AppendVarint(c.to, int64(n)) }

func (c *canon) text(s string) { c.to = append(append(c.to, s...), 0) }

func (c *canon) bool(b bool) {
	if b {
		c.to = append(c.to, 1)
	} else {
		c.to = append(c.to, 0)
	}
}

// until writes the time until t.
func (c *canon) until(t time.Time) { c.int(int(max(0, t.Sub(c.now)))) }

// age writes an age, as far as it matters.
func (c *canon) age(d time.Duration) { c.int(int(min(c.most, d))) }

// owner writes the number of a living program.
func (c *canon) owner(name string) {
	for i, life := range c.lives {
		if name == ownerName(i, life) {
			c.int(i)
			return
		}
	}
	c.int(-1)
}

func (c *canon) job(j *store.Job) { c.text(string(j.State)) }

func (c *canon) batch(b *store.Batch) {
	c.int(int(b.Seq))
	c.text(string(b.State))
	c.int(b.Attempt)
	c.text(b.BatchID)
	c.int(min(b.Failures, mostRefusals))
}

func (c *canon) attempt(a *store.Attempt) {
	c.int(int(a.Seq))
	c.int(a.N)
	c.text(a.Nonce)
	c.owner(a.Owner)
	if !c.alone {
		c.until(a.Lease)
	}
	c.bool(a.Fenced.IsZero())
	if c.whole {
		c.age(c.now.Sub(a.Intent))
		c.age(c.now.Sub(a.Fenced))
	}
	c.text(string(a.Outcome))
	c.to = append(c.to, a.Watermark...)
	c.age(a.Waited)
	c.int(a.EmptyLists)
	if a.EmptyLists > 0 {
		c.age(a.Waited - a.LastEmpty)
	}
	c.bool(a.Closed)
	c.text(strings.Join(a.Candidates, ","))
}

func (c *canon) created(r *store.Created) {
	c.text(r.BatchID)
	c.int(int(r.Seq))
	c.int(r.Attempt)
	c.text(string(r.Role))
	c.bool(r.Proven)
	c.bool(r.Named)
	c.bool(r.Ended)
	c.bool(r.Canceled)
}

func (c *canon) limit(l store.Limit) {
	c.int(int(l.Lowered))
	c.until(l.Until)
}

// rows writes all rows of a store.
func (c *canon) rows(tx store.Tx) error {
	j, err := tx.Job(exploredJob)
	if err != nil {
		return err
	}
	c.job(j)
	l, err := tx.Limit(j.Organization)
	if err != nil {
		return err
	}
	c.limit(l)
	batches, err := tx.Batches(exploredJob, nil, 0, 0)
	if err != nil {
		return err
	}
	c.sought = nil
	for _, b := range batches {
		c.batch(b)
		if b.State == store.Doubtful || b.State == store.Unproven || b.State == store.Submitting {
			c.sought = append(c.sought, attemptKey{b.Seq, b.Attempt})
		}
		attempts, err := tx.Attempts(exploredJob, b.Seq)
		if err != nil {
			return err
		}
		for _, a := range attempts {
			c.attempt(a)
		}
	}
	created, err := tx.CreatedIn(exploredJob, []store.Role{store.Ours, store.Spare, store.Orphan, store.Foreign}, "", 0)
	for _, r := range created {
		c.created(r)
	}
	return err
}

// service writes the state of the service.
func (c *canon) service(s *state) {
	for _, b := range s.service.bodies {
		c.text(b.id)
		c.age(time.Duration(s.now-b.fenced) * exploredTick)
		c.bool(b.written == s.now)
	}
	c.int(-1)
	for _, id := range s.service.refused {
		c.text(id)
	}
	c.int(-1)
	for _, b := range s.service.batches {
		c.text(b.id)
		c.int(min(s.now-b.accepted, int(c.lag/exploredTick)))
		c.bool(b.ended)
		c.bool(b.canceled)
		c.bool(b.named)
		c.bool(b.exposed)
	}
	// Of the times in lists, only their order matters, and which are far apart.
	last := time.Duration(-1)
	for _, b := range s.listed() {
		c.text(b.name)
		if last >= 0 {
			c.bool(last-b.created > 5*time.Minute)
		} else {
			c.int(int(min(time.Duration(s.now)*exploredTick-b.created, exploredTick)))
		}
		last = b.created
	}
}

// listed returns the batches on the server, newest first.
func (s *state) listed() []sentBatch {
	all := slices.Clone(s.service.batches)
	slices.SortStableFunc(all, func(a, b sentBatch) int { return int(b.created - a.created) })
	return all
}

// sum returns a hash that distinguishes states.
func (s *state) sum(x *explorer) uint64 {
	c := &canon{to: x.buf[:0], now: exploredStart.Add(time.Duration(s.now) * exploredTick), lives: s.lives, most: x.timing.margin + x.timing.lag + exploredTick, alone: x.alone, whole: x.whole, lag: x.timing.lag}
	if err := s.store.View(x.t.Context(), func(tx store.Tx) error { return c.rows(tx) }); err != nil {
		x.t.Fatal(err)
	}
	c.service(s)
	for i := range s.actors {
		c.actor(s, &s.actors[i])
	}
	l := s.left
	for _, n := range []int8{l.kills, l.foreign, l.losses, l.refusals, l.omissions, l.outages, l.cancels, l.renewals, l.ticks, l.late} {
		c.to = append(c.to, byte(n))
	}
	x.buf = c.to
	return c.sum()
}

func (c *canon) actor(s *state, a *actor) {
	for _, key := range c.sought {
		if _, ok := a.memory[key]; !ok {
			continue
		}
		c.int(int(key.seq))
		c.int(key.n)
		c.age(c.now.Sub(exploredStart) - a.memory[key].since)
	}
	if a.next == nil {
		c.int(-2)
		return
	}
	log := a.log
	for i, e := range log {
		if e.fenced != "" { // from here on, only the identity of the create matters of what the step did before
			c.text(e.fenced)
			if log = log[i+1:]; len(log) == 0 {
				c.age(time.Duration(s.now-e.at) * exploredTick)
			}
			for _, e := range log {
				c.to = binary.LittleEndian.AppendUint64(c.to, e.digest)
			}
			return
		}
	}
	for _, e := range log {
		c.to = binary.LittleEndian.AppendUint64(c.to, e.digest)
		if e.timed {
			c.age(time.Duration(s.now-e.at) * exploredTick)
		}
	}
	c.int(-3)
}
