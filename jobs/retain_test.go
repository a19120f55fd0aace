package jobs

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestResultsAging: the job is not run for 21 days. Its status has a warning, and so do the events of the next run.
func TestResultsAging(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.die(point{"before GET /results", 1})
		j, err := w.open(t.Context(), newFuse(point{}))
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct{ days, want int }{{19, 0}, {21, 1}} {
			_ = sleep(t.Context(), time.Until(w.service.Batches()[0].CreatedAt.Add(time.Duration(tt.days)*24*time.Hour)))
			s, err := j.Status(t.Context())
			if err != nil || s.Aging != tt.want || s.ResultsUntil.IsZero() != (tt.want == 0) {
				t.Errorf("after %d days: %+v, %v", tt.days, s, err)
			}
		}
		w.finish()
		if w.kinds(EventAging) != 1 {
			t.Errorf("%d warnings", w.kinds(EventAging))
		}
	})
}

// TestResultsGone: the job is not run for 30 days. The results are gone and reported, and nothing is resent without a
// request.
func TestResultsGone(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.die(point{"before GET /results", 1})
		_ = sleep(t.Context(), 30*24*time.Hour)
		r, err := w.live(newFuse(point{}))
		if err != nil || r.Missing != 3 || len(r.Gone) != 1 || r.Gone[0] != w.service.Batches()[0].ID || w.kinds(EventGone) != 1 {
			t.Fatalf("got %+v, %v", r, err)
		}
		if n, err := w.retry(newFuse(point{})); n != 0 || err != nil {
			t.Errorf("by default %d are resent: %v", n, err)
		}
		if n, err := w.retry(newFuse(point{}), RetryMissing); n != 3 || err != nil {
			t.Fatalf("got %d, %v", n, err)
		}
		if r := w.finish(); r.Rounds != 2 || len(r.Gone) != 1 {
			t.Errorf("got %+v", r)
		}
	})
}

// TestDiskFull: the disk is full for an hour while results are read. The unfinished part is discarded and read again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		full := time.Now().Add(time.Hour)
		w.disk.full = func(name string) error {
			if time.Now().Before(full) {
				return &fs.PathError{Op: "write", Path: name, Err: syscall.ENOSPC}
			}
			return nil
		}
		w.finish()
		if time.Now().Before(full) || w.kinds(EventOutage) == 0 || w.kinds(EventPaused) != 0 {
			t.Errorf("%d outages, %d pauses", w.kinds(EventOutage), w.kinds(EventPaused))
		}
		for name := range w.disk.now {
			if strings.Contains(name, "/"+temporaries+"/") {
				t.Errorf("%s is left", name)
			}
		}
		if n := len(w.service.Batches()); n != 1 {
			t.Errorf("%d batches", n)
		}
	})
}

// TestDeleteAfterVerify deletes the batches of the job on the server, and no others.
func TestDeleteAfterVerify(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		other := w.service.Seed(3, time.Time{})
		w.options.DeleteAfterVerify = true
		w.service.Inject(batchtest.Delete, batchtest.Times(20, batchtest.Fail(529, "overloaded_error", "Overloaded."))...)
		if _, err := w.live(newFuse(point{})); !errors.Is(err, client.ErrOverloaded) {
			t.Fatalf("got %v", err)
		}
		w.service.StopFaults()
		w.finish()
		if left := w.service.Batches(); len(left) != 1 || left[0].ID != other.ID {
			t.Errorf("left: %v", left)
		}
		calls := len(w.service.Calls(batchtest.Delete))
		w.finish() // the job is done
		if n := len(w.service.Calls(batchtest.Delete)); n != calls {
			t.Errorf("%d more calls", n-calls)
		}
	})
}

// TestDeleteUnverified: nothing is deleted if the output of the job is damaged.
func TestDeleteUnverified(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		r := w.finish()
		w.disk.now[r.Output].data[5]++
		j, err := w.open(t.Context(), newFuse(point{}))
		if err != nil {
			t.Fatal(err)
		}
		if err := j.DeleteBatches(t.Context(), w.service.Client()); !errors.As(err, new(*VerifyError)) {
			t.Errorf("got %v", err)
		}
		if len(w.service.Batches()) != 1 {
			t.Error("the batch was deleted")
		}
	})
}

// TestPrune deletes the files with prompts and results when the job is old enough. The output stays.
func TestPrune(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		const age = 7 * 24 * time.Hour
		open := func() *Job {
			j, err := w.open(t.Context(), newFuse(point{}))
			if err != nil {
				t.Fatal(err)
			}
			return j
		}
		if _, err := open().Prune(t.Context(), 0); !errors.Is(err, ErrNotDone) {
			t.Errorf("before it is done: %v", err)
		}
		r := w.finish()
		if n, err := open().Prune(t.Context(), age); n != 0 || err != nil {
			t.Errorf("too early: %d, %v", n, err)
		}
		_ = sleep(t.Context(), age)
		if n, err := open().Prune(t.Context(), age); n == 0 || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
		left := slices.Sorted(maps.Keys(w.disk.now))
		if want := []string{worldInput, "/job/job.json", "/job/manifest.json", "/job/output.jsonl"}; !slices.Equal(left, want) {
			t.Errorf("left: %v", left)
		}
		if o, err := w.online(); err != nil || o.Ours != 1 {
			t.Errorf("online: %+v, %v", o, err)
		}
		j := open()
		if _, err := j.Retry(t.Context()); !errors.Is(err, ErrPruned) {
			t.Errorf("retry: %v", err)
		}
		n := 0
		for _, err := range j.Results(t.Context()) {
			if n++; err != nil {
				t.Error(err)
			}
		}
		if again := w.finish(); n != 3 || again.SHA256 != r.SHA256 {
			t.Errorf("%d results, report %+v", n, again)
		}
	})
}

// TestForgotten: the database is lost after the job was done. Calls that need its batches fail, but files with prompts can
// still be deleted.
func TestForgotten(t *testing.T) {
	t.Parallel()
	inLostWorld(t, point{}, func(w *world) {
		if err := w.lose(); err != nil {
			w.t.Fatal(err)
		}
		j, err := w.open(w.t.Context(), newFuse(point{}))
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := j.Retry(w.t.Context()); !errors.Is(err, errForgotten) {
			w.t.Errorf("retry: %v", err)
		}
		if err := j.DeleteBatches(w.t.Context(), w.service.Client()); !errors.Is(err, errForgotten) {
			w.t.Errorf("delete: %v", err)
		}
		if _, err := j.VerifyOnline(w.t.Context(), w.service.Client()); !errors.Is(err, errForgotten) {
			w.t.Errorf("verify: %v", err)
		}
		if n, err := j.Prune(w.t.Context(), 0); n == 0 || err != nil {
			w.t.Errorf("prune: %d, %v", n, err)
		}
		for name := range w.disk.now {
			if strings.Contains(name, "/parts/") || strings.Contains(name, "/lists/") {
				w.t.Errorf("%s is left", name)
			}
		}
	})
}
