package storetest

import (
	either "cmp"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

func testWaiting(t *testing.T, s store.Store) {
	states := []store.State{store.Planned, store.Submitting, store.Doubtful, store.Unproven, store.Proven, store.Ended, store.Collected, store.Settled, store.Gone}
	update(t, s, func(tx store.Tx) error {
		errs := []error{tx.PutJob(&store.Job{ID: "a", Organization: "o"}), tx.PutJob(&store.Job{ID: "b", Organization: "o"}), tx.PutJob(&store.Job{ID: "c", Organization: "other"})}
		for i, state := range states {
			for _, job := range []string{"a", "b", "c"} {
				errs = append(errs, tx.PutBatch(&store.Batch{Job: job, Seq: int64(i), State: state, Requests: 1 << (2 * i)}))
			}
		}
		for i, role := range []store.Role{store.Ours, store.Spare, store.Orphan, store.Foreign} {
			for _, ended := range []bool{false, true} {
				errs = append(errs, tx.PutCreated(&store.Created{BatchID: fmt.Sprint(role, ended), Job: "a", Role: role, Ended: ended, Requests: 1 << (20 + 2*i)}))
			}
		}
		return errors.Join(errs...)
	})
	view(t, s, func(tx store.Tx) error {
		n, err := tx.Waiting("o")
		if want := int64(2*(1<<2+1<<4+1<<6+1<<8) + 1<<22 + 1<<24); n != want {
			t.Errorf("%d requests wait, want %d", n, want)
		}
		return err
	})
}

func testOutranked(t *testing.T, s store.Store) {
	for name, test := range map[string]struct {
		job   store.Job   // competes with a job of priority 3
		batch store.Batch // a batch of that job
		want  bool
	}{
		"earlier":        {store.Job{Priority: 1}, store.Batch{}, true},
		"default":        {store.Job{}, store.Batch{}, true},
		"same":           {store.Job{Priority: 3}, store.Batch{}, false},
		"later":          {store.Job{Priority: 4}, store.Batch{}, false},
		"paused":         {store.Job{State: store.Paused}, store.Batch{}, false},
		"workspace":      {store.Job{Workspace: "another"}, store.Batch{}, false},
		"organization":   {store.Job{Organization: "another"}, store.Batch{}, false},
		"sent":           {store.Job{}, store.Batch{State: store.Submitting}, false},
		"too large":      {store.Job{}, store.Batch{Requests: 11}, false},
		"has failed":     {store.Job{}, store.Batch{Failures: 1}, false},
		"needs a primer": {store.Job{}, store.Batch{After: 9}, false},
	} {
		id := strings.ReplaceAll(name, " ", "-")
		other, batch := test.job, test.batch
		other.ID, other.Organization, other.State = "other "+id, either.Or(other.Organization, "o"+id), either.Or(other.State, store.Running)
		batch.Job, batch.Seq, batch.State, batch.Requests = other.ID, 1, either.Or(batch.State, store.Planned), either.Or(batch.Requests, 10)
		update(t, s, func(tx store.Tx) error {
			return errors.Join(tx.PutJob(&store.Job{ID: id, State: store.Running, Organization: "o" + id, Priority: 3}), tx.PutJob(&other), tx.PutBatch(&batch))
		})
		view(t, s, func(tx store.Tx) error {
			got, err := tx.Outranked(id, 10)
			if got != test.want {
				t.Errorf("%s: got %v, want %v", name, got, test.want)
			}
			return err
		})
	}
}

func testSpending(t *testing.T, s store.Store) {
	states := []store.State{store.Planned, store.Submitting, store.Doubtful, store.Unproven, store.Proven, store.Ended, store.Collected, store.Settled, store.Gone}
	update(t, s, func(tx store.Tx) error {
		errs := []error{tx.PutJob(&store.Job{ID: "a"}), tx.PutJob(&store.Job{ID: "b"}), tx.PutJob(&store.Job{ID: "c"})}
		for i, state := range states {
			for _, job := range []string{"a", "b"} {
				errs = append(errs, tx.PutBatch(&store.Batch{Job: job, Seq: int64(i), State: state, Reserved: 1 << i}))
			}
		}
		errs = append(errs, tx.PutBatch(&store.Batch{Job: "a", Seq: 20, State: store.Proven, Reserved: 1 << 20, BatchID: "proven"}))
		errs = append(errs, tx.PutCreated(&store.Created{BatchID: "proven", Job: "a", Seq: 20, Role: store.Ours}))
		errs = append(errs, tx.PutBatch(&store.Batch{Job: "a", Seq: 21, State: store.Ended, Reserved: 1 << 21, BatchID: "again"})) // read again
		errs = append(errs, tx.PutCreated(&store.Created{BatchID: "again", Job: "a", Seq: 21, Role: store.Ours, Collected: true, Spent: 1 << 30}))
		for i, state := range states { // without an amount reserved
			errs = append(errs, tx.PutBatch(&store.Batch{Job: "c", Seq: int64(i), State: state}))
		}
		for i, role := range []store.Role{store.Spare, store.Orphan, store.Foreign} {
			for _, collected := range []bool{false, true} {
				errs = append(errs, tx.PutCreated(&store.Created{BatchID: fmt.Sprint(role, collected), Job: "a", Seq: int64(7), Role: role, Collected: collected, Spent: 1 << (31 + i)}))
			}
		}
		return errors.Join(errs...)
	})
	view(t, s, func(tx store.Tx) error {
		got, err1 := tx.Spending("a")
		want := store.Spending{Spent: 1<<30 + 1<<31 + 1<<32, Reserved: 1<<1 + 1<<2 + 1<<3 + 1<<4 + 1<<5 + 1<<8 + 1<<20 + 2*1<<7, Lost: 1 << 8}
		none, err2 := tx.Spending("none")
		unpriced, err3 := tx.Spending("c")
		if got != want || none != (store.Spending{}) || unpriced != (store.Spending{Unpriced: 5}) {
			t.Errorf("spending is %+v, want %+v; of no job %+v, of one without prices %+v", got, want, none, unpriced)
		}
		return errors.Join(err1, err2, err3)
	})
}
