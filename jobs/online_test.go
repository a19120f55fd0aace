package jobs

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// online calls VerifyOnline.
func (w *world) online() (*OnlineReport, error) {
	j, err := w.open(w.t.Context(), newFuse(point{}))
	if err != nil {
		return nil, err
	}
	return j.VerifyOnline(w.t.Context(), w.service.Client())
}

// TestVerifyOnline: with foreign batches on the server, nothing was paid for twice. It reads results of foreign batches only
// if they are as large as ours.
func TestVerifyOnline(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.service.Seed(3, time.Now().Add(-time.Hour)) // before the job
		w.finish()
		larger, same := w.service.Seed(4, time.Time{}), w.service.Seed(3, time.Time{})
		_ = sleep(t.Context(), time.Hour)
		running := w.service.Seed(3, time.Time{})
		reads := len(w.service.Calls(batchtest.Results))
		r, err := w.online()
		if err != nil {
			t.Fatal(err)
		}
		if r.Listed != 4 || r.Ours != 1 || r.Strange != 2 || len(r.Duplicates) != 0 || !slices.Equal(r.MayBeOurs, []string{running.ID}) {
			t.Errorf("got %+v", *r)
		}
		read := make(map[string]bool)
		for _, c := range w.service.Calls(batchtest.Results)[reads:] {
			read[c.BatchID] = true
		}
		if read[larger.ID] || read[running.ID] || !read[same.ID] || len(read) != 2 {
			t.Errorf("read the results of %v", read)
		}
	})
}

// TestVerifyOnlineDuplicates finds a batch of ours that the store does not know.
func TestVerifyOnlineDuplicates(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.finish()
		double := w.service.SeedLike(w.service.Batches()[0].ID, time.Time{})
		_ = sleep(t.Context(), time.Hour)
		_, err := w.online()
		if !errors.As(err, new(*VerifyError)) || !strings.Contains(err.Error(), double.ID) || !strings.Contains(err.Error(), "paid for") {
			t.Errorf("got %v", err)
		}
	})
}

// TestCountTwice distinguishes two batches of one round with the same request from two of different rounds.
func TestCountTwice(t *testing.T) {
	t.Parallel()
	part := func(index int64, round int) *partReader {
		return &partReader{now: final{index: index, round: round, grade: failed}}
	}
	for _, tt := range []struct {
		name string
		open []*partReader
		want bool
	}{
		{"rounds/different", []*partReader{part(4, 0), part(4, 1)}, false},
		{"rounds/same", []*partReader{part(4, 1), part(4, 0), part(4, 1)}, true},
		{"rounds/same of another request", []*partReader{part(4, 0), part(5, 0)}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := final{index: 4}
			if f.count(tt.open); f.twice != tt.want {
				t.Errorf("got %v", f.twice)
			}
		})
	}
}

// TestVerifyOnlineKnown: duplicates that the report names, and deleted batches, are not problems.
func TestVerifyOnlineKnown(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.options.OnDoubt = Resend
		w.service.Inject(batchtest.Create, batchtest.DropThenAct(time.Minute))
		r, err := w.live(newFuse(point{}))
		if err != nil {
			t.Fatal(err)
		}
		_ = sleep(t.Context(), time.Hour)
		got, err := w.online()
		duplicates := slices.Concat(r.Duplicates, r.PossibleDuplicates)
		if err != nil || got.Ours != 2 || !slices.Equal(got.Duplicates, duplicates) || len(duplicates) != 1 {
			t.Fatalf("got %+v, %v; report %+v", got, err, r)
		}
		if err := w.service.Client().Delete(t.Context(), duplicates[0]); err != nil {
			t.Fatal(err)
		}
		got, err = w.online()
		if err != nil || got.Ours != 1 || len(got.Duplicates) != 0 || got.Strange != 0 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// TestVerifyOnlineRebuilt: the batches of a job that has lost its database keep their custom IDs.
func TestVerifyOnlineRebuilt(t *testing.T) {
	t.Parallel()
	inLostWorld(t, point{"before POST ", 4}, func(w *world) {
		r := w.rebuild()
		_ = sleep(w.t.Context(), time.Hour)
		if got, err := w.online(); err != nil || int64(got.Ours) != r.Batches || len(got.Duplicates) > 0 {
			w.t.Errorf("got %+v, %v; report %+v", got, err, r)
		}
		if n, err := w.retry(newFuse(point{}), RetryErrored); n != 0 || err != nil {
			w.t.Errorf("retry: %d, %v", n, err)
		}
	})
}

// TestVerifyOnlineKeepIDs: there is no proof without our custom IDs.
func TestVerifyOnlineKeepIDs(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.options.KeepIDs = true
		w.disk.put(worldInput, requestLine("a")+requestLine("b")+requestLine("c"))
		if _, err := w.live(newFuse(point{})); err != nil {
			t.Fatal(err)
		}
		if r, err := w.online(); r != nil || err == nil || !strings.Contains(err.Error(), "KeepIDs") {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}

// TestVerifyOnlineStranger: the key of another workspace, whose list is empty, is refused.
func TestVerifyOnlineStranger(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.finish()
		j, err := w.open(t.Context(), newFuse(point{}))
		if err != nil {
			t.Fatal(err)
		}
		other := w.service.Client(client.WithWorkspace("wrkspc_b"))
		if r, err := j.VerifyOnline(t.Context(), other); r != nil || !errors.As(err, new(*StrangerError)) {
			t.Errorf("got %+v, %v", r, err)
		}
	}, batchtest.WithKey("key", "wrkspc_a", "wrkspc_b"))
}
