package jobs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// exploredTiming is the timing of explored jobs, in ticks. A move renews the lease.
func exploredTiming(margin int) timing {
	return timing{
		lease: exploredTick, renew: 1000 * time.Hour, margin: time.Duration(margin) * exploredTick, lag: exploredTick, apart: exploredTick, fence: 30 * time.Second,
		missing: 1000 * time.Hour, refused: 1000 * time.Hour, recording: -1,
	}
}

const exploredJob = "explored"

func ownerName(i, life int) string { return owner(exploredJob, int64(100*i+life)) }

// A move is a transition from one state to the next.
type move struct {
	kind moveKind
	at   uint8 // which actor, owner, body or batch
	how  uint8 // which of several ways
}

type moveKind uint8

// The moves.
const (
	moveStep    moveKind = iota // an actor makes its next action
	moveKill                    // an owner dies and restarts
	moveAccept                  // the service accepts a body
	moveRefuse                  // the service refuses a body
	moveEnd                     // a batch ends
	moveForeign                 // another program creates a batch of the same size
	moveTick                    // time passes
	moveRenew                   // an owner renews the lease of the attempt that it sends
	moveCancel                  // a person cancels the job
)

// use decrements an entry of a budget, unless it is without limit.
func use(left *int8) {
	if *left > 0 {
		*left--
	}
}

// slots returns the number of actors of an owner: one for each batch of the job, and one for spares and orphans.
func (x *explorer) slots() int { return x.rows + 1 }

// moves returns the moves that are possible in a state.
func (x *explorer) moves(s *state) (all []move) {
	for i := range s.actors {
		a := &s.actors[i]
		if a.next == nil {
			began := x.peek(s, i)
			if began == nil {
				continue
			}
			a = &began.actors[i]
		}
		next := a.next
		if next == nil {
			next = &reach{kind: "list"} // perhaps
		}
		for _, how := range x.ways(s, next) {
			all = append(all, move{moveStep, uint8(i), how})
		}
	}
	for o := range s.lives {
		if s.left.kills != 0 && x.busy(s, o) {
			all = append(all, move{moveKill, uint8(o), 0})
		}
	}
	for i, b := range s.service.bodies {
		if s.now-b.fenced <= x.margin || b.written == s.now && s.left.late != 0 {
			all = append(all, move{moveAccept, uint8(i), 0})
			if x.reorder && len(s.service.batches) > 0 {
				all = append(all, move{moveAccept, uint8(i), 1})
			}
			if s.left.refusals != 0 {
				all = append(all, move{moveRefuse, uint8(i), 0})
			}
		}
	}
	for i, b := range s.service.batches {
		if !b.ended {
			all = append(all, move{moveEnd, uint8(i), 0})
		}
	}
	if s.left.foreign != 0 {
		all = append(all, move{moveForeign, 0, 0})
	}
	if s.left.ticks != 0 {
		all = append(all, move{moveTick, 0, 0})
	}
	if s.left.cancels != 0 {
		all = append(all, move{moveCancel, 0, 0})
	}
	for i := range s.actors {
		if s.left.renewals != 0 && x.sends(s, i) {
			all = append(all, move{moveRenew, uint8(i), 0})
		}
	}
	return all
}

// busy reports whether an owner has anything to lose.
func (x *explorer) busy(s *state, owner int) bool {
	return slices.ContainsFunc(s.actors[owner*x.slots():(owner+1)*x.slots()], func(a actor) bool { return a.next != nil || len(a.memory) > 0 })
}

// sends reports whether an actor is in a create.
func (x *explorer) sends(s *state, i int) bool {
	n := s.actors[i].next
	return n != nil && (n.kind == "write" || n.kind == "response")
}

// ways returns the possible ways of an action.
func (x *explorer) ways(s *state, n *reach) (all []uint8) {
	switch n.kind {
	case "list":
		ways := 1 << len(x.mayOmit(s))
		if s.left.outages != 0 {
			ways++
		}
		for how := range ways {
			all = append(all, uint8(how))
		}
		return all
	case "response":
		pending := slices.ContainsFunc(s.service.bodies, func(b sentBody) bool { return b.id == n.what })
		if !pending { // the service has accepted or refused it, or the body was lost and the connection is cut
			all = append(all, 0)
		}
		if s.left.losses != 0 {
			all = append(all, 1)
		}
		return all
	}
	return []uint8{0}
}

// mayOmit returns the batches that a list may omit.
func (x *explorer) mayOmit(s *state) (names []string) {
	for _, b := range s.service.batches {
		if x.young(s, &b) || s.left.omissions != 0 {
			names = append(names, b.name)
		}
	}
	return names
}

// young reports whether lists need not show a batch yet.
func (x *explorer) young(s *state, b *sentBatch) bool {
	return s.now-b.accepted < int(x.timing.lag/exploredTick)
}

// apply returns the state after a move.
func (x *explorer) apply(s *state, m move) *state {
	at := int(m.at)
	if m.kind == moveStep {
		if s.actors[at].next == nil {
			s = x.peek(s, at)
		}
		x.say("owner %d, batch %d:", at/x.slots(), at%x.slots()+1)
		next := s.actors[at].next
		if next == nil {
			return x.make(s, at, int(m.how), false)
		}
		to := s.clone()
		switch next.kind {
		case "write":
			x.release(to, &to.actors[at])
		case "response":
			x.respond(to, &to.actors[at], int(m.how))
			if x.coarse {
				to = x.make(to, at, 0, true)
			}
		default:
			to = x.make(s, at, int(m.how), true)
		}
		return to
	}
	to := s.clone()
	service := &to.service
	switch m.kind {
	case moveKill:
		x.say("owner %d dies", at)
		use(&to.left.kills)
		to.lives[at]++
		for i := range x.slots() {
			to.actors[at*x.slots()+i] = actor{}
		}
	case moveAccept:
		b := service.bodies[at]
		service.bodies = slices.Delete(service.bodies, at, at+1)
		created := time.Duration(s.now) * exploredTick
		if m.how == 1 { // created_at is the time at which the body arrived, by a clock that is behind
			created = time.Duration(b.written)*exploredTick - 4*time.Minute
		}
		exposed := s.now-b.fenced > x.margin
		if exposed {
			use(&to.left.late)
		}
		x.say("the service accepts %s as %s, exposed %v, %d", b.id, remoteName(b.id), exposed, m.how)
		service.add(sentBatch{name: remoteName(b.id), id: b.id, created: created, accepted: s.now, exposed: exposed})
	case moveRefuse:
		use(&to.left.refusals)
		x.say("the service refuses %s", service.bodies[at].id)
		service.refused = append(service.refused, service.bodies[at].id)
		service.bodies = slices.Delete(service.bodies, at, at+1)
	case moveEnd:
		x.say("batch %s ends", service.batches[at].name)
		service.batches[at].ended = true
	case moveForeign:
		use(&to.left.foreign)
		x.say("another program creates %s", remoteName("row-1"))
		service.add(sentBatch{name: remoteName("row-1"), id: "row-1", created: time.Duration(s.now) * exploredTick, accepted: s.now})
	case moveTick:
		x.say("a tick")
		use(&to.left.ticks)
		to.now++
		service.bodies = slices.DeleteFunc(service.bodies, func(b sentBody) bool { return to.now-b.fenced > x.margin })
	case moveRenew:
		use(&to.left.renewals)
		x.renew(to, at)
	case moveCancel:
		use(&to.left.cancels)
		x.say("a person cancels the job")
		x.changeJob(to, store.Canceled)
	}
	return to
}

// remoteName returns the ID of the batch with a request. It does not depend on the order of acceptance.
func remoteName(id string) string {
	w, _ := parseWireID(id)
	return "msgbatch_" + w.nonce
}

// add adds a batch. Batches are ordered by name, not by time.
func (e *explored) add(b sentBatch) {
	e.batches = append(e.batches, b)
	slices.SortFunc(e.batches, func(a, b sentBatch) int { return strings.Compare(a.name, b.name) })
}

// changeJob sets the state of the job.
func (x *explorer) changeJob(to *state, what store.JobState) {
	to.store = to.store.Clone()
	err := to.store.Update(x.t.Context(), func(tx store.Tx) error {
		j, err := tx.Job(exploredJob)
		if err != nil {
			return err
		}
		j.State, j.Why = what, ""
		return tx.PutJob(j)
	})
	if err != nil {
		x.t.Fatal(err)
	}
}

// renew makes an owner renew the lease of the attempt that an actor sends.
func (x *explorer) renew(to *state, at int) {
	r := &run{x: x, to: to, log: []deed{{at: to.now}}, pos: 1, free: true}
	w, _ := parseWireID(to.actors[at].next.what)
	var a *store.Attempt
	err := to.store.View(x.t.Context(), func(tx store.Tx) (err error) {
		a, err = tx.AttemptByNonce(exploredJob, w.seq, w.nonce)
		return err
	})
	if err == nil {
		x.say("owner %d renews the lease of batch %d", at/x.slots(), w.seq)
		_ = x.engine(r, at).prolong(x.t.Context(), a)
	}
}

// peek begins a step, up to the first action that others can see. It returns nil if there is no step to make.
func (x *explorer) peek(s *state, i int) *state {
	if !x.due(s, i) {
		return nil
	}
	if x.coarse {
		return s
	}
	to := x.make(s, i, 0, false)
	if to.actors[i].next == nil {
		return nil
	}
	return to
}

// due reports whether an actor has a step that may change anything.
func (x *explorer) due(s *state, i int) (due bool) {
	_ = s.store.View(x.t.Context(), func(tx store.Tx) error {
		if slot := i % x.slots(); slot < x.rows {
			b, err := tx.Batch(exploredJob, int64(slot+1))
			if err != nil {
				return err
			}
			switch b.State {
			case store.Doubtful, store.Unproven, store.Submitting:
				due = true
			case store.Planned:
				j, err := tx.Job(exploredJob)
				due = b.Attempt < x.most && j.State != store.Paused
				return err
			case store.Proven:
				due = slices.ContainsFunc(s.service.batches, func(r sentBatch) bool { return r.name == b.BatchID && r.ended })
				j, err := tx.Job(exploredJob)
				due = due || err == nil && j.State == store.Canceled
				return err
			}
			return nil
		}
		all, err := tx.CreatedIn(exploredJob, []store.Role{store.Spare, store.Orphan}, "", 0)
		due = slices.ContainsFunc(all, func(c *store.Created) bool { return !c.Ended && (c.Role == store.Orphan && c.Named && !c.Canceled) })
		return err
	})
	return due
}

// make replays the step of an actor, and makes one more action if further is set.
func (x *explorer) make(s *state, i, how int, further bool) *state {
	to := s.clone()
	a := &to.actors[i]
	r := &run{x: x, to: to, log: slices.Clone(a.log), choice: how, further: further}
	if a.next == nil {
		r.log = []deed{{at: s.now}}
	}
	r.pos = 1
	x.run = r
	e := x.engine(r, i)
	ctx, cancel := context.WithCancel(x.t.Context())
	err := x.takeStep(ctx, e, i%x.slots())
	cancel()
	if r.stopped != nil {
		*a = actor{memory: a.memory, log: r.log, next: r.stopped}
	} else {
		x.say("the step ends: %v", err)
		*a = actor{memory: e.looks}
	}
	return to
}

// takeStep makes the step of an actor.
func (x *explorer) takeStep(ctx context.Context, e *engine, slot int) error {
	if slot < x.rows {
		_, err := e.advance(ctx, int64(slot+1))
		return err
	}
	var all []*store.Created
	err := e.store.View(ctx, func(tx store.Tx) (err error) {
		all, err = tx.CreatedIn(exploredJob, []store.Role{store.Spare, store.Orphan}, "", 0)
		return err
	})
	for _, c := range all {
		if !c.Ended && err == nil {
			err = e.tend(ctx, c)
		}
	}
	return err
}

// engine returns the engine of an actor, with its memory.
func (x *explorer) engine(r *run, i int) *engine {
	owner := i / x.slots()
	j := &Job{dir: "/job", disk: x.disk, store: exploredStore{r}, blobs: noBlobs{}, timing: x.timing, about: x.about, options: Options{OnDoubt: x.onDoubt, MinFreeDisk: -1}}
	behind := time.Duration(0)
	if owner == 1 {
		behind = time.Duration(x.behind) * exploredTick
	}
	j.clock = clock{
		wall:  func() time.Time { return r.now().Add(-behind) },
		since: func() time.Duration { return r.now().Sub(exploredStart) },
	}
	e := j.engine(x.client, worldInput)
	r.seq = int64(i%x.slots() + 1)
	e.owner, e.alone, e.newNonce = ownerName(owner, r.to.lives[owner]), x.alone, r.newNonce
	maps.Copy(e.looks, r.to.actors[i].memory)
	return e
}

// trace describes how a state was reached.
func (x *explorer) trace(from *state, moves []move) string {
	var b strings.Builder
	x.say = func(format string, args ...any) {
		for i, a := range args {
			if f, ok := a.(func() string); ok {
				args[i] = f()
			}
		}
		fmt.Fprintf(&b, "\n    "+format, args...)
	}
	s := from
	for i, m := range moves {
		fmt.Fprintf(&b, "\n%d.", i+1)
		s = x.apply(s, m)
	}
	x.say = func(string, ...any) {}
	return b.String()
}
