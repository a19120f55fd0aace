package jobs

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// lose replaces the database of a job by an empty one, as Rebuild does.
func (w *world) lose() error {
	nothing := func(string) error { return nil }
	w.disk.before, w.disk.after = nothing, nothing
	w.store = store.NewMemory()
	j := &Job{dir: "/job", disk: w.disk, store: w.store, clock: w.clock()}
	return errors.Join(j.readDescription(), j.raise(false), j.plant(w.t.Context(), 1))
}

// inLostWorld runs a job of 7 requests in batches of 3, some of which are resent. Its program dies at a point, and then the
// database is lost.
func inLostWorld(t *testing.T, at point, f func(w *world), options ...batchtest.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 7, store.NewMemory(), Options{MaxRequests: 3}, options...)
		if _, err := w.live(newFuse(at)); err == nil && at.n > 0 {
			t.Fatalf("the program did not die at %v", at)
		}
		f(w)
		if t.Failed() {
			for _, e := range w.events {
				t.Log(e.At.Format("02 15:04:05"), e.Kind, e.Seq, e.BatchID, e.Text)
			}
		}
	})
}

// rebuild loses the database and runs the job to its end.
func (w *world) rebuild() *Report {
	w.t.Helper()
	if err := w.lose(); err != nil {
		w.t.Fatal(err)
	}
	r, err := w.live(newFuse(point{}))
	if err == nil {
		err = w.check(r, 7)
	}
	if err != nil {
		w.t.Error(err)
		return new(Report)
	}
	return r
}

// TestDatabaseDeleted: the batches are found by the custom IDs in their results, and nothing is paid for twice.
func TestDatabaseDeleted(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		dies    point
		damage  func(w *world, parts []string)
		waits   bool
		results int // calls for results afterwards; parts in the directory are not read again
	}{
		"sending/before the first":         {dies: point{"before commit of (*engine).admit", 1}, waits: true},
		"sending/whole but not recorded":   {dies: afterFence, waits: true},
		"sending/whole but not accepted":   {dies: point{"body of POST , last byte", 1}, waits: true},
		"waiting":                          {dies: point{"before commit of (*engine).ended", 1}, waits: true},
		"collecting/parts in place":        {dies: point{"before commit of (*engine).cut", 1}, waits: true, results: 4},
		"collecting/parts damaged":         {dies: point{"before commit of (*engine).cut", 1}, damage: func(w *world, parts []string) { w.disk.now[parts[0]].data[10]++; delete(w.disk.now, parts[1]) }, waits: true, results: 8},
		"sending again/before the first":   {dies: point{"before POST ", 4}, waits: true},
		"sending again/not recorded":       {dies: point{"response to POST ", 4}, waits: true},
		"merging":                          {dies: point{"before create in writeFile", 4}, waits: true, results: 4},
		"done/with its output":             {},
		"done/with an output that changed": {damage: func(w *world, _ []string) { w.disk.now["/job/output.jsonl"].data[10]++ }, waits: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inLostWorld(t, tt.dies, func(w *world) {
				var parts []string
				for file := range w.disk.now {
					if strings.Contains(file, "/parts/") {
						parts = append(parts, file)
					}
				}
				slices.Sort(parts)
				if tt.damage != nil {
					tt.damage(w, parts)
				}
				creates, results, began := len(w.service.Calls(batchtest.Create)), len(w.service.Calls(batchtest.Results)), time.Now()
				r := w.rebuild()
				calls := w.service.Calls(batchtest.Create)
				if len(calls) > creates && calls[creates].Time.Sub(began) < 49*time.Minute {
					t.Errorf("it was sent after %v", calls[creates].Time.Sub(began))
				}
				if took := time.Since(began); (took > 49*time.Minute) != tt.waits {
					t.Errorf("it took %v", took)
				}
				if r.Batches != int64(len(w.service.Batches())) && tt.waits {
					t.Errorf("%d batches in the report, %d on the server", r.Batches, len(w.service.Batches()))
				}
				if n := len(w.service.Calls(batchtest.Results)) - results; tt.results > 0 && n != tt.results {
					t.Errorf("results were read in %d calls", n)
				}
			})
		})
	}
}

// TestRebuildCrashes kills a program that rebuilds a job at every point.
func TestRebuildCrashes(t *testing.T) {
	t.Parallel()
	var met []point
	run := func(at point) (err error) {
		inLostWorld(t, point{"response to POST ", 4}, func(w *world) {
			if err = w.lose(); err != nil {
				return
			}
			f := newFuse(at)
			r, liveErr := w.live(f)
			if f.dead {
				w.disk.losePower()
				r, liveErr = w.live(newFuse(point{}))
			}
			if err = liveErr; err == nil {
				err = w.check(r, 7)
			}
			met = f.points
		})
		return err
	}
	if err := run(point{}); err != nil {
		t.Fatal(err)
	}
	all := slices.DeleteFunc(met, func(p point) bool { return p.n > 2 && !strings.Contains(p.name, "conclude") })
	for _, p := range all {
		if err := run(p); err != nil {
			t.Errorf("died at %v: %v", p, err)
		}
	}
	t.Logf("%d points", len(all))
	if !slices.ContainsFunc(all, func(p point) bool { return p.name == "after commit of (*search).conclude" }) {
		t.Errorf("missing the point after the commit among %v", all)
	}
}

// TestRebuildTwice: the database is lost again while the job is being rebuilt, and afterwards.
func TestRebuildTwice(t *testing.T) {
	t.Parallel()
	for _, at := range []point{{"before commit of (*search).conclude", 1}, {"response to POST ", 1}, {"before commit of (*engine).cut", 1}} {
		inLostWorld(t, point{"response to POST ", 2}, func(w *world) {
			if err := w.lose(); err != nil {
				t.Fatal(err)
			}
			w.die(at)
			w.rebuild()
		})
	}
}

// TestRebuildWaits: rebuilding waits for a batch of ours that was accepted 29 minutes after the database was lost and is
// listed late, and for running foreign batches, but not for batches that are too large.
func TestRebuildWaits(t *testing.T) {
	t.Parallel()
	t.Run("accepted late", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 7, store.NewMemory(), Options{MaxRequests: 3}, batchtest.WithListLag(9*time.Minute))
			w.service.Inject(batchtest.Create, batchtest.DropThenAct(29*time.Minute))
			f := newFuse(point{"before commit of (*engine).record", 1})
			_, _ = w.live(f)
			w.rebuild()
		})
	})
	for name, seed := range map[string]bool{"ours runs": false, "foreign runs": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := point{"before commit of (*engine).admit", 1}
			if !seed {
				at = afterFence
			}
			inLostWorld(t, at, func(w *world) {
				if seed {
					w.service.Seed(2, time.Time{})
				}
				w.service.Seed(200, time.Time{}) // too large to wait for
				running := w.service.Batches()[len(w.service.Batches())-2].ID
				if !seed {
					running = w.service.Batches()[0].ID
				}
				began, creates, waits := time.Now(), len(w.service.Calls(batchtest.Create)), false
				w.options.OnEvent = func(e Event) {
					w.events = append(w.events, e)
					waits = waits || e.Kind == "rebuilding" && strings.Contains(e.Text, running) && strings.Contains(e.Text, "waiting for 1 ")
				}
				w.rebuild()
				if after := w.service.Calls(batchtest.Create)[creates].Time.Sub(began); after < 19*time.Hour || !waits {
					t.Errorf("it was sent after %v; an event about waiting: %v", after, waits)
				}
				if calls := w.service.Calls(batchtest.Cancel); len(calls) > 0 {
					t.Errorf("%d batches were canceled", len(calls))
				}
			}, batchtest.WithDuration(20*time.Hour))
		})
	}
}

// TestRebuildUnreadable: the results of a batch cannot be read, so it is unknown to whom it belongs. The job pauses and
// names it, and continues with Resend.
func TestRebuildUnreadable(t *testing.T) {
	t.Parallel()
	inLostWorld(t, point{"before commit of (*engine).admit", 1}, func(w *world) {
		foreign := w.service.Seed(2, time.Time{})
		if err := w.lose(); err != nil {
			t.Fatal(err)
		}
		w.service.Inject(batchtest.Results, batchtest.Times(1000, batchtest.Fail(404, "not_found_error", "no such batch"))...)
		_, err := w.live(newFuse(point{}))
		var paused *PausedError
		if !errors.As(err, &paused) || !strings.Contains(paused.Why, foreign.ID) || len(w.service.Batches()) > 1 {
			t.Errorf("got %v, %d batches", err, len(w.service.Batches()))
		}
		w.options.OnDoubt = Resend
		time.AfterFunc(30*time.Minute, w.service.StopFaults)
		r, err := w.live(newFuse(point{}))
		if err != nil || w.check(r, 7) != nil {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}

// TestRebuiltTooEarly: a batch that is listed later than assumed is counted at the end.
func TestRebuiltTooEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 7, store.NewMemory(), Options{MaxRequests: 3}, batchtest.WithDuration(10*time.Minute))
		w.service.Inject(batchtest.Create, batchtest.DropThenAct(55*time.Minute))
		_, _ = w.live(newFuse(point{"before commit of (*engine).record", 1}))
		if err := w.lose(); err != nil {
			t.Fatal(err)
		}
		r, err := w.live(newFuse(point{}))
		if err != nil || len(r.Duplicates) != 1 || w.complete(r.Output) != nil {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}
