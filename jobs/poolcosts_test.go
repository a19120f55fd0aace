package jobs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// TestPoolMoney serves a primed job with a pool, and then a job whose budget is too small.
func TestPoolMoney(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := batchtest.New(t, batchtest.WithDuration(time.Minute))
		_, pool := newPools(t, service, newFuse(point{}))
		var lines strings.Builder
		for i := range 60 {
			lines.WriteString(cachedLine(fmt.Sprint("request ", i), handbook("Ann"), "1h"))
		}
		input := filepath.Join(t.TempDir(), "requests.jsonl")
		if err := os.WriteFile(input, []byte(lines.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		id, err := pool.Add(t.Context(), Lines(input), Options{MaxRequests: 20})
		if err != nil {
			t.Fatal(err)
		}
		if err := serveJob(t.Context(), pool, id); err != nil {
			t.Fatal(err)
		}
		c, err := pool.Costs(t.Context(), id, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := pool.Report(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if r.Answered != 60 || c.Cache.HitRate < 0.9 || c.Actual == 0 || r.Costs.Actual != c.Actual || c.Estimated.High < c.Actual {
			t.Errorf("%+v, %+v", *r, *c)
		}

		before := len(service.Batches())
		pool.options.Configure = func(string) Options { return Options{Budget: c.Actual.Float64() / 2, StrictBudget: true} }
		if id, err = pool.Add(t.Context(), Lines(input), Options{MaxRequests: 20, WithoutPriming: true}); err != nil {
			t.Fatal(err)
		}
		if step, err := pool.Advance(t.Context(), Ref{id, 1}); err != nil || step.Outage != nil || step.State != store.Planned {
			t.Fatalf("%+v, %v", step, err)
		}
		err = pool.store.View(t.Context(), func(tx store.Tx) error {
			row, err := tx.Job(id)
			if err == nil && (row.State != store.Paused || !strings.Contains(row.Why, "of the budget")) {
				t.Errorf("%+v", row)
			}
			return err
		})
		if err != nil || len(service.Batches()) != before {
			t.Errorf("%d more batches, %v", len(service.Batches())-before, err)
		}
	})
}
