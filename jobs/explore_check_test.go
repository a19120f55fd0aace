package jobs

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// rowsOf returns the rows of a store.
func (x *explorer) rowsOf(s *state) (batches []*store.Batch, created map[string]*store.Created) {
	created = make(map[string]*store.Created)
	err := s.store.View(x.t.Context(), func(tx store.Tx) (err error) {
		if batches, err = tx.Batches(exploredJob, nil, 0, 0); err != nil {
			return err
		}
		for _, b := range s.service.batches {
			if created[b.name], err = known(tx, b.name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return batches, created
}

// accepted returns the batches on the server that have the request of a batch of the job.
func (s *state) accepted(seq int64) (all []sentBatch) {
	for _, b := range s.service.batches {
		if w, ok := parseWireID(b.id); ok && w.seq == seq {
			all = append(all, b)
		}
	}
	return all
}

// check checks the invariants of every state.
func (x *explorer) check(s *state) {
	batches, created := x.rowsOf(s)
	for _, b := range batches {
		late, all := 0, s.accepted(b.Seq)
		for _, r := range all {
			if r.exposed {
				late++
			}
		}
		if len(all)-late > 1 && x.onDoubt != Resend {
			x.fail("the service accepted batch %d twice", b.Seq)
		}
		switch b.State {
		case store.Proven, store.Ended, store.Collected:
			if !slices.ContainsFunc(all, func(r sentBatch) bool { return r.name == b.BatchID }) {
				x.fail("batch %d is %q, which does not have its request", b.Seq, b.BatchID)
			}
		}
	}
	for _, r := range s.service.batches {
		c := created[r.name]
		if c == nil || !c.Proven {
			continue
		}
		w, _ := parseWireID(r.id)
		err := s.store.View(x.t.Context(), func(tx store.Tx) error {
			a, err := tx.Attempt(exploredJob, c.Seq, c.Attempt)
			if err == nil && (a.Seq != w.seq || a.Nonce != w.nonce) {
				x.fail("batch %s is wrongly assigned to attempt %d of batch %d", r.name, c.Attempt, c.Seq)
			}
			return err
		})
		if err != nil {
			x.fail("batch %s is wrongly assigned to the job: %v", r.name, err)
		}
	}
	if x.limit > 0 {
		var waiting int64
		_ = s.store.View(x.t.Context(), func(tx store.Tx) (err error) {
			waiting, err = tx.Waiting("")
			return err
		})
		if waiting > x.limit {
			x.fail("%d requests are waiting, more than the limit of %d", waiting, x.limit)
		}
	}
}

// over reports whether nothing is left to do.
func (x *explorer) over(s *state) bool {
	for _, a := range s.actors {
		if a.next != nil {
			return false
		}
	}
	batches, _ := x.rowsOf(s)
	for _, b := range batches {
		switch b.State {
		case store.Proven, store.Ended, store.Collected, store.Settled:
		default:
			return false
		}
	}
	return len(s.service.bodies) == 0
}

// settle ends a job, and checks the outcome: each request is in one batch on the server, and all other batches with that
// request are counted.
func (x *explorer) settle(s *state) {
	to := s.clone()
	for i := range to.service.batches {
		to.service.batches[i].ended = true
	}
	to.now += 10
	r := &run{x: x, to: to, log: []deed{{at: to.now}}, pos: 1, free: true}
	x.run = r
	e := x.engine(r, 0)
	ctx := x.t.Context()
	x.say("all batches end, and the job is settled")
	for slot := range x.slots() {
		if slot < x.rows && !x.due(to, slot) {
			continue
		}
		if err := x.takeStep(ctx, e, slot); err != nil {
			x.fail("step %d of the end: %v", slot, err)
		}
	}
	doubles, err := e.lookForDoubles(ctx)
	if err != nil {
		x.fail("the end: %v", err)
	}
	report := new(Report)
	j := &Job{store: exploredStore{r}, about: x.about}
	if err := j.tally(ctx, report); err != nil {
		x.fail("the end: %v", err)
	}
	batches, _ := x.rowsOf(to)
	for _, b := range batches {
		all := to.accepted(b.Seq)
		want := 1
		if b.State == store.Settled && b.BatchID == "" {
			want = 0 // the job was canceled
		}
		n := 0
		for _, a := range all {
			switch {
			case a.name == b.BatchID:
				n++
			case !slices.Contains(report.Duplicates, a.name) && !slices.Contains(doubles, a.name):
				x.fail("batch %s has the request of batch %d, too, but is not counted", a.name, b.Seq)
			}
		}
		if n != want {
			x.fail("batch %d is %q, which does not have its request", b.Seq, b.BatchID)
		}
	}
}

// ends checks that a job ends from a state on, if no program dies any more, the service accepts and responds, and the
// programs continue.
func (x *explorer) ends(s *state) {
	most := x.most
	x.most = 100
	defer func() { x.most = most }()
	var path []uint64
	s = s.clone()
	s.left = budget{ticks: 100, late: 100}
	x.changeJobIf(s)
	for range 500 {
		key := s.sum(x)
		if x.over(s) || x.ending[key] {
			for _, k := range path {
				x.ending[k] = true
			}
			return
		}
		path = append(path, key)
		s = x.fair(s)
	}
	x.fail("the job does not end: %s", x.picture(s))
}

// changeJobIf resumes a paused job.
func (x *explorer) changeJobIf(s *state) {
	paused := false
	_ = s.store.View(x.t.Context(), func(tx store.Tx) error {
		j, err := tx.Job(exploredJob)
		paused = err == nil && j.State == store.Paused
		return err
	})
	if paused {
		x.changeJob(s, store.Running)
	}
}

// fair makes all steps that are due, and lets a tick pass.
func (x *explorer) fair(s *state) *state {
	for len(s.service.bodies) > 0 {
		s = x.apply(s, move{moveAccept, 0, 0})
	}
	for i := range s.service.batches {
		s = x.apply(s, move{moveEnd, uint8(i), 0})
	}
	for i := range s.actors {
		for begun := false; s.actors[i].next != nil || !begun && x.due(s, i); begun = true {
			if s.actors[i].next == nil && x.peek(s, i) == nil {
				break
			}
			if n := s.actors[i].next; n != nil && n.kind == "response" {
				for len(s.service.bodies) > 0 {
					s = x.apply(s, move{moveAccept, 0, 0})
				}
			}
			s = x.apply(s, move{moveStep, uint8(i), 0})
		}
	}
	s = x.apply(s, move{moveTick, 0, 0})
	s.left = budget{ticks: 100, late: 100}
	return s
}

// picture describes a state.
func (x *explorer) picture(s *state) (text string) {
	batches, _ := x.rowsOf(s)
	for _, b := range batches {
		text += fmt.Sprintf("\n    batch %d is %s with %q, attempt %d", b.Seq, b.State, b.BatchID, b.Attempt)
		_ = s.store.View(context.Background(), func(tx store.Tx) error {
			all, err := tx.Attempts(exploredJob, b.Seq)
			for _, a := range all {
				text += fmt.Sprintf("\n      attempt %d of %s, %s: fenced %v, waited %v, %d empty lists, closed %v, candidates %v, %s", a.N, a.Owner, a.Nonce, !a.Fenced.IsZero(), a.Waited, a.EmptyLists, a.Closed, a.Candidates, a.Outcome)
			}
			return err
		})
	}
	for _, b := range s.service.batches {
		text += fmt.Sprintf("\n    the service has %s with %s, ended %v", b.name, b.id, b.ended)
	}
	return text
}
