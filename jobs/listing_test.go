package jobs

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// TestPolling counts the calls for waiting for many batches and for a few.
func TestPolling(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		batches     int
		lists, gets int // per hour
	}{
		"few":  {batches: 8, gets: 8 * 60},
		"many": {batches: 110, lists: 2 * 60},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, tt.batches, store.NewMemory(), Options{MaxRequests: 1}, batchtest.WithDuration(4*time.Hour))
				began := time.Now()
				r, err := w.live(newFuse(point{}))
				if err == nil {
					err = w.check(r, int64(tt.batches))
				}
				if err != nil {
					t.Fatal(err)
				}
				calls := func(op batchtest.Op) (n int) {
					for _, c := range w.service.Calls(op) {
						if since := c.Time.Sub(began); time.Hour <= since && since < 2*time.Hour {
							n++
						}
					}
					return n
				}
				if lists, gets := calls(batchtest.List), calls(batchtest.Get); lists > tt.lists+3 || gets > tt.gets+8 || lists+gets < min(tt.lists+tt.gets, 60) {
					t.Errorf("%d lists and %d gets per hour, want %d and %d", lists, gets, tt.lists, tt.gets)
				}
			})
		})
	}
}

// A countedStore counts transactions.
type countedStore struct {
	store.Store
	views, updates atomic.Int64
}

func (s *countedStore) View(ctx context.Context, f func(store.Tx) error) error {
	s.views.Add(1)
	return s.Store.View(ctx, f)
}

func (s *countedStore) Update(ctx context.Context, f func(store.Tx) error) error {
	s.updates.Add(1)
	return s.Store.Update(ctx, f)
}

// TestPoolPolling counts the calls and transactions of one Poll for the batches of two jobs.
func TestPoolPolling(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		batches  int // number of batches of each job
		others   int // number of foreign batches that were created later
		cancel   bool
		lists    int
		gets     int
		cancels  int
		finished bool // all batches have ended
	}{
		"many":               {batches: 75, lists: 2},
		"many that ended":    {batches: 75, lists: 2, finished: true},
		"one that others":    {batches: 1, others: 150, lists: 2},
		"few behind others":  {batches: 1, others: 320, lists: 2, gets: 2},
		"many behind others": {batches: 75, others: 320, lists: 5},
		"a job is canceled":  {batches: 75, cancel: true, lists: 2, cancels: 75},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := batchtest.New(t, batchtest.WithDuration(time.Hour))
				s := &countedStore{Store: store.NewMemory()}
				blobs, err := Directory(t.TempDir())
				if err != nil {
					t.Fatal(err)
				}
				p, err := NewPool(s, blobs, PoolOptions{Client: service.Client(), Temp: t.TempDir()})
				if err != nil {
					t.Fatal(err)
				}
				var refs []Ref
				for range 2 {
					id, err := p.Add(t.Context(), Lines(writeInput(t, tt.batches)), Options{MaxRequests: 1})
					if err != nil {
						t.Fatal(err)
					}
					for seq := range tt.batches {
						ref := Ref{id, int64(seq + 1)}
						if step, err := p.Advance(t.Context(), ref); err != nil || step.State != store.Proven {
							t.Fatal(step, err)
						}
						refs = append(refs, ref)
					}
				}
				for range tt.others {
					if _, err := service.Client().CreateLines(t.Context(), strings.NewReader(requestLine("another"))); err != nil {
						t.Fatal(err)
					}
				}
				if tt.cancel {
					if err := p.Cancel(t.Context(), refs[0].Job, "a test"); err != nil {
						t.Fatal(err)
					}
				}
				if tt.finished {
					_ = sleep(t.Context(), 2*time.Hour)
				}
				for range 2 { // a batch is canceled only once
					before, views := service.Stats().Calls, s.views.Load()
					moved, wait, err := p.Poll(t.Context(), refs)
					after := service.Stats().Calls
					if want := map[bool]int{true: len(refs)}[tt.finished]; err != nil || len(moved) != want || wait <= 0 {
						t.Errorf("%d batches moved, want %d; wait %s, %v", len(moved), want, wait, err)
					}
					for op, want := range map[batchtest.Op]int{batchtest.List: tt.lists, batchtest.Get: tt.gets, batchtest.Cancel: tt.cancels} {
						if n := after[op] - before[op]; n != want {
							t.Errorf("%d calls of %s, want %d", n, op, want)
						}
					}
					if n := s.views.Load() - views; tt.gets+tt.cancels == 0 && !tt.cancel && n != 1 {
						t.Errorf("%d read transactions", n)
					}
					if tt.finished {
						break
					}
					tt.cancels = 0
				}
			})
		})
	}
}
