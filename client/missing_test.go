package client_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestWaitOutlastsAMissingBatch makes the service not find a batch for a while.
func TestWaitOutlastsAMissingBatch(t *testing.T) {
	t.Parallel()
	const never = 24 * time.Hour
	for name, tt := range map[string]struct {
		lag      time.Duration // right after create
		from, to time.Duration // later
		opts     []client.CallOption
		stranger bool // waits with a client that has not seen the batch
		ok       bool
	}{
		"after create/4 minutes":       {4 * time.Minute, 0, 0, nil, false, true},
		"after create/too long":        {20 * time.Minute, 0, 0, nil, false, false},
		"after create/stranger":        {4 * time.Minute, 0, 0, nil, true, false},
		"mid-run/4 minutes":            {0, time.Hour, time.Hour + 4*time.Minute, nil, false, true},
		"mid-run/too long":             {0, time.Hour, time.Hour + 20*time.Minute, nil, false, false},
		"mid-run/gone":                 {0, time.Hour, never, nil, false, false},
		"mid-run/rare polls":           {0, time.Hour, time.Hour + 4*time.Minute, []client.CallOption{client.WithPollInterval(10*time.Minute, 10*time.Minute)}, false, true},
		"mid-run/rare polls, stranger": {0, time.Hour, time.Hour + 4*time.Minute, []client.CallOption{client.WithPollInterval(10*time.Minute, 10*time.Minute)}, true, true},
		"mid-run/rare polls, gone":     {0, time.Hour, never, []client.CallOption{client.WithPollInterval(10*time.Minute, 10*time.Minute)}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.Start(batchtest.WithDuration(2*time.Hour), batchtest.WithGetLag(tt.lag)) // not New: the number of polls is random
				c := s.Client()
				batch, began := create(t, c, 1), time.Now()
				s.Inject(batchtest.Get, batchtest.Times(300, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					if at := time.Since(began); at < tt.from || at >= tt.to {
						next.ServeHTTP(w, r)
						return
					}
					batchtest.Fail(404, "not_found_error", "Gone.")(w, r, next)
				})...)
				if tt.stranger {
					c = s.Client()
				}
				ended, err := c.Wait(t.Context(), batch.ID, tt.opts...)
				if tt.ok && (err != nil || !ended.Ended()) || !tt.ok && !errors.Is(err, client.ErrNotFound) {
					t.Errorf("got %+v, %v", ended, err)
				}
				if took := time.Since(began); !tt.ok && took > max(tt.from, 0)+30*time.Minute {
					t.Errorf("waited for %v", took)
				}
			})
		})
	}
}

// TestResultsOutlastAMissingBatch makes the service not find a batch that it has just reported as ended.
func TestResultsOutlastAMissingBatch(t *testing.T) {
	t.Parallel()
	gone := batchtest.Fail(404, "not_found_error", "Gone.")
	for name, tt := range map[string]struct {
		faults   map[batchtest.Op][]batchtest.Fault
		stranger bool // reads with a client that has not seen the batch
		ok       bool
	}{
		"get":              {map[batchtest.Op][]batchtest.Fault{batchtest.Get: batchtest.Times(4, gone)}, false, true},
		"get/stranger":     {map[batchtest.Op][]batchtest.Fault{batchtest.Get: {gone}}, true, false},
		"results":          {map[batchtest.Op][]batchtest.Fault{batchtest.Results: batchtest.Times(4, gone)}, false, true},
		"results/stranger": {map[batchtest.Op][]batchtest.Fault{batchtest.Results: batchtest.Times(4, gone)}, true, true}, // get has found it
		"results/half way": {map[batchtest.Op][]batchtest.Fault{batchtest.Results: {batchtest.Drop(2), gone, gone, gone}}, false, true},
		"results/minutes":  {map[batchtest.Op][]batchtest.Fault{batchtest.Results: batchtest.Times(12, gone)}, false, true},
		"results/for good": {map[batchtest.Op][]batchtest.Fault{batchtest.Results: batchtest.Times(100, gone)}, false, false},
		"results/half way, for good": {map[batchtest.Op][]batchtest.Fault{
			batchtest.Results: append([]batchtest.Fault{batchtest.Drop(2)}, batchtest.Times(100, gone)...),
		}, false, false},
		"get, then results": {map[batchtest.Op][]batchtest.Fault{batchtest.Get: batchtest.Times(4, gone), batchtest.Results: batchtest.Times(4, gone)}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.Start() // not New: the number of faults used is random
				c := s.Client()
				batch := create(t, c, 5)
				if _, err := c.Wait(t.Context(), batch.ID); err != nil {
					t.Fatal(err)
				}
				for op, faults := range tt.faults {
					s.Inject(op, faults...)
				}
				if tt.stranger {
					c = s.Client()
				}
				began := time.Now()
				results, damaged, err := collect(t, c.Results(t.Context(), batch.ID))
				if len(damaged) != 0 || tt.ok && (len(results) != 5 || err != nil) || !tt.ok && (len(results) == 5 || !errors.Is(err, client.ErrNotFound)) {
					t.Errorf("%d results, %d damaged lines, %v", len(results), len(damaged), err)
				}
				if errors.As(err, new(*client.IncompleteError)) != (err != nil && len(results) > 0) {
					t.Errorf("%d results, then %v", len(results), err)
				}
				if took := time.Since(began); took > 6*time.Minute {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}
