package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/jobs/price"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// paid returns the actual costs of the batches of a job that the service accepted, by ID, whether or not the job has read
// them.
func (w *world) paid(ctx context.Context) (map[string]bulk.Money, error) {
	all := make(map[string]bulk.Money)
	c := w.service.Client()
	for _, b := range w.service.Batches() {
		if _, ok := parseWireID(w.service.Requests(b.ID)[0].CustomID); !ok {
			continue
		}
		var used price.Usage
		for item, err := range c.Results(ctx, b.ID) {
			if err != nil {
				return nil, err
			}
			used.Add(price.Default(), w.service.Now(), item)
		}
		cost, err := used.Cost(price.Default(), w.service.Now())
		if err != nil {
			return nil, err
		}
		all[b.ID] = cost
	}
	return all, nil
}

// reserved returns the amount reserved for each batch on the server, and the spending of the job.
func (w *world) reserved(ctx context.Context) (reserved map[string]bulk.Money, s store.Spending, err error) {
	err = w.store.View(ctx, func(tx store.Tx) error {
		reserved = make(map[string]bulk.Money)
		ids, err := tx.Jobs()
		if err != nil {
			return err
		}
		if s, err = tx.Spending(ids[0]); err != nil {
			return err
		}
		created, err := tx.CreatedIn(ids[0], []store.Role{store.Ours, store.Spare, store.Orphan}, "", 0)
		for _, c := range created {
			b, err := tx.Batch(c.Job, c.Seq)
			if err != nil {
				return err
			}
			reserved[c.BatchID] = bulk.Money(b.Reserved)
		}
		return err
	})
	return reserved, s, err
}

func sum(all map[string]bulk.Money) (n bulk.Money) {
	for _, m := range all {
		n += m
	}
	return n
}

// worst returns the worst-case cost of the requests of a world.
func worst(w *world) float64 { return estimated(w).High.Float64() }

func estimated(w *world) price.Costs {
	e := price.NewEstimator(price.Default(), price.Options{Day: time.Now()})
	if err := e.Lines(strings.NewReader(string(w.disk.now[worldInput].data))); err != nil {
		w.t.Fatal(err)
	}
	return e.Estimate().Cost
}

// TestBudget pauses a job when its budget is spent, and continues it with a higher one.
func TestBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const requests = 40
		w := newWorld(t, requests, store.NewMemory(), Options{MaxRequests: 4, StrictBudget: true})
		all := worst(w)
		w.options.Budget = all * 0.3
		r, err := w.live(newFuse(point{}))
		var paused *PausedError
		if !errors.As(err, &paused) || r != nil || !strings.Contains(paused.Why, "of the budget of") {
			t.Fatalf("%+v, %v", r, err)
		}
		paid, err := w.paid(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, s, err := w.reserved(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if sum(paid).Float64() > w.options.Budget || bulk.Money(s.Spent) != sum(paid) || s.Reserved != 0 {
			t.Errorf("%v paid, but the job has %+v; the budget is %v", sum(paid), s, w.options.Budget)
		}
		// Answers use half of max_tokens, so more batches fit than in the worst case.
		if n := len(paid); n < 4 || n >= requests/4 {
			t.Errorf("%d batches were sent with the budget for 3", n)
		}
		sent := len(w.service.Calls(batchtest.Create))
		if _, err = w.live(newFuse(point{})); !errors.As(err, &paused) || len(w.service.Calls(batchtest.Create)) != sent {
			t.Errorf("with the same budget: %v, %d creates more", err, len(w.service.Calls(batchtest.Create))-sent)
		}
		w.options.Budget = 2 * all // for follow-ups too
		if r, err = w.live(newFuse(point{})); err == nil {
			err = w.check(r, requests)
		}
		if err != nil {
			t.Error(err)
		}
	})
}

// TestBudgetFollowUps has a budget for the expected cost, but answers that are four times as long. Follow-ups are not sent,
// and the results of the first round are final. A job may exceed its budget in this way.
func TestBudgetFollowUps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10, store.NewMemory(), Options{})
		w.service.AnswerAll(func(q *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
			if text := said(q); strings.Contains(text, "flaky") {
				return batchtest.Errored(&gen.BetaOverloadedError{Message: "Overloaded."})(q)
			}
			return batchtest.Text(strings.Repeat("word ", 8))(q) // all of max_tokens
		})
		w.options.Budget = estimated(w).Expected.Float64()
		r, err := w.live(newFuse(point{}))
		if err != nil {
			t.Fatal(err)
		}
		paid, err := w.paid(t.Context())
		if err != nil || sum(paid).Float64() <= w.options.Budget {
			t.Errorf("%v paid, budget %v, %v", sum(paid), w.options.Budget, err)
		}
		if r.Answered != 8 || r.Failed != 2 || r.Rounds != 2 || r.Retried != 0 || len(w.service.Batches()) != 1 {
			t.Errorf("%d batches, %+v", len(w.service.Batches()), *r)
		}
		if out := string(w.disk.now[r.Output].data); strings.Count(out, "Overloaded.") != 2 || strings.Contains(out, "canceled") {
			t.Error(out)
		}
	})
}

// TestBudgetLearns: the first batch shows that answers use half of max_tokens instead of a quarter.
func TestBudgetLearns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 200, store.NewMemory(), Options{MaxRequests: 40, FollowUp: bulk.Policy{MaxAttempts: 1}, MaxWaiting: 40})
		w.service.AnswerAll(func(q *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
			return batchtest.Text("a b c d e f")(q) // 8 of 10 tokens
		})
		w.options.Budget = 1000
		if _, err := w.live(newFuse(point{})); err != nil {
			t.Fatal(err)
		}
		paid, err := w.paid(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		reserved, _, err := w.reserved(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		near := 0
		for id, cost := range paid {
			if off := float64(reserved[id]-cost) / float64(cost); -0.02 < off && off < 0.02 {
				near++
			}
		}
		if len(paid) < 5 || near != len(paid)-1 {
			t.Errorf("the amount reserved is near the cost for %d of %d batches: %v, %v", near, len(paid), reserved, paid)
		}
	})
}

// TestUnpriced: nothing is sent if there is a budget and a price is missing.
func TestUnpriced(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		replace, by string
		budget      float64
		want        string
	}{
		"model":     {"claude-opus-5", "claude-opus-9", 1, "claude-opus-9"},
		"tool":      {`"max_tokens":10,`, `"max_tokens":10,"tools":[{"type":"web_search_20250305","name":"web_search"}],`, 1, "web_search_requests"},
		"no budget": {"claude-opus-5", "claude-opus-9", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table := price.Default()
				table.ServerTools = nil
				w := newWorld(t, 3, store.NewMemory(), Options{Budget: c.budget, Prices: table, MaxRequests: 1, WithoutPreflight: true})
				lines := strings.Split(string(w.disk.now[worldInput].data), "\n")
				lines[2] = strings.ReplaceAll(lines[2], c.replace, c.by) // the last of three batches
				w.disk.put(worldInput, strings.Join(lines, "\n"))
				_, err := w.live(newFuse(point{}))
				var unpriced *UnpricedError
				if errors.As(err, &unpriced) != (c.want != "") || unpriced != nil && strings.Join(unpriced.Names, " ") != c.want {
					t.Errorf("%v", err)
				}
				if creates := len(w.service.Calls(batchtest.Create)); (creates > 0) != (c.want == "") {
					t.Errorf("%d creates", creates)
				}
			})
		})
	}
	if _, err := Open(t.Context(), t.TempDir(), Options{Budget: -1}); err == nil {
		t.Error("a negative budget was accepted")
	}
}

// spend runs a job with a budget and two owners that die and are suspended anywhere, on a service with faults. It checks
// that the job has paid at most its budget plus the amounts by which batches cost more than was reserved for them.
func spend(t *testing.T, seed uint64) (err error) {
	fate := newFate(seed)
	synctest.Test(t, func(t *testing.T) {
		random := fate.random
		w := newWorld(t, 24, store.NewMemory(), Options{MaxRequests: 4, StrictBudget: random.IntN(2) == 0},
			batchtest.WithSeed(seed), batchtest.WithDuration(time.Duration(random.Int64N(int64(3*time.Hour)))), batchtest.WithListLag(time.Duration(random.Int64N(int64(5*time.Minute)))),
			batchtest.WithRandomFaults(0.05, "dropped", "lost", "held", "hidden-502", "500", "529", "omitted", "broken"),
		)
		w.options.OnEvent = nil
		words := random.IntN(8)
		w.service.AnswerAll(func(q *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
			if len(said(q))%5 == 0 {
				return batchtest.Errored(&gen.BetaOverloadedError{Message: "Overloaded."})(q)
			}
			return batchtest.Text(strings.Repeat("word ", words))(q)
		})
		w.options.Budget = worst(w) * (0.1 + random.Float64())
		var j *Job
		if j, err = w.planned(t.Context()); err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*24*time.Hour)
		defer cancel()
		errs := w.ownTwice(ctx, j, fate)
		for _, e := range errs {
			if e != nil && !errors.As(e, new(*PausedError)) {
				err = e
				return
			}
		}
		err = w.audit(ctx, j, fate)
		_ = sleep(context.Background(), 4*time.Hour) // until the last suspended program has ended
	})
	return err
}

// audit collects the remaining results, and compares the actual costs with the budget.
func (w *world) audit(ctx context.Context, j *Job, fate *fate) error {
	if err := sleep(ctx, 30*time.Hour); err != nil { // running batches end
		return err
	}
	j.store = fusedStore{w.store, newFuse(point{})}
	l := newLoop(j.engine(w.service.Client(), worldInput), j, time.Time{})
	if err := l.run(ctx); err != nil && !errors.As(err, new(*PausedError)) {
		return err
	}
	l.tended = time.Time{}
	if err := l.tendAll(ctx); err != nil {
		return err
	}
	paid, err := w.paid(ctx)
	if err != nil {
		return err
	}
	reserved, s, err := w.reserved(ctx)
	if err != nil {
		return err
	}
	most, over := bulk.Money(w.options.Budget*1e9)+1, bulk.Money(0)
	for id, cost := range paid {
		if r, ok := reserved[id]; ok {
			over += max(0, cost-r)
		} else if !fate.exposed {
			return fmt.Errorf("batch %s is not known to the job", id)
		}
	}
	if w.options.StrictBudget && over > 0 {
		return fmt.Errorf("batches cost %v more than the worst case: %v, %v", over, paid, reserved)
	}
	if sum(paid) > most+over && !fate.exposed {
		return fmt.Errorf("%v paid with a budget of %v; %v more than reserved", sum(paid), most, over)
	}
	costs, err := j.costs(ctx, price.Default())
	if err != nil {
		return err
	}
	if off := costs.Actual - bulk.Money(s.Spent); off < -100 || off > 100 { // each row is rounded
		return fmt.Errorf("the job has spent %v, but its costs are %+v", s.Spent, costs)
	}
	if bulk.Money(s.Spent) != sum(paid) && !fate.exposed || s.Lost != 0 {
		return fmt.Errorf("%v paid, but the job has %+v", sum(paid), s)
	}
	return nil
}

// TestBudgetHolds: whatever happens, a job pays at most its budget and the documented excess.
func TestBudgetHolds(t *testing.T) {
	t.Parallel()
	seeds := 40
	if testing.Short() {
		seeds = 10
	}
	for range seeds {
		seed := rand.Uint64()
		if err := spend(t, seed); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}
