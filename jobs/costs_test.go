package jobs

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/jobs/price"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// TestCosts runs a job whose follow-ups are sent on the next day, and reads its costs from the directory too.
func TestCosts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		labels := map[string]string{"team": "support", "purpose": "triage"}
		service := batchtest.New(t, batchtest.WithDuration(31*time.Minute), batchtest.WithExpired(0.3), batchtest.WithSeed(3))
		dir := filepath.Join(t.TempDir(), "a.job")
		if err := sleep(t.Context(), 23*time.Hour+30*time.Minute); err != nil {
			t.Fatal(err)
		}
		j, err := Open(t.Context(), dir, Options{MaxRequests: 50, Labels: labels})
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		r, err := j.Run(t.Context(), service.Client(), Lines(writeInput(t, 100)))
		if err != nil {
			t.Fatal(err)
		}
		c, err := j.Costs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r.Costs, c); diff != "" {
			t.Errorf("the report has different costs:\n%s", diff)
		}
		if outside, err := ReadCosts(t.Context(), dir, nil); err != nil || cmp.Diff(outside, c) != "" {
			t.Errorf("from outside: %+v, %v", outside, err)
		}
		days, all := make(map[string]int64), bulk.Money(0)
		for _, row := range c.Rows {
			days[row.Day] += row.Tokens.Output
			all += row.Cost
		}
		first, second := days["2000-01-01"], days["2000-01-02"]
		if len(days) < 2 || first < 300 || second < 20 || all != c.Actual || cmp.Diff(labels, c.Labels) != "" {
			t.Errorf("%+v", c)
		}
		if c.Estimated.Low >= c.Actual || c.Actual >= c.Estimated.High || c.Ahead != (price.Costs{}) || c.Reserved != 0 || len(c.Unpriced) > 0 {
			t.Errorf("actual %v, estimated %v, %+v", c.Actual, c.Estimated, c)
		}
		cheaper := price.Default()
		for i := range cheaper.Models {
			cheaper.Models[i].Input, cheaper.Models[i].Output = cheaper.Models[i].Input/2, cheaper.Models[i].Output/2
		}
		if half, err := ReadCosts(t.Context(), dir, cheaper); err != nil || half.Actual < c.Actual/2-10 || half.Actual > c.Actual/2+10 {
			t.Errorf("actual cost at half the prices %v, at full prices %v; %v", half.Actual, c.Actual, err)
		}
		if other, err := Open(t.Context(), filepath.Join(t.TempDir(), "b.job"), Options{Labels: map[string]string{"a": "b"}}); err != nil {
			t.Error(err)
		} else if err := other.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestCostsUnpriced: usage without a price is listed, and never counted as free.
func TestCostsUnpriced(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		lines := strings.Split(string(w.disk.now[worldInput].data), "\n")
		lines[1] = strings.ReplaceAll(lines[1], "claude-opus-5", "claude-opus-9")
		w.disk.put(worldInput, strings.Join(lines, "\n"))
		w.options.WithoutPreflight = true
		w.service.AnswerAll(func(q *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
			return batchtest.Text(said(q))(q)
		})
		r, err := w.live(newFuse(point{}))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"claude-opus-9"}, r.Costs.Unpriced); diff != "" || r.Costs.Actual == 0 || len(r.Costs.Rows) != 2 {
			t.Errorf("%+v\n%s", r.Costs, diff)
		}
	})
}

func TestSumCosts(t *testing.T) {
	t.Parallel()
	job := func(labels map[string]string, rows ...Cost) *Costs {
		return &Costs{Labels: labels, Currency: "USD", Rows: rows}
	}
	a, b := map[string]string{"team": "a"}, map[string]string{"team": "b"}
	got := SumCosts(
		job(b, Cost{Day: "2026-01-02", Model: "m", Cost: 1}),
		job(a, Cost{Day: "2026-01-02", Model: "m", Cost: 2, Tokens: bulk.Tokens{Input: 5}}, Cost{Day: "2026-01-01", Model: "m", Cost: 4}),
		job(map[string]string{"team": "a"}, Cost{Day: "2026-01-02", Model: "m", Cost: 8, Tokens: bulk.Tokens{Input: 6, Output: 1}}, Cost{Day: "2026-01-02", Tool: "t", Uses: 2, Cost: 16}),
	)
	want := []LabelCost{
		{a, "USD", 1, Cost{Day: "2026-01-01", Model: "m", Cost: 4}},
		{a, "USD", 2, Cost{Day: "2026-01-02", Model: "m", Cost: 10, Tokens: bulk.Tokens{Input: 11, Output: 1}}},
		{a, "USD", 1, Cost{Day: "2026-01-02", Tool: "t", Uses: 2, Cost: 16}},
		{b, "USD", 1, Cost{Day: "2026-01-02", Model: "m", Cost: 1}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestLabels: a job keeps its labels.
func TestLabels(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.options.Labels = map[string]string{"team": "a"}
		if _, err := w.open(t.Context(), newFuse(point{})); err != nil {
			t.Fatal(err)
		}
		w.options.Labels = nil // unset: keeps those of the job
		if j, err := w.open(t.Context(), newFuse(point{})); err != nil || j.about.Options.Labels["team"] != "a" {
			t.Errorf("%v, %v", j.about.Options.Labels, err)
		}
		w.options.Labels = map[string]string{"team": "b"}
		if _, err := w.open(t.Context(), newFuse(point{})); err == nil {
			t.Error("the labels of a job were changed")
		}
	})
}

// TestCostsOfDuplicates: a batch that was sent twice was paid for twice, as the report shows.
func TestCostsOfDuplicates(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.options.OnDoubt = Resend
		w.service.Inject(batchtest.Create, batchtest.DropAfter())
		r, err := w.live(newFuse(point{}))
		if err != nil {
			t.Fatal(err)
		}
		paid, err := w.paid(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		once := sum(paid) / 2
		if c := r.Costs; len(paid) != 2 || len(r.Duplicates) != 1 || c.Actual != 2*once || c.Duplicates != once || c.Estimated.High >= c.Actual {
			t.Errorf("%v paid; %+v, %+v", paid, *r, *c)
		}
	})
}

// TestWriteOff: a duplicate batch that was deleted on the server eventually counts with the amount reserved for it.
func TestWriteOff(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		if _, err := w.live(newFuse(point{})); err != nil {
			t.Fatal(err)
		}
		j, err := w.open(t.Context(), newFuse(point{}))
		if err != nil {
			t.Fatal(err)
		}
		c := &store.Created{BatchID: "msgbatch_deleted", Job: j.ID(), Seq: 1, Role: store.Orphan}
		err = w.store.Update(t.Context(), func(tx store.Tx) error { return tx.PutCreated(c) })
		if err != nil {
			t.Fatal(err)
		}
		e := j.engine(w.service.Client(), worldInput)
		for i, want := range []store.Spending{{Reserved: 1}, {Reserved: 1}, {Reserved: 0}} {
			if err := e.tend(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			reserved, s, err := w.reserved(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if (s.Reserved > 0) != (want.Reserved > 0) || s.Reserved > 0 && bulk.Money(s.Reserved) != reserved[c.BatchID] {
				t.Errorf("look %d: %+v", i, s)
			}
			if err := sleep(t.Context(), 20*time.Minute); err != nil {
				t.Fatal(err)
			}
		}
	})
}
