package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/jobs/price"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// An UnpricedError reports that a job with a budget has requests whose price is not in the table. Nothing was sent.
type UnpricedError struct {
	Names []string // models and server tools
}

// Error lists the names.
func (e *UnpricedError) Error() string {
	return fmt.Sprintf("a budget needs prices, and the table lacks some or all prices of %.500q", e.Names)
}

// A purse is what an engine knows about money. A nil purse has no prices and no budget.
type purse struct {
	prices *price.Table
	budget bulk.Money // if bounds
	bounds bool       // there is a budget
	strict bool       // the worst case is reserved for batches

	mu      sync.Mutex
	learned *price.Experience
	loaded  time.Time // when learned was read from the store

	unfound map[string]instant // spare and orphan batches that the service does not find, since when
}

func newPurse(o Options) (*purse, error) {
	p := &purse{unfound: make(map[string]instant), prices: o.Prices, bounds: o.Budget != 0, strict: o.StrictBudget}
	if p.prices == nil {
		p.prices = price.Default()
	}
	units := math.Round(o.Budget * 1e9)
	if !(0 <= units && units < math.MaxInt64) {
		return nil, fmt.Errorf("%v is not a budget", o.Budget)
	}
	p.budget = bulk.Money(units)
	return p, nil
}

// estimate estimates the usage of the requests of a batch and stores the estimate.
func (e *engine) estimate(ctx context.Context, b *store.Batch) (*price.Estimate, error) {
	if b.Estimate != "" {
		x := new(price.Estimate)
		return x, json.Unmarshal([]byte(b.Estimate), x)
	}
	sum := price.NewEstimator(e.purse.prices, price.Options{Day: e.clock.wall()})
	for r, err := range e.input.requests(ctx, b) {
		if err != nil {
			return nil, err
		}
		if err := sum.Line(r.text); err != nil {
			return nil, fmt.Errorf("%w: request %d: %w", errNotObject, r.index, err)
		}
	}
	x := sum.Estimate()
	text, err := json.Marshal(x)
	if err != nil {
		return nil, err
	}
	b.Estimate = string(text)
	return x, e.update(ctx, b, func(tx store.Tx, now *store.Batch) error {
		now.Estimate = b.Estimate
		return tx.PutBatch(now)
	})
}

// checkPrices estimates all batches that were not sent yet, if there is a budget. It returns an [*UnpricedError] if a price
// is missing.
func (e *engine) checkPrices(ctx context.Context) error {
	if e.purse == nil || !e.purse.bounds {
		return nil
	}
	var planned []*store.Batch
	err := e.store.View(ctx, func(tx store.Tx) (err error) {
		planned, err = tx.Batches(e.job, []store.State{store.Planned}, 0, 0)
		return err
	})
	if err != nil {
		return err
	}
	for _, b := range planned {
		x, err := e.estimate(ctx, b)
		if err != nil {
			return err
		}
		if missing := e.purse.unpriced(x, e.clock.wall()); len(missing) > 0 && b.Round == 0 {
			return &UnpricedError{missing}
		}
	}
	return nil
}

// unpriced returns the models and server tools of an estimate whose prices the table lacks, whatever table the estimate was
// made with.
func (p *purse) unpriced(x *price.Estimate, day time.Time) []string {
	var names []string
	var missing *bulk.PriceError
	if _, err := x.High.Cost(p.prices, day); errors.As(err, &missing) {
		for model := range missing.Models {
			names = append(names, string(model))
		}
		for tool := range missing.ServerTools {
			names = append(names, tool)
		}
	}
	for _, m := range x.Models { // High has no cache reads
		if _, ok := p.prices.Lookup(m.Model, day); !ok && len(names) == 0 {
			names = append(names, string(m.Model))
		}
	}
	return names
}

// reserve returns the expected cost of a batch, or with a strict budget its cost in the worst case.
func (e *engine) reserve(ctx context.Context, b *store.Batch) (bulk.Money, error) {
	x, err := e.estimate(ctx, b)
	if err != nil {
		return 0, err
	}
	day := e.clock.wall()
	u := x.High
	if !e.purse.strict {
		learned, err := e.experience(ctx)
		if err != nil {
			return 0, err
		}
		e.purse.mu.Lock()
		u = learned.Expect(e.purse.prices, day, x)
		e.purse.mu.Unlock()
	}
	return u.Cost(e.purse.prices, day)
}

// need is reserve for a batch that is about to be sent. Without a budget, a batch is sent even if it cannot be estimated.
func (e *engine) need(ctx context.Context, b *store.Batch) (bulk.Money, error) {
	if e.purse == nil {
		return 0, nil
	}
	need, err := e.reserve(ctx, b)
	var missing *bulk.PriceError
	switch {
	case err == nil:
		return need, nil
	case ctx.Err() != nil:
		return 0, context.Cause(ctx)
	case e.purse.bounds && b.Round > 0 && errors.As(err, &missing):
		return math.MaxInt64, nil // Options.Again has chosen another model
	case e.purse.bounds:
		return 0, err
	case errors.As(err, &missing):
		return missing.Rest, nil
	}
	return 0, nil
}

// experience returns what the results of the job have shown so far. It is reloaded from time to time, because other engines
// may collect results too.
func (e *engine) experience(ctx context.Context) (*price.Experience, error) {
	p, now := e.purse, e.clock.wall()
	p.mu.Lock()
	defer p.mu.Unlock()
	if age := now.Sub(p.loaded); p.learned != nil && 0 <= age && age < e.timing.poll {
		return p.learned, nil
	}
	learned := new(price.Experience)
	err := e.store.View(ctx, func(tx store.Tx) error {
		learned = new(price.Experience)
		batches, err := tx.Batches(e.job, []store.State{store.Collected, store.Settled}, 0, 0)
		if err != nil {
			return err
		}
		for _, b := range batches {
			c, err := known(tx, b.BatchID)
			if err != nil {
				return err
			}
			x, used := new(price.Estimate), new(price.Usage)
			if c != nil && b.Estimate != "" && json.Unmarshal([]byte(b.Estimate), x) == nil && json.Unmarshal([]byte(c.Usage), used) == nil {
				learned.Add(p.prices, c.At, x, used)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	p.learned, p.loaded = learned, now
	return learned, nil
}

// forget makes the next call reload the experience, after more results were collected.
func (p *purse) forget() {
	if p != nil {
		p.mu.Lock()
		p.learned = nil
		p.mu.Unlock()
	}
}

// room reports whether a batch fits into the budget, and if not, whether it may fit later: batches on the server may cost
// less than was reserved for them. Left is the rest of the budget.
func (e *engine) room(tx store.Tx, need bulk.Money) (fits, later bool, left bulk.Money, err error) {
	if e.purse == nil || !e.purse.bounds {
		return true, false, 0, nil
	}
	s, err := tx.Spending(e.job)
	if err != nil {
		return false, false, 0, err
	}
	if s.Unpriced > 0 {
		return false, true, 0, nil // the job was rebuilt, or had no prices: their cost is known once their results are read
	}
	left = e.purse.budget - bulk.Money(s.Spent) - bulk.Money(s.Reserved)
	return need <= left, s.Reserved > s.Lost, left, nil
}

// mayAfford reports whether to begin an attempt for a batch: it fits into the budget, or never will and has to be given up.
func (e *engine) mayAfford(ctx context.Context, need bulk.Money) (ok bool, err error) {
	err = e.store.View(ctx, func(tx store.Tx) error {
		fits, later, _, err := e.room(tx, need)
		ok = fits || !later
		return err
	})
	return ok, err
}

// afford reserves the cost of a batch if it fits into the budget. It is called in the transaction that begins an attempt,
// after the limit was read. If the batch will never fit, the job pauses, or, if only follow-ups are left, gives them up.
func (e *engine) afford(tx store.Tx, b *store.Batch, need bulk.Money) (fits bool, err error) {
	fits, later, left, err := e.room(tx, need)
	switch {
	case err != nil:
		return false, err
	case fits:
		b.Reserved = int64(need)
		return true, nil
	case later:
		return false, nil
	}
	if b.Round > 0 {
		sums, err := tx.Summary(e.job)
		if err != nil {
			return false, err
		}
		first := slices.ContainsFunc(sums, func(s store.Sum) bool { return s.Round == 0 && s.State == store.Planned })
		if !first {
			return false, errForgone
		}
	}
	return false, pauseJob(tx, e.job, fmt.Sprintf("batch %d (%s) needs %v %s, but only %v of the budget of %v is left",
		b.Seq, plural(b.Requests, "request"), cents(need), e.purse.prices.Currency, cents(left), cents(e.purse.budget)))
}

// cents rounds an amount to a hundredth of a cent.
func cents(m bulk.Money) bulk.Money { return m / 100_000 * 100_000 }

// errForgone is the error of a follow-up that does not fit into the budget.
var errForgone = errors.New("the follow-up does not fit into the budget")

// forgo gives up a follow-up: the results that its requests have are final.
func (e *engine) forgo(ctx context.Context, b *store.Batch) (time.Duration, error) {
	return e.fill(ctx, b, &spool{filler: canceledResult, grade: forgone}, store.Settled)
}

// spent records, in the row of a batch on the server, the usage and cost of its results. Requests without a result are
// counted at the amount reserved for them.
func (e *engine) spent(c *store.Created, b *store.Batch, used *price.Usage, lacking int64) error {
	if e.purse == nil {
		return nil
	}
	text, err := json.Marshal(used)
	if err != nil {
		return err
	}
	day := c.At
	if day.IsZero() {
		day = e.clock.wall()
	}
	cost, err := used.Cost(e.purse.prices, day)
	var missing *bulk.PriceError
	switch {
	case errors.As(err, &missing):
		cost = max(missing.Rest, bulk.Money(b.Reserved))
	case err != nil:
		return err
	case lacking > 0:
		cost += bulk.Money(float64(b.Reserved) * float64(lacking) / float64(max(1, b.Requests)))
	}
	c.Usage, c.Spent = string(text), int64(cost)
	return nil
}

// readUsage reads the usage of a batch whose requests another batch of the job has too.
func (e *engine) readUsage(ctx context.Context, id string) error {
	used := new(price.Usage)
	for item, err := range e.client.Results(ctx, id, client.WithVersion(e.version)) {
		if errors.As(err, new(*client.IncompleteError)) {
			break
		}
		if err != nil {
			return err
		}
		used.Add(e.table(), e.clock.wall(), item)
	}
	return e.store.Update(ctx, func(tx store.Tx) error {
		c, err := tx.Created(id)
		if err != nil {
			return err
		}
		b, err := tx.Batch(c.Job, c.Seq)
		if errors.Is(err, store.ErrNotFound) { // from before a rebuild
			b, err = &store.Batch{Requests: c.Requests}, nil
		}
		if err != nil {
			return err
		}
		c.Collected = true
		return errors.Join(e.spent(c, b, used, 0), tx.PutCreated(c))
	})
}

// unfound handles a batch that the service does not find and whose requests another batch of the job has too.
func (e *engine) unfound(ctx context.Context, id string) error {
	if e.purse == nil {
		return nil
	}
	now := e.clock.now()
	e.purse.mu.Lock()
	since, before := e.purse.unfound[id]
	if !before {
		e.purse.unfound[id] = now
	}
	e.purse.mu.Unlock()
	if least, _ := e.clock.passed(since); !before || least < e.timing.missing {
		return nil
	}
	return e.writeOff(ctx, id)
}

// writeOff handles such a batch whose results can no longer be read: its cost is taken to be the amount reserved for it.
func (e *engine) writeOff(ctx context.Context, id string) error {
	return e.store.Update(ctx, func(tx store.Tx) error {
		c, err := tx.Created(id)
		if err != nil {
			return err
		}
		b, err := tx.Batch(c.Job, c.Seq)
		if err != nil {
			return err
		}
		c.Ended, c.Collected, c.Spent = true, true, b.Reserved
		return tx.PutCreated(c)
	})
}

// table returns the prices, or an empty table if costs are not counted.
func (e *engine) table() *price.Table {
	if e.purse == nil {
		return &price.Table{}
	}
	return e.purse.prices
}
