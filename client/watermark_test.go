package client_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestWatermark loses the response to a create, and finds the batch in another process with the stored Attempt, whatever
// the clocks show.
func TestWatermark(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before, young int           // batches of the same size: an hour before the watermark, a minute before
		offset        time.Duration // of the Date headers
		delete        int           // of the old ones, after the watermark
		accepted      bool
		colleague     bool // creates a batch of the same size afterwards
	}{
		"empty":                  {accepted: true},
		"empty, not accepted":    {},
		"one old":                {before: 1, accepted: true},
		"old and young":          {before: 3, young: 2, accepted: true},
		"only young":             {young: 2, accepted: true},
		"not accepted":           {before: 3, young: 2},
		"Date an hour ahead":     {before: 3, young: 2, offset: time.Hour, accepted: true},
		"Date an hour behind":    {before: 3, young: 2, offset: -time.Hour, accepted: true},
		"Date three days behind": {before: 3, young: 2, offset: -72 * time.Hour},
		"the newest deleted":     {before: 5, delete: 3, accepted: true},
		"all deleted":            {before: 5, delete: 5, accepted: true},
		"many":                   {before: 150, young: 5, accepted: true},
		"a colleague's":          {before: 3, accepted: true, colleague: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.New(t, batchtest.WithDuration(0), batchtest.WithDateOffset(tt.offset))
				var old []string
				for range tt.before {
					old = append(old, create(t, s.Client(), 2).ID)
				}
				<-time.After(time.Hour)
				for range tt.young {
					create(t, s.Client(), 2)
				}
				<-time.After(time.Minute)

				c := s.Client(once)
				w, err := c.Watermark(t.Context())
				if err != nil || !w.Listed || len(w.Seen)+len(w.Below) == 0 != (tt.before+tt.young == 0) {
					t.Fatalf("got %+v, %v", w, err)
				}
				fault := batchtest.DropBefore()
				if tt.accepted {
					fault = batchtest.DropAfter()
				}
				s.Inject(batchtest.Create, fault)
				_, err = c.Create(t.Context(), requests(2), client.WithWatermark(w))
				var uncertain *client.UncertainError
				if !errors.As(err, &uncertain) {
					t.Fatalf("got %v", err)
				}
				stored, err := json.Marshal(uncertain.Attempt)
				if err != nil {
					t.Fatal(err)
				}
				var want []string
				if batches := s.Batches(); tt.accepted {
					want = []string{batches[len(batches)-1].ID}
				}
				for i := range tt.delete {
					if err := s.Client().Delete(t.Context(), old[len(old)-1-i]); err != nil {
						t.Fatal(err)
					}
				}
				if tt.colleague {
					want = slices.Insert(want, 0, create(t, s.Client(), 2).ID)
				}

				var attempt client.Attempt // in another process
				if err := json.Unmarshal(stored, &attempt); err != nil {
					t.Fatal(err)
				}
				other := s.Client()
				for _, wait := range []time.Duration{0, 40*time.Minute + time.Second} {
					<-time.After(wait)
					found, err := other.Candidates(t.Context(), attempt)
					if err != nil {
						t.Fatal(err)
					}
					var got []string
					for _, b := range found.Batches {
						got = append(got, b.ID)
					}
					if diff := cmp.Diff(want, got); diff != "" || !found.ReachedWatermark || found.Complete != (wait > 0) {
						t.Errorf("after %v: complete %v, reached %v: %s", wait, found.Complete, found.ReachedWatermark, diff)
					}
				}
				attempt.Known = want
				if found, err := other.Candidates(t.Context(), attempt); err != nil || len(found.Batches) != 0 {
					t.Errorf("known batches are candidates: %+v, %v", found.Batches, err)
				}
			})
		})
	}
}

// TestCandidatesOfAnotherMachine calls Candidates on a client whose own clock is known to agree with the service's: that
// says nothing about the clock of the machine that made the attempt.
func TestCandidatesOfAnotherMachine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		s.Seed(2, s.Now().Add(-72*time.Hour)) // so that only a clock shows where the list may end
		s.Inject(batchtest.Create, batchtest.DropAfter())
		_, err := s.Client(once).Create(t.Context(), requests(2))
		var uncertain *client.UncertainError
		if !errors.As(err, &uncertain) {
			t.Fatalf("got %v", err)
		}
		<-time.After(time.Hour)
		other := s.Client()
		create(t, other, 3)
		attempt := uncertain.Attempt
		attempt.Started, attempt.Ended = attempt.Started.Add(-24*time.Hour), attempt.Ended.Add(-24*time.Hour)
		if found, err := other.Candidates(t.Context(), attempt); err != nil || found.Complete {
			t.Errorf("complete with an unknown clock offset: %+v, %v", found, err)
		}
		attempt.Clock = client.ClockOffset{Min: 24 * time.Hour, Max: 24 * time.Hour, Known: true}
		if found, err := other.Candidates(t.Context(), attempt); err != nil || !found.Complete || len(found.Batches) != 1 {
			t.Errorf("with its clock: %+v, %v", found, err)
		}
	})
}
