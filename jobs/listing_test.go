package jobs

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// TestPolling counts the calls that it takes to wait for many batches, and for a few.
func TestPolling(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		batches     int
		lists, gets int // in an hour
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
					t.Errorf("%d lists and %d gets in an hour, want %d and %d", lists, gets, tt.lists, tt.gets)
				}
			})
		})
	}
}
