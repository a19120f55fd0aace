package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-111a911e/messagebatches/jobs/river/internal/pgtest"
	"github.com/seed-111a911e/messagebatches/jobs/river/postgres"
	"github.com/seed-111a911e/messagebatches/jobs/store"
	"github.com/seed-111a911e/messagebatches/jobs/store/storetest"
)

func open(t *testing.T, url, schema string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), url, postgres.Options{Schema: schema, MaxConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	type named struct {
		*postgres.DB
		url, schema string
	}
	storetest.Run(t, func(t *testing.T) store.Store {
		url, schema := pgtest.NewSchema(t)
		return named{open(t, url, schema), url, schema}
	}, func(t *testing.T, s store.Store) store.Store {
		return open(t, s.(named).url, s.(named).schema)
	})
}

// TestMigrate opens an empty database several times at once.
func TestMigrate(t *testing.T) {
	t.Parallel()
	url, schema := pgtest.NewSchema(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			db, err := postgres.Open(t.Context(), url, postgres.Options{Schema: schema})
			if err != nil {
				t.Error(err)
				return
			}
			defer db.Close()
			if err := db.Update(t.Context(), func(tx store.Tx) error { return tx.PutJob(&store.Job{ID: "a"}) }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	c := pgtest.Connect(t, url)
	if _, err := c.Exec(t.Context(), "UPDATE "+pgx.Identifier{schema, "tables_version"}.Sanitize()+" SET version = 1000"); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Open(t.Context(), url, postgres.Options{Schema: schema}); err == nil || !strings.Contains(err.Error(), "1000") {
		t.Errorf("tables of a later version: %v", err)
	}
}

// TestSettings: Open refuses databases that could lose commits.
func TestSettings(t *testing.T) {
	t.Parallel()
	url, schema := pgtest.NewSchema(t)
	_, err := postgres.Open(t.Context(), pgtest.With(url, "synchronous_commit=off"), postgres.Options{Schema: schema})
	if err == nil || !strings.Contains(err.Error(), "synchronous_commit") {
		t.Errorf("without synchronous commits: %v", err)
	}
}

// TestTimeouts suspends a transaction: its locks are released after a while.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	url, schema := pgtest.NewSchema(t)
	db := open(t, pgtest.With(url, "lock_timeout=100&idle_in_transaction_session_timeout=1000"), schema)
	if err := db.Update(t.Context(), func(tx store.Tx) error { return tx.PutJob(&store.Job{ID: "a"}) }); err != nil {
		t.Fatal(err)
	}
	locked, idle := make(chan struct{}), make(chan error)
	go func() {
		idle <- db.Update(t.Context(), func(tx store.Tx) error {
			_, err := tx.Job("a")
			close(locked)
			if err != nil {
				return err
			}
			return poll(t, func() error { // until the database has ended the transaction
				_, err := db.Pool().Exec(t.Context(), "SELECT 1 FROM job WHERE id = 'a' FOR UPDATE NOWAIT")
				return err
			})
		})
	}()
	<-locked
	update := func() error {
		return db.Update(t.Context(), func(tx store.Tx) error { _, err := tx.Job("a"); return err })
	}
	if err := update(); err == nil || !strings.Contains(err.Error(), "lock timeout") {
		t.Errorf("waiting for a held lock: %v", err)
	}
	if err := <-idle; err == nil {
		t.Error("a transaction that was idle for too long was committed")
	}
	if err := update(); err != nil {
		t.Errorf("the lock is still held: %v", err)
	}
}

// poll calls f until it succeeds.
func poll(t *testing.T, f func() error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(errors.New("no success within 20 seconds"), err)
		}
	}
}

// TestDeadlock: two transactions lock two rows in opposite orders. The database ends one of them, which is retried.
func TestDeadlock(t *testing.T) {
	t.Parallel()
	url, schema := pgtest.NewSchema(t)
	db := open(t, url, schema)
	err := db.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(tx.PutJob(&store.Job{ID: "a"}), tx.PutJob(&store.Job{ID: "b"}))
	})
	if err != nil {
		t.Fatal(err)
	}
	var wg, both sync.WaitGroup
	both.Add(2)
	for _, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		wg.Go(func() {
			var once sync.Once
			err := db.Update(t.Context(), func(tx store.Tx) error {
				for _, id := range order {
					j, err := tx.Job(id)
					if err != nil {
						return err
					}
					j.Runs++
					if err := tx.PutJob(j); err != nil {
						return err
					}
					once.Do(func() {
						both.Done()
						both.Wait()
					})
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	err = db.View(t.Context(), func(tx store.Tx) error {
		for _, id := range []string{"a", "b"} {
			if j, err := tx.Job(id); err != nil || j.Runs != 2 {
				return fmt.Errorf("job %s is %+v, %w", id, j, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestExclusive checks that exclusive functions of one name do not run at the same time, and that the lock does not outlive
// a connection.
func TestExclusive(t *testing.T) {
	t.Parallel()
	url, schema := pgtest.NewSchema(t)
	first, second := open(t, url, schema), open(t, url, schema)
	ran, err := first.TryExclusive(t.Context(), "x", func(ctx context.Context) error {
		if ran, err := second.TryExclusive(ctx, "x", func(context.Context) error { return nil }); ran || err != nil {
			t.Errorf("it ran at the same time: %v, %v", ran, err)
		}
		if ran, err := second.TryExclusive(ctx, "y", func(context.Context) error { return nil }); !ran || err != nil {
			t.Errorf("a function of another name did not run: %v, %v", ran, err)
		}
		return nil
	})
	if !ran || err != nil {
		t.Errorf("it did not run: %v, %v", ran, err)
	}
	if ran, err := second.TryExclusive(t.Context(), "x", func(context.Context) error { return nil }); !ran || err != nil {
		t.Errorf("it did not run afterwards: %v, %v", ran, err)
	}
}
