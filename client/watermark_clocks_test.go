package client_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestWatermarkNeedsNoClock takes a watermark right after a colleague's batch, whose created_at is from a machine of the
// service that is a minute ahead, so that the lost batch is listed below that batch. The Date headers are from other
// clocks.
func TestWatermarkNeedsNoClock(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		date    time.Duration // ahead of the service's clock
		service time.Duration // ahead of this machine's
		older   int           // batches from yesterday
	}{
		"dates/right":          {0, 0, 3},
		"dates/ahead":          {time.Hour, 0, 3},
		"dates/behind":         {-time.Hour, 0, 3},
		"dates/alone":          {time.Hour, 0, 0},
		"machine/behind":       {0, 26 * time.Hour, 3},
		"machine/ahead":        {0, -26 * time.Hour, 3},
		"both/ahead":           {3 * time.Hour, -26 * time.Hour, 3},
		"pages/more than one":  {time.Hour, 0, 150},
		"pages/exactly one":    {time.Hour, 0, 98},
		"pages/one and a bit":  {time.Hour, 0, 99},
		"machine/ahead, alone": {0, -26 * time.Hour, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.Start(batchtest.WithDateOffset(tt.date))
				s.Advance(tt.service)
				for range tt.older {
					s.Seed(2, s.Now().Add(-24*time.Hour))
				}
				c := s.Client()
				s.Inject(batchtest.List, batchtest.Times(8, byCreation)...)
				listed := s.Seed(2, s.Now().Add(time.Minute))
				mark, err := c.Watermark(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				id, u := lose(t, s, c)
				u.Attempt.Watermark = mark
				if slices.Contains(mark.Below, listed.ID) {
					t.Errorf("%s is too new to be in Below", listed.ID)
				}
				for _, wait := range []time.Duration{10 * time.Minute, 31 * time.Minute} {
					<-time.After(wait)
					found, err := s.Client().Candidates(t.Context(), u.Attempt)
					if err != nil {
						t.Fatal(err)
					}
					if !slices.ContainsFunc(found.Batches, func(b *client.Batch) bool { return b.ID == id }) || !found.ReachedWatermark {
						t.Errorf("the lost batch is not among %d candidates, reached %v", len(found.Batches), found.ReachedWatermark)
					}
					if late := time.Now().After(found.Until); found.Complete != late {
						t.Errorf("complete %v, but past Until: %v", found.Complete, late)
					}
				}
			})
		})
	}
}

// byCreation sorts a page of the list by created_at, newest first. The fake lists batches as it has accepted them.
func byCreation(w http.ResponseWriter, r *http.Request, next http.Handler) {
	batchtest.Rewrite(func(body []byte) []byte {
		var page map[string]json.RawMessage
		var batches []json.RawMessage
		if json.Unmarshal(body, &page) != nil || json.Unmarshal(page["data"], &batches) != nil {
			return body // an error
		}
		created := func(raw json.RawMessage) time.Time {
			var b client.Batch
			if err := json.Unmarshal(raw, &b); err != nil {
				panic(err)
			}
			return b.CreatedAt
		}
		slices.SortStableFunc(batches, func(a, b json.RawMessage) int { return created(b).Compare(created(a)) })
		page["data"], _ = json.Marshal(batches)
		body, _ = json.Marshal(page)
		return body
	})(w, r, next)
}
