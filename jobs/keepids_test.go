package jobs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// inKeptWorld runs a test in a world of 7 requests with KeepIDs.
func inKeptWorld(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 7, store.NewMemory(), Options{MaxRequests: 3, KeepIDs: true})
		var lines strings.Builder
		for i := range 7 {
			lines.WriteString(requestLine(fmt.Sprintf("%s-%d", []string{"steady", "flaky"}[i%2], i)))
		}
		w.disk.put(worldInput, lines.String())
		f(t, w)
		if t.Failed() {
			for _, e := range w.events {
				t.Log(e.At.Format("02 15:04:05"), e.Kind, e.Seq, e.BatchID, e.Text)
			}
		}
	})
}

// sent returns how often the service has accepted each custom ID.
func (w *world) sent() map[string]int {
	n := make(map[string]int)
	for _, b := range w.service.Batches() {
		for _, r := range w.service.Requests(b.ID) {
			n[r.CustomID]++
		}
	}
	return n
}

// TestKeepIDs: the custom IDs of the input are sent in all rounds.
func TestKeepIDs(t *testing.T) {
	t.Parallel()
	inKeptWorld(t, func(t *testing.T, w *world) {
		r, err := w.live(newFuse(point{}))
		if err != nil || r.Answered != 7 || r.Rounds != 2 || w.complete(r.Output) != nil {
			t.Errorf("got %+v, %v", r, err)
		}
		sent := w.sent()
		for i := range 7 {
			if id, n := fmt.Sprintf("%s-%d", []string{"steady", "flaky"}[i%2], i), 1+i%2; sent[id] != n {
				t.Errorf("%s was sent %d times, want %d; sent were %v", id, sent[id], n, sent)
			}
		}
		if j, err := w.open(t.Context(), newFuse(point{})); err != nil || !j.about.Options.KeepIDs {
			t.Errorf("KeepIDs is not kept: %v", err)
		}
	})
}

// TestKeepIDsPreflight: custom IDs that the service does not accept are found before anything is sent.
func TestKeepIDsPreflight(t *testing.T) {
	t.Parallel()
	inKeptWorld(t, func(t *testing.T, w *world) {
		w.disk.put(worldInput, requestLine("good-1")+requestLine("user 2@example.com"))
		_, err := w.live(newFuse(point{}))
		var issues *preflight.IssuesError
		if !errors.As(err, &issues) || len(w.service.Calls(batchtest.Create)) > 0 {
			t.Errorf("got %v", err)
		}
	})
}

// TestKeepIDsLostResponse: it is unknown whether the batch was accepted. The job pauses and names the candidate, and
// continues after a decision.
func TestKeepIDsLostResponse(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(w *world, seq int64, candidate string){
		"adopt": func(w *world, seq int64, candidate string) {
			err := w.store.Update(w.t.Context(), func(tx store.Tx) error {
				ids, err := tx.Jobs()
				if err != nil {
					return err
				}
				if err := adoptable(tx, ids[0], seq%3+1, candidate); err == nil {
					w.t.Error("a batch whose outcome is known can adopt it")
				}
				if err := adoptable(tx, ids[0], seq, candidate); err != nil {
					return err
				}
				return tx.PutCommand(&store.Command{Job: ids[0], What: fmt.Sprint("adopt ", seq, " ", candidate), By: "ops"})
			})
			if err != nil {
				w.t.Error(err)
			}
		},
		"resend": func(w *world, _ int64, _ string) { w.options.OnDoubt = Resend },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inKeptWorld(t, func(t *testing.T, w *world) {
				w.options.MaxRequests = 7 // one batch
				w.die(afterFence)
				candidate := w.service.Batches()[0].ID
				id := w.service.Requests(candidate)[0].CustomID
				var seq int64
				for range 2 {
					_, err := w.live(newFuse(point{}))
					var paused *PausedError
					if !errors.As(err, &paused) || !strings.Contains(paused.Why, candidate) {
						t.Fatalf("got %v", err)
					}
					_, rest, _ := strings.Cut(paused.Why, "accepted batch ")
					if _, err := fmt.Sscan(rest, &seq); err != nil {
						t.Fatalf("%s: %v", paused.Why, err)
					}
				}
				answer(w, seq, candidate)
				r, err := w.live(newFuse(point{}))
				if err != nil || r.Answered != 7 || w.complete(r.Output) != nil {
					t.Fatalf("got %+v, %v", r, err)
				}
				twice := name == "resend"
				if got := slices.Contains(r.PossibleDuplicates, candidate); got != twice || (r.Resent == 1) != twice {
					t.Errorf("report %+v", r)
				}
				if n := w.sent()[id]; n > 1 != twice && strings.HasPrefix(id, "steady") {
					t.Errorf("request %s was sent %d times", id, n)
				}
			})
		})
	}
}

// TestKeepIDsDatabaseLost: the job is lost with its database, unless it was done.
func TestKeepIDsDatabaseLost(t *testing.T) {
	t.Parallel()
	inKeptWorld(t, func(t *testing.T, w *world) {
		w.die(point{"before commit of (*engine).ended", 1})
		j, err := w.open(t.Context(), newFuse(point{}))
		if err != nil {
			t.Fatal(err)
		}
		if state, _ := j.anew(t.Context(), false); state != store.Rebuilding {
			t.Errorf("the state after the loss is %s", state)
		}
		if _, err := w.live(newFuse(point{})); err != nil {
			t.Error(err)
		}
		if state, lines := j.anew(t.Context(), false); state != store.Done || lines != 7 {
			t.Errorf("the state after the loss is %s, with %d requests", state, lines)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, 3)
		m.keep = true
		m.input = writeLines(t, requestLine("a-1")+requestLine("a-2"))
		_, _ = m.run(m.dir, time.Minute)
		if err := TakeOver(t.Context(), m.copied("copy.job")); !errors.Is(err, errKeptIDs) {
			t.Errorf("got %v", err)
		}
		if r, err := m.run(m.dir, time.Hour); err != nil || r.Answered != 2 {
			t.Errorf("got %+v, %v", r, err)
		}
		other := m.copied("copy.job")
		if err := TakeOver(t.Context(), other); err != nil {
			t.Error(err)
		}
		if r, err := m.run(other, time.Hour); err != nil || r.Answered != 2 || len(m.service.Batches()) != 1 {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}

// TestAdopt: impossible adoptions are refused.
func TestAdopt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, 3)
		_, _ = m.run(m.dir, time.Minute)
		for want, f := range map[string]func() error{
			"no batch 7":           func() error { return Adopt(t.Context(), m.dir, 7, "msgbatch_x", "ops") },
			"is known: it is":      func() error { return Adopt(t.Context(), m.dir, 1, "msgbatch_x", "ops") },
			"is not a batch ID":    func() error { return Adopt(t.Context(), m.dir, 1, "msg batch", "ops") },
			`"" is not a batch ID`: func() error { return Adopt(t.Context(), m.dir, 1, "", "ops") },
		} {
			if err := f(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		}
	})
}
