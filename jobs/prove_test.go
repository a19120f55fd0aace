package jobs

import (
	"errors"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// TestProve assigns batches to attempts, in each state that the batch of the job may have.
func TestProve(t *testing.T) {
	t.Parallel()
	fenced := time.Unix(1, 0)
	type row struct {
		state  store.State
		newest int // number of the newest attempt
		fenced bool
		holds  string
	}
	for name, tt := range map[string]struct {
		row     row
		attempt int // number of the attempt that is proved
		role    store.Role
		state   store.State // state afterwards
		has     string
	}{
		"response/in time":                       {row{store.Submitting, 1, true, ""}, 1, store.Ours, store.Proven, "b"},
		"response/doubtful":                      {row{store.Doubtful, 1, true, ""}, 1, store.Ours, store.Proven, "b"},
		"response/another one was held":          {row{store.Unproven, 1, true, "x"}, 1, store.Ours, store.Proven, "b"},
		"response/the same one was held":         {row{store.Unproven, 1, true, "b"}, 1, store.Ours, store.Proven, "b"},
		"late/planned again":                     {row{store.Planned, 1, true, ""}, 1, store.Ours, store.Proven, "b"},
		"late/newer attempt not fenced":          {row{store.Submitting, 2, false, ""}, 1, store.Ours, store.Proven, "b"},
		"late/newer attempt fenced":              {row{store.Submitting, 2, true, ""}, 1, store.Spare, store.Submitting, ""},
		"late/newer attempt doubtful":            {row{store.Doubtful, 2, true, ""}, 1, store.Spare, store.Doubtful, ""},
		"late/newer attempt holds one":           {row{store.Unproven, 2, true, "x"}, 1, store.Spare, store.Unproven, "x"},
		"late/newer attempt proven":              {row{store.Proven, 2, true, "x"}, 1, store.Orphan, store.Proven, "x"},
		"late/newer attempt collected":           {row{store.Settled, 2, true, "x"}, 1, store.Orphan, store.Settled, "x"},
		"again/the same response a second time":  {row{store.Proven, 1, true, "b"}, 1, store.Ours, store.Proven, "b"},
		"again/its results when it is collected": {row{store.Collected, 1, true, "b"}, 1, store.Ours, store.Collected, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := store.NewMemory()
			err := s.Update(t.Context(), func(tx store.Tx) error {
				errs := []error{tx.PutBatch(&store.Batch{Job: "j", Seq: 1, State: tt.row.state, Attempt: tt.row.newest, BatchID: tt.row.holds, Requests: 3})}
				for n := 1; n <= tt.row.newest; n++ {
					a := &store.Attempt{Job: "j", Seq: 1, N: n, Fenced: fenced}
					if n == tt.row.newest && !tt.row.fenced {
						a.Fenced = time.Time{}
					}
					errs = append(errs, tx.PutAttempt(a))
				}
				if tt.row.holds != "" {
					errs = append(errs, tx.PutCreated(&store.Created{BatchID: tt.row.holds, Job: "j", Seq: 1, Attempt: tt.row.newest, Role: store.Ours, Proven: tt.row.state != store.Unproven}))
				}
				return errors.Join(errs...)
			})
			if err != nil {
				t.Fatal(err)
			}
			err = s.Update(t.Context(), func(tx store.Tx) error {
				role, err := prove(tx, "j", 1, tt.attempt, evidence{batchID: "b", named: true})
				if err != nil {
					return err
				}
				b, err := tx.Batch("j", 1)
				if err != nil {
					return err
				}
				if role != tt.role || b.State != tt.state || b.BatchID != tt.has {
					t.Errorf("role is %s, and the batch is %s with %q", role, b.State, b.BatchID)
				}
				c, err := tx.Created("b")
				if err == nil && (c.Role != tt.role || !c.Proven || !c.Named || c.Attempt != tt.attempt) {
					t.Errorf("row %+v", c)
				}
				if _, held := tx.Created(tt.row.holds); tt.row.state == store.Unproven && tt.has == "b" && tt.row.holds == "x" && !errors.Is(held, store.ErrNotFound) {
					t.Error("the batch still holds its candidate")
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSpare: an earlier attempt turns out to have created a batch before the later attempt is decided.
func TestSpare(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		then  func(tx store.Tx) error
		state store.State
		has   string
		role  store.Role // role of the spare
	}{
		"later attempt/refused": {func(tx store.Tx) error { return releaseOne(tx, 2, store.Refused) }, store.Proven, "spare", store.Ours},
		"later attempt/none":    {func(tx store.Tx) error { return releaseOne(tx, 2, store.None) }, store.Proven, "spare", store.Ours},
		"later attempt/proven": {func(tx store.Tx) error {
			_, err := prove(tx, "j", 1, 2, evidence{batchID: "later"})
			return err
		}, store.Proven, "later", store.Orphan},
		"earlier attempt/refused": {func(tx store.Tx) error { return releaseOne(tx, 1, store.Refused) }, store.Doubtful, "", store.Spare},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := store.NewMemory()
			err := s.Update(t.Context(), func(tx store.Tx) error {
				err := errors.Join(
					tx.PutBatch(&store.Batch{Job: "j", Seq: 1, State: store.Doubtful, Attempt: 2}),
					tx.PutAttempt(&store.Attempt{Job: "j", Seq: 1, N: 1, Fenced: time.Unix(1, 0)}),
					tx.PutAttempt(&store.Attempt{Job: "j", Seq: 1, N: 2, Fenced: time.Unix(2, 0)}),
				)
				if err != nil {
					return err
				}
				if role, err := prove(tx, "j", 1, 1, evidence{batchID: "spare"}); err != nil || role != store.Spare {
					t.Errorf("role is %s, %v", role, err)
				}
				if err := tt.then(tx); err != nil {
					return err
				}
				b, err := tx.Batch("j", 1)
				if err != nil {
					return err
				}
				c, err := tx.Created("spare")
				if err == nil && (b.State != tt.state || b.BatchID != tt.has || c.Role != tt.role) {
					t.Errorf("the batch is %s with %q, and the spare %s", b.State, b.BatchID, c.Role)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func releaseOne(tx store.Tx, n int, outcome store.Outcome) error {
	b, err := tx.Batch("j", 1)
	if err != nil {
		return err
	}
	return release(tx, b, n, outcome)
}

// TestEarlierAttemptRefused refuses an attempt while a later one is in progress or in doubt: the batch must not be resent.
func TestEarlierAttemptRefused(t *testing.T) {
	t.Parallel()
	for _, state := range []store.State{store.Submitting, store.Doubtful, store.Unproven} {
		s := store.NewMemory()
		err := s.Update(t.Context(), func(tx store.Tx) error {
			err := errors.Join(
				tx.PutBatch(&store.Batch{Job: "j", Seq: 1, State: state, Attempt: 2}),
				tx.PutAttempt(&store.Attempt{Job: "j", Seq: 1, N: 1, Fenced: time.Unix(1, 0)}),
				tx.PutAttempt(&store.Attempt{Job: "j", Seq: 1, N: 2, Fenced: time.Unix(2, 0)}),
				releaseOne(tx, 1, store.Refused),
			)
			if err != nil {
				return err
			}
			b, err := tx.Batch("j", 1)
			if err == nil && b.State != state {
				t.Errorf("the batch is %s, not %s", b.State, state)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestHeldByAnother proves a batch that another batch of the job held as its candidate.
func TestHeldByAnother(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	err := s.Update(t.Context(), func(tx store.Tx) error {
		err := errors.Join(
			tx.PutBatch(&store.Batch{Job: "j", Seq: 1, State: store.Doubtful, Attempt: 1}),
			tx.PutAttempt(&store.Attempt{Job: "j", Seq: 1, N: 1, Fenced: time.Unix(1, 0)}),
			tx.PutBatch(&store.Batch{Job: "j", Seq: 2, State: store.Doubtful, Attempt: 1}),
		)
		if err != nil {
			return err
		}
		other, err := tx.Batch("j", 2)
		if err != nil {
			return err
		}
		if err := hold(tx, other, []string{"b"}); err != nil {
			return err
		}
		if _, err := prove(tx, "j", 1, 1, evidence{batchID: "b"}); err != nil {
			return err
		}
		first, err1 := tx.Batch("j", 1)
		second, err2 := tx.Batch("j", 2)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		if first.State != store.Proven || first.BatchID != "b" || second.State != store.Doubtful || second.BatchID != "" {
			t.Errorf("batches are %+v and %+v", first, second)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
