package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/seed-111a911e/messagebatches/jobs/river/internal/pgtest"
	"github.com/seed-111a911e/messagebatches/jobs/river/postgres"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

const (
	allowed   = 100 // requests that may wait
	requested = 60  // in each of two batches
)

// An admission is the code with which a program admits a batch. It calls step between its steps, so that another program can
// run there.
type admission func(t *testing.T, db *postgres.DB, seq int64, step func()) error

// admit is the code of package jobs.
func admit(t *testing.T, db *postgres.DB, seq int64, step func()) error {
	return db.Update(t.Context(), func(tx store.Tx) error {
		step()
		b, err := tx.Batch("a", seq)
		if err != nil {
			return err
		}
		step()
		if _, err := tx.Job("a"); err != nil {
			return err
		}
		step()
		l, err := tx.Limit("o")
		if err != nil {
			return err
		}
		step()
		waiting, err := tx.Waiting("o")
		if err != nil {
			return err
		}
		step()
		if waiting+int64(b.Requests) > l.Allowed(tx.Now()) {
			return nil
		}
		step()
		b.State = store.Submitting
		err = tx.PutBatch(b)
		step()
		return err
	})
}

// admitInOneStatement locks and sums in one statement. The sum is then as old as the beginning of the statement, which is
// wrong.
func admitInOneStatement(t *testing.T, db *postgres.DB, seq int64, step func()) error {
	return pgx.BeginFunc(t.Context(), db.Pool(), func(tx pgx.Tx) error {
		step()
		_, err := tx.Exec(t.Context(), `WITH locked AS (SELECT requests FROM queue_limit WHERE organization = 'o' FOR UPDATE)
			UPDATE batch SET state = 'submitting' WHERE job = 'a' AND seq = $1 AND
			(SELECT requests FROM locked) >= requests + (SELECT coalesce(sum(requests), 0) FROM batch WHERE state = 'submitting')`, seq)
		step()
		return err
	})
}

// TestAdmission runs a second program at each step of a first one, as far as the locks allow. The batches of both must never
// be admitted.
func TestAdmission(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		admit admission
		steps int
		fails bool
	}{
		{"two statements", admit, 7, false},
		{"one statement", admitInOneStatement, 2, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			exceeded := 0
			for at := range test.steps {
				if waiting := interleave(t, test.admit, at); waiting > allowed {
					exceeded++
				} else if waiting == 0 {
					t.Errorf("step %d: no batch was admitted", at)
				}
			}
			if (exceeded > 0) != test.fails {
				t.Errorf("the limit was exceeded after %d of %d interleavings", exceeded, test.steps)
			}
		})
	}
}

// interleave runs a program that admits a batch, and, when that is at a step, a second program that admits another batch. It
// returns how many requests are waiting at the end.
func interleave(t *testing.T, admit admission, at int) (waiting int64) {
	url, schema := pgtest.NewSchema(t)
	url = pgtest.With(url, "application_name="+schema)
	first, second := open(t, url, schema), open(t, url, schema)
	err := first.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(
			tx.PutJob(&store.Job{ID: "a", State: store.Running, Organization: "o"}),
			tx.PutLimit(store.Limit{Organization: "o", Requests: allowed}),
			tx.PutBatch(&store.Batch{Job: "a", Seq: 1, State: store.Planned, Requests: requested}),
			tx.PutBatch(&store.Batch{Job: "a", Seq: 2, State: store.Planned, Requests: requested}),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	step, end := 0, make(chan error, 1)
	err = admit(t, first, 1, func() {
		if step == at {
			go func() { end <- admit(t, second, 2, func() {}) }()
			if err := untilBlockedOrDone(t, second, end); err != nil {
				t.Error(err)
			}
		}
		step++
	})
	if err := errors.Join(err, <-end); err != nil {
		t.Fatal(err)
	}
	err = first.View(t.Context(), func(tx store.Tx) (err error) {
		waiting, err = tx.Waiting("o")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return waiting
}

// untilBlockedOrDone waits until a program is blocked by a lock or has ended. It leaves the value in end.
func untilBlockedOrDone(t *testing.T, db *postgres.DB, end chan error) error {
	t.Helper()
	return poll(t, func() error {
		if len(end) > 0 {
			return nil
		}
		var blocked bool
		err := db.Pool().QueryRow(context.Background(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = $1)", db.Schema()).Scan(&blocked)
		if err == nil && !blocked {
			err = errors.New("it is neither blocked nor done")
		}
		return err
	})
}
