package jobs

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// TestSizes: no batch has as many requests as a running batch of the workspace, if possible.
func TestSizes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		requests, most int
		running        []int
		ended          []int
		shared         bool // a batch has a size that is in use
		sizes          []int
	}{
		"first/one batch":   {requests: 7, most: 100, running: []int{7}},
		"first/ended":       {requests: 7, most: 100, ended: []int{7}, shared: true, sizes: []int{7}},
		"first/full":        {requests: 12, most: 5, running: []int{5, 4}},
		"first/the rest":    {requests: 12, most: 5, running: []int{2}},
		"first/all in use":  {requests: 2, most: 1, running: []int{1}, shared: true, sizes: []int{1, 1}},
		"first/none in use": {requests: 12, most: 5, sizes: []int{5, 5, 2}, shared: true},
		"again/in use":      {requests: 25, most: 100, running: []int{5, 25}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, tt.requests, store.NewMemory(), Options{MaxRequests: tt.most}, batchtest.WithDuration(5*time.Hour))
				for _, n := range tt.ended {
					w.service.Seed(n, time.Now().Add(-6*time.Hour))
				}
				if err := sleep(t.Context(), time.Hour); err != nil {
					t.Fatal(err)
				}
				for _, n := range tt.running {
					w.service.Seed(n, time.Now())
				}
				go func() { // they keep running
					for range 3 {
						if sleep(t.Context(), 4*time.Hour) == nil {
							for _, n := range tt.running {
								w.service.Seed(n, time.Now())
							}
						}
					}
				}()
				r, err := w.live(newFuse(point{}))
				if err == nil {
					err = w.check(r, int64(tt.requests))
				}
				if err != nil {
					t.Fatal(err)
				}
				var sizes []int
				for _, b := range w.service.Batches() {
					requests := w.service.Requests(b.ID)
					if _, ours := parseWireID(requests[0].CustomID); ours {
						n := len(requests)
						sizes = append(sizes, n)
						if slices.Contains(tt.running, n) && !tt.shared {
							t.Errorf("a batch has %d requests", n)
						}
					}
				}
				slices.Sort(sizes)
				slices.Reverse(sizes)
				if tt.sizes != nil && !slices.Equal(sizes[:len(tt.sizes)], tt.sizes) {
					t.Errorf("got batches of %v requests, want %v first", sizes, tt.sizes)
				}
			})
		})
	}
}
