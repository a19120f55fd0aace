package jobs

import (
	"errors"
	"testing"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

func TestShare(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name           string
		share, waiting int // percent, and number of waiting requests of the job
		fits           bool
	}{
		{"no share", 0, 80, true},
		{"room", 50, 40, true},
		{"no room", 50, 41, false},
		{"one batch in any case", 1, 0, true},
		{"all", 100, 90, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p, err := NewPool(store.NewMemory(), nil, PoolOptions{})
			if err != nil {
				t.Fatal(err)
			}
			err = p.store.Update(t.Context(), func(tx store.Tx) error {
				return errors.Join(
					tx.PutJob(&store.Job{ID: "a", State: store.Running, Organization: "o"}),
					tx.PutLimit(store.Limit{Organization: "o", Requests: 100}),
					tx.PutBatch(&store.Batch{Job: "a", Seq: 1, State: store.Proven, Requests: test.waiting}),
					tx.PutBatch(&store.Batch{Job: "a", Seq: 2, State: store.Planned, Requests: 10}),
				)
			})
			if err == nil && test.share > 0 {
				err = p.SetShare(t.Context(), "a", test.share)
			}
			if err != nil {
				t.Fatal(err)
			}
			fits, err := (&engine{job: "a", store: p.store}).mayFit(t.Context(), &store.Batch{Job: "a", Seq: 2, Requests: 10})
			if err != nil || fits != test.fits {
				t.Errorf("fits is %v, %v", fits, err)
			}
			if p.SetShare(t.Context(), "a", 101) == nil || p.SetPriority(t.Context(), "a", 5) == nil || p.SetPriority(t.Context(), "b", 1) == nil {
				t.Error("an invalid value was accepted")
			}
		})
	}
}

// TestPriority: a batch waits while a batch of a job with a higher priority fits.
func TestPriority(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		limit    int64
		requests int // requests of the other job's batch
		fits     bool
	}{
		"no limit":      {0, 10, true},
		"both fit":      {100, 10, false},
		"the other not": {100, 101, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := NewPool(store.NewMemory(), nil, PoolOptions{})
			if err != nil {
				t.Fatal(err)
			}
			err = p.store.Update(t.Context(), func(tx store.Tx) error {
				return errors.Join(
					tx.PutJob(&store.Job{ID: "a", State: store.Running, Organization: "o"}),
					tx.PutJob(&store.Job{ID: "b", State: store.Running, Organization: "o"}),
					tx.PutLimit(store.Limit{Organization: "o", Requests: test.limit}),
					tx.PutBatch(&store.Batch{Job: "a", Seq: 1, State: store.Planned, Requests: 10}),
					tx.PutBatch(&store.Batch{Job: "b", Seq: 1, State: store.Planned, Requests: test.requests}),
				)
			})
			if err == nil {
				err = p.SetPriority(t.Context(), "b", 1)
			}
			if err != nil {
				t.Fatal(err)
			}
			fits, err := (&engine{job: "a", store: p.store}).mayFit(t.Context(), &store.Batch{Job: "a", Seq: 1, Requests: 10})
			if err != nil || fits != test.fits {
				t.Errorf("fits is %v, %v", fits, err)
			}
		})
	}
}
