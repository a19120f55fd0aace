// Package storetest tests implementations of [store.Store]. Programs that use package jobs do not need it.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// Run tests stores. Open returns an empty store for one test. If reopen is not nil, it reopens a store that was closed.
func Run(t *testing.T, open func(t *testing.T) store.Store, reopen func(t *testing.T, s store.Store) store.Store) {
	t.Helper()
	for name, test := range map[string]func(t *testing.T, s store.Store){
		"rows":       testRows,
		"lists":      testLists,
		"undo":       testUndo,
		"waiting":    testWaiting,
		"outranked":  testOutranked,
		"spending":   testSpending,
		"commands":   testCommands,
		"concurrent": testConcurrent,
		"claims":     testClaims,
		"counts":     testCounts,
		"text":       testText,
		"context":    testContext,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
	if reopen != nil {
		t.Run("reopen", func(t *testing.T) {
			t.Parallel()
			s := open(t)
			update(t, s, func(tx store.Tx) error { return putAll(tx) })
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			checkAll(t, reopen(t, s))
		})
	}
}

func update(t *testing.T, s store.Store, f func(store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func view(t *testing.T, s store.Store, f func(store.Tx) error) {
	t.Helper()
	if err := s.View(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// when is a time with nanoseconds.
var when = time.Unix(1_800_000_000, 123_456_789)

var (
	job   = store.Job{ID: "abcdefgh", Epoch: 2, Runs: 7, State: store.Paused, Why: "no key", Organization: "org", Workspace: "w", Planned: true, Lines: 10, NextSeq: 3, Priority: 4, Share: 50}
	limit = store.Limit{Organization: "org", Requests: 100, Lowered: 10, Until: when}
	batch = store.Batch{
		Job: job.ID, Seq: 1 << 40, Round: 1, State: store.Ended, First: 5, Offset: 1 << 41, End: 1 << 42, Lines: "lines/a", Requests: 9, Bytes: 1 << 43, SHA256: "aa", HashState: "bb",
		Attempt: 2, NotBefore: when, Failures: 3, BatchID: "msgbatch_1", Created: when.Add(1), EndedAt: when.Add(2),
		Part: store.File{Name: "p", Bytes: 1, SHA256: "bb", Lines: 2}, Again: store.File{Name: "q", Bytes: 3, SHA256: "cc", Lines: 4}, Cut: true, Tries: 5,
		After: 7, Skip: "lines/b", Estimate: `{"a":1}`, Reserved: 1 << 44,
	}
	attempt = store.Attempt{
		Job: job.ID, Seq: batch.Seq, N: 2, Nonce: "abcdef", Owner: "me", Lease: when, Intent: when.Add(1), Fenced: when.Add(2), Outcome: store.Accepted,
		Watermark: []byte(`{"Listed":true}`), Waited: time.Hour, EmptyLists: 1, LastEmpty: time.Minute, Closed: true, Candidates: []string{"a", "b"},
	}
	created = store.Created{
		BatchID: "msgbatch_1", Job: job.ID, Seq: batch.Seq, Attempt: 2, Role: store.Orphan, Proven: true, Named: true, Requests: 9, Ended: true, Canceled: true, Collected: true,
		At: when.Add(3), Usage: `{"b":2}`, Spent: 1 << 45,
	}
)

func putAll(tx store.Tx) error {
	return errors.Join(tx.PutJob(&job), tx.PutLimit(limit), tx.PutBatch(&batch), tx.PutAttempt(&attempt), tx.PutCreated(&created))
}

func checkAll(t *testing.T, s store.Store) {
	t.Helper()
	view(t, s, func(tx store.Tx) error {
		gotJob, err1 := tx.Job(job.ID)
		gotLimit, err2 := tx.Limit("org")
		gotBatch, err3 := tx.Batch(job.ID, batch.Seq)
		gotAttempt, err4 := tx.Attempt(job.ID, batch.Seq, 2)
		byNonce, err5 := tx.AttemptByNonce(job.ID, batch.Seq, "abcdef")
		gotCreated, err6 := tx.Created("msgbatch_1")
		diff := cmp.Diff([]any{&job, limit, &batch, &attempt, &attempt, &created}, []any{gotJob, gotLimit, gotBatch, gotAttempt, byNonce, gotCreated})
		if diff != "" {
			t.Errorf("rows differ from what was put:\n%s", diff)
		}
		return errors.Join(err1, err2, err3, err4, err5, err6)
	})
}

func testRows(t *testing.T, s store.Store) {
	view(t, s, func(tx store.Tx) error {
		_, err1 := tx.Job("x")
		_, err2 := tx.Batch("x", 1)
		_, err3 := tx.Attempt("x", 1, 1)
		_, err4 := tx.AttemptByNonce("x", 1, "n")
		_, err5 := tx.Created("x")
		_, err6 := tx.Command("x")
		for i, err := range []error{err1, err2, err3, err4, err5, err6} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("row %d of an empty store: %v", i, err)
			}
		}
		if l, err := tx.Limit("x"); err != nil || l != (store.Limit{Organization: "x"}) {
			t.Errorf("limit of an empty store: %+v, %v", l, err)
		}
		return nil
	})
	update(t, s, putAll)
	update(t, s, putAll) // overwrites existing rows
	checkAll(t, s)
	update(t, s, func(tx store.Tx) error {
		b, err := tx.Batch(job.ID, batch.Seq)
		if err != nil {
			return err
		}
		*b = store.Batch{Job: b.Job, Seq: b.Seq}
		a := store.Attempt{Job: job.ID, Seq: batch.Seq, N: 2}
		return errors.Join(tx.PutBatch(b), tx.PutAttempt(&a), tx.DeleteCreated("msgbatch_1"), tx.DeleteCreated("never"))
	})
	view(t, s, func(tx store.Tx) error {
		b, err1 := tx.Batch(job.ID, batch.Seq)
		a, err2 := tx.Attempt(job.ID, batch.Seq, 2)
		if _, err := tx.Created("msgbatch_1"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a deleted row: %v", err)
		}
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		if !b.NotBefore.IsZero() || b.State != "" || !a.Fenced.IsZero() || len(a.Watermark) != 0 || a.Candidates != nil {
			t.Errorf("zero values were read as %+v, %+v", b, a)
		}
		return nil
	})
}

func testLists(t *testing.T, s store.Store) {
	update(t, s, func(tx store.Tx) error {
		for i := range 10 {
			state := []store.State{store.Planned, store.Proven}[i%2]
			if err := tx.PutBatch(&store.Batch{Job: "a", Seq: int64(10 - i), Round: i / 5, State: state, Requests: i}); err != nil {
				return err
			}
			id := fmt.Sprint("b", i)
			role := []store.Role{store.Ours, store.Foreign}[i%2]
			if err := tx.PutCreated(&store.Created{BatchID: id, Job: "a", Seq: int64(i / 5), Role: role}); err != nil {
				return err
			}
			if err := tx.PutAttempt(&store.Attempt{Job: "a", Seq: 1, N: 10 - i}); err != nil {
				return err
			}
		}
		return errors.Join(tx.PutBatch(&store.Batch{Job: "b", Seq: 1}), tx.PutJob(&store.Job{ID: "b"}), tx.PutJob(&store.Job{ID: "a"}))
	})
	view(t, s, func(tx store.Tx) error {
		var got []any
		add := func(values ...any) { got = append(got, values...) }
		all, err1 := tx.Batches("a", nil, 0, 0)
		add("all")
		for _, b := range all {
			add(b.Seq)
		}
		some, err2 := tx.Batches("a", []store.State{store.Proven}, 3, 2)
		add("some")
		for _, b := range some {
			add(b.Seq)
		}
		ids, err3 := tx.Jobs()
		add(ids)
		of, err4 := tx.CreatedFor("a", 1)
		in, err5 := tx.CreatedIn("a", []store.Role{store.Foreign, store.Spare}, "b1", 2)
		for _, c := range append(of, in...) {
			add(c.BatchID)
		}
		attempts, err6 := tx.Attempts("a", 1)
		for _, a := range attempts {
			add(a.N)
		}
		sums, err7 := tx.Summary("a")
		add(sums)
		want := []any{
			"all", int64(1), int64(2), int64(3), int64(4), int64(5), int64(6), int64(7), int64(8), int64(9), int64(10), "some", int64(5), int64(7), []string{"a", "b"},
			"b5", "b6", "b7", "b8", "b9", "b3", "b5", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
			[]store.Sum{{Round: 0, State: store.Planned, Batches: 3, Requests: 6}, {Round: 0, State: store.Proven, Batches: 2, Requests: 4}, {Round: 1, State: store.Planned, Batches: 2, Requests: 14}, {Round: 1, State: store.Proven, Batches: 3, Requests: 21}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("lists (-want +got):\n%s", diff)
		}
		return errors.Join(err1, err2, err3, err4, err5, err6, err7)
	})
}

func testUndo(t *testing.T, s store.Store) {
	update(t, s, putAll)
	failure := errors.New("on purpose")
	err := s.Update(t.Context(), func(tx store.Tx) error {
		b := batch
		b.State, b.BatchID = store.Planned, ""
		j := job
		j.Runs++
		return errors.Join(tx.PutBatch(&b), tx.PutJob(&j), tx.PutBatch(&store.Batch{Job: job.ID, Seq: 5}), tx.DeleteCreated("msgbatch_1"), failure)
	})
	if !errors.Is(err, failure) {
		t.Errorf("Update returned %v, want the error of its function", err)
	}
	checkAll(t, s)
	view(t, s, func(tx store.Tx) error {
		if _, err := tx.Batch(job.ID, 5); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a row of a transaction that was rolled back: %v", err)
		}
		return nil
	})
}

func testCommands(t *testing.T, s store.Store) {
	first, second := store.Command{Job: "a", What: "pause", By: "me", At: when}, store.Command{Job: "a", What: "cancel"}
	update(t, s, func(tx store.Tx) error { return errors.Join(tx.PutCommand(&first), tx.PutCommand(&second)) })
	if first.ID <= 0 || second.ID <= first.ID {
		t.Fatalf("IDs are %d and %d", first.ID, second.ID)
	}
	update(t, s, func(tx store.Tx) error {
		got, err := tx.Command("a")
		if diff := cmp.Diff(&first, got); diff != "" {
			t.Errorf("first command:\n%s", diff)
		}
		return errors.Join(err, tx.DeleteCommand(first.ID))
	})
	view(t, s, func(tx store.Tx) error {
		got, err := tx.Command("a")
		if diff := cmp.Diff(&second, got); diff != "" {
			t.Errorf("second command:\n%s", diff)
		}
		return err
	})
	events := []*store.Event{{Job: "a", At: when, Kind: "k", Seq: 1, Attempt: 2, BatchID: "b", Text: "t"}, {Job: "a"}, {Job: "b"}, {Job: "a", Kind: "last"}}
	update(t, s, func(tx store.Tx) error {
		var errs []error
		for _, e := range events {
			errs = append(errs, tx.AddEvent(e))
		}
		return errors.Join(errs...)
	})
	view(t, s, func(tx store.Tx) error {
		got, err := tx.Events("a", 0, 2)
		if diff := cmp.Diff(events[:2], got); diff != "" {
			t.Errorf("events:\n%s", diff)
		}
		rest, err2 := tx.Events("a", events[1].ID, 0)
		if diff := cmp.Diff(events[3:], rest); diff != "" {
			t.Errorf("events after the second:\n%s", diff)
		}
		return errors.Join(err, err2)
	})
}

// testConcurrent admits requests under a limit on several goroutines. None may count before another one has written.
func testConcurrent(t *testing.T, s store.Store) {
	const limit, each, goroutines = 100, 7, 40
	update(t, s, func(tx store.Tx) error {
		return errors.Join(tx.PutJob(&store.Job{ID: "a", Organization: "o"}), tx.PutLimit(store.Limit{Organization: "o", Requests: limit}))
	})
	var wg sync.WaitGroup
	for i := range goroutines {
		wg.Go(func() {
			err := s.Update(t.Context(), func(tx store.Tx) error {
				l, err := tx.Limit("o")
				if err != nil {
					return err
				}
				waiting, err := tx.Waiting("o")
				if err != nil || waiting+each > l.Allowed(tx.Now()) {
					return err
				}
				return tx.PutBatch(&store.Batch{Job: "a", Seq: int64(i), State: store.Submitting, Requests: each})
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	view(t, s, func(tx store.Tx) error {
		n, err := tx.Waiting("o")
		if n != limit/each*each {
			t.Errorf("%d requests wait under a limit of %d", n, limit)
		}
		return err
	})
}

// testClaims claims the same batch on several goroutines. Only one succeeds, because the others find its row.
func testClaims(t *testing.T, s store.Store) {
	var wg sync.WaitGroup
	var winners atomic.Int64
	for i := range 20 {
		wg.Go(func() {
			won := false
			err := s.Update(t.Context(), func(tx store.Tx) error {
				_, err := tx.Created("b")
				if won = errors.Is(err, store.ErrNotFound); !won {
					return err
				}
				e := &store.Event{Job: "a", Seq: int64(i)}
				return errors.Join(tx.PutCreated(&store.Created{BatchID: "b", Seq: int64(i)}), tx.AddEvent(e))
			})
			if err != nil {
				t.Error(err)
			}
			if won {
				winners.Add(1)
			}
		})
	}
	wg.Wait()
	if n := winners.Load(); n != 1 {
		t.Errorf("%d goroutines claimed the batch, want 1", n)
	}
}

// testCounts increments the same rows on several goroutines. No increment may be lost.
func testCounts(t *testing.T, s store.Store) {
	update(t, s, putAll)
	const goroutines = 20
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			err := s.Update(t.Context(), func(tx store.Tx) error {
				b, err := tx.Batch(job.ID, batch.Seq)
				if err != nil {
					return err
				}
				a, err := tx.Attempt(job.ID, batch.Seq, attempt.N)
				if err != nil {
					return err
				}
				b.Failures++
				a.EmptyLists++
				return errors.Join(tx.PutBatch(b), tx.PutAttempt(a))
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	view(t, s, func(tx store.Tx) error {
		b, err1 := tx.Batch(job.ID, batch.Seq)
		a, err2 := tx.Attempt(job.ID, batch.Seq, attempt.N)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		if b.Failures != batch.Failures+goroutines || a.EmptyLists != attempt.EmptyLists+goroutines {
			t.Errorf("counts are %d and %d, want %d", b.Failures-batch.Failures, a.EmptyLists-attempt.EmptyLists, goroutines)
		}
		return nil
	})
}

// testText stores text that a service may send. A store must not fail because of it.
func testText(t *testing.T, s store.Store) {
	update(t, s, func(tx store.Tx) error {
		text := "a\x00b\xff\xfec \u2028 'd' \"e\" $1 ?"
		return errors.Join(
			tx.AddEvent(&store.Event{Job: "a", Text: text, BatchID: text}),
			tx.PutJob(&store.Job{ID: "a", Why: text, Organization: text}),
			tx.PutCreated(&store.Created{BatchID: text, Job: "a"}),
		)
	})
	view(t, s, func(tx store.Tx) error {
		events, err := tx.Events("a", 0, 0)
		if err == nil && (len(events) != 1 || !strings.HasPrefix(events[0].Text, "a") || !strings.HasSuffix(events[0].Text, "c \u2028 'd' \"e\" $1 ?")) {
			t.Errorf("got %+v", events)
		}
		return err
	})
}

func testContext(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Update(ctx, putAll); !errors.Is(err, context.Canceled) {
		t.Errorf("Update with a canceled context: %v", err)
	}
	view(t, s, func(tx store.Tx) error {
		if _, err := tx.Job(job.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Update with a canceled context wrote a row: %v", err)
		}
		return nil
	})
}
