package jobs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/jobs/price"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// Costs is what a job has cost so far. Amounts are in billionths of the currency.
type Costs struct {
	Job      string            `json:"job"`              // ID of the job
	Labels   map[string]string `json:"labels,omitempty"` // labels of the job
	Currency string            `json:"currency"`         // of all amounts
	Dated    string            `json:"dated"`            // date of the price table

	Rows       []Cost     `json:"rows"`       // by day, model and server tool
	Actual     bulk.Money `json:"actual"`     // sum over all batches whose results were read
	Duplicates bulk.Money `json:"duplicates"` // of Actual, batches whose requests another batch of the job has too

	// Estimated is the estimate, from the requests alone, for the batches of Actual without duplicates. Ahead is the
	// estimate for batches whose results were not read yet, as far as they have one.
	Estimated price.Costs `json:"estimated"`
	Ahead     price.Costs `json:"ahead"`

	Reserved bulk.Money `json:"reserved"` // amount reserved for batches that are on the server, or may be
	Lost     bulk.Money `json:"lost"`     // of Reserved, batches whose results can no longer be read

	Cache CacheUse `json:"cache"` // use of the prompt cache

	// Unpriced lists models and server tools without a price, or with some prices missing. Actual is then too low.
	Unpriced []string `json:"unpriced,omitempty"`
}

// A Cost is the part of the costs of a job with the same day and model, or day and server tool.
type Cost struct {
	Day    string       `json:"day"`             // day on which the batches were created, as YYYY-MM-DD in UTC
	Model  client.Model `json:"model,omitempty"` // name of the model in responses
	Tool   string       `json:"tool,omitempty"`  // server tool, if the cost is not that of a model
	Uses   int64        `json:"uses,omitempty"`  // of the tool
	Tokens bulk.Tokens  `json:"tokens"`          // of the model
	Cost   bulk.Money   `json:"cost"`            // without usage that has no price
}

// A CacheUse is the use of the prompt cache by a job.
type CacheUse struct {
	Read    int64      `json:"read"`     // tokens read from the cache
	Written int64      `json:"written"`  // tokens written to the cache
	HitRate float64    `json:"hit_rate"` // Read / (Read + Written)
	Saved   bulk.Money `json:"saved"`    // how much more the same tokens would have cost as plain input; negative if they would have cost less
}

// Costs returns what the job has cost so far.
func (j *Job) Costs(ctx context.Context) (*Costs, error) {
	c, err := j.costs(ctx, j.purse.prices)
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", j.dir, err)
	}
	return c, nil
}

// ReadCosts returns what the job in a directory has cost so far, by the prices of a table; nil means [price.Default]. It
// only reads files, and works whether or not a program is running the job.
func ReadCosts(ctx context.Context, dir string, t *price.Table) (c *Costs, err error) {
	if t == nil {
		t = price.Default()
	}
	err = inspect(ctx, dir, func(j *Job) error {
		c, err = j.costs(ctx, t)
		return err
	})
	return c, err
}

// A ledger adds up costs.
type ledger struct {
	*Costs
	prices   *price.Table
	rows     map[Cost]*Cost // by day, model and tool
	unpriced map[string]bool
}

func (j *Job) costs(ctx context.Context, t *price.Table) (*Costs, error) {
	var l *ledger
	err := j.store.View(ctx, func(tx store.Tx) error {
		l = &ledger{
			Costs:  &Costs{Job: j.about.ID, Labels: j.about.Options.Labels, Currency: t.Currency, Dated: t.Dated, Rows: []Cost{}},
			prices: t, rows: make(map[Cost]*Cost), unpriced: make(map[string]bool),
		}
		return l.add(tx)
	})
	if err != nil {
		return nil, err
	}
	for _, key := range slices.SortedFunc(maps.Keys(l.rows), func(a, b Cost) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Tool, b.Tool), cmp.Compare(a.Model, b.Model))
	}) {
		l.Rows = append(l.Rows, *l.rows[key])
	}
	if all := l.Cache.Read + l.Cache.Written; all > 0 {
		l.Cache.HitRate = float64(l.Cache.Read) / float64(all)
	}
	l.Unpriced = slices.Sorted(maps.Keys(l.unpriced))
	return l.Costs, nil
}

// add adds up the rows of the job.
func (l *ledger) add(tx store.Tx) error {
	s, err := tx.Spending(l.Job)
	if err != nil {
		return err
	}
	l.Reserved, l.Lost = bulk.Money(s.Reserved), bulk.Money(s.Lost)
	estimates := make(map[string]string) // by ID of the batch on the server
	err = eachBatch(tx, l.Job, func(b *store.Batch) error {
		switch b.State {
		case store.Collected, store.Settled, store.Gone:
			if b.BatchID != "" {
				estimates[b.BatchID] = b.Estimate
			}
			return nil
		}
		return l.estimate(&l.Ahead, b.Estimate, time.Now())
	})
	if err != nil {
		return err
	}
	created, err := tx.CreatedIn(l.Job, []store.Role{store.Ours, store.Spare, store.Orphan}, "", 0)
	if err != nil {
		return err
	}
	for _, c := range created {
		if !c.Collected || c.Usage == "" {
			continue
		}
		var used price.Usage
		if err := json.Unmarshal([]byte(c.Usage), &used); err != nil {
			return fmt.Errorf("usage of batch %s: %w", c.BatchID, err)
		}
		cost, err := l.use(c.At, &used)
		if err != nil {
			return err
		}
		if c.Role != store.Ours {
			l.Duplicates += cost
		} else if err := l.estimate(&l.Estimated, estimates[c.BatchID], c.At); err != nil {
			return err
		}
	}
	return nil
}

// estimate adds an estimate, at the prices of the ledger.
func (l *ledger) estimate(to *price.Costs, text string, day time.Time) error {
	if text == "" {
		return nil
	}
	var x price.Estimate
	if err := json.Unmarshal([]byte(text), &x); err != nil {
		return fmt.Errorf("estimate: %w", err)
	}
	for _, s := range []struct {
		used *price.Usage
		to   *bulk.Money
	}{{&x.Low, &to.Low}, {&x.Expected, &to.Expected}, {&x.High, &to.High}} {
		cost, err := l.cost(day, s.used)
		if err != nil {
			return err
		}
		*s.to += cost
	}
	return nil
}

// cost returns the cost of some usage, and notes usage that has no price.
func (l *ledger) cost(day time.Time, used *price.Usage) (bulk.Money, error) {
	cost, err := used.Cost(l.prices, day)
	var missing *bulk.PriceError
	if !errors.As(err, &missing) {
		return cost, err
	}
	for model := range missing.Models {
		l.unpriced[string(model)] = true
	}
	for tool := range missing.ServerTools {
		l.unpriced[tool] = true
	}
	return missing.Rest, nil
}

// use adds the usage of the results of a batch.
func (l *ledger) use(at time.Time, used *price.Usage) (sum bulk.Money, err error) {
	day := at.UTC().Format(time.DateOnly)
	if at.IsZero() {
		day, at = "", time.Now()
	}
	for _, m := range used.Models {
		one := &price.Usage{Models: []price.ModelUsage{m}}
		cost, err := l.cost(at, one)
		if err != nil {
			return 0, err
		}
		row := l.row(Cost{Day: day, Model: m.Model})
		row.Tokens = plus(row.Tokens, m.Tokens)
		row.Cost += cost
		sum += cost
		l.Cache.Read += m.Tokens.CacheRead
		l.Cache.Written += m.Tokens.CacheWrite5m + m.Tokens.CacheWrite1h
		plain := m
		plain.Tokens.Input += m.Tokens.CacheRead + m.Tokens.CacheWrite5m + m.Tokens.CacheWrite1h
		plain.Tokens.CacheRead, plain.Tokens.CacheWrite5m, plain.Tokens.CacheWrite1h = 0, 0, 0
		without, err := l.cost(at, &price.Usage{Models: []price.ModelUsage{plain}})
		if err != nil {
			return 0, err
		}
		l.Cache.Saved += without - cost
	}
	for tool, n := range used.ServerTools {
		cost, err := l.cost(at, &price.Usage{ServerTools: map[string]int64{tool: n}})
		if err != nil {
			return 0, err
		}
		row := l.row(Cost{Day: day, Tool: tool})
		row.Uses += n
		row.Cost += cost
		sum += cost
	}
	l.Actual += sum
	return sum, nil
}

func (l *ledger) row(key Cost) *Cost {
	if l.rows[key] == nil {
		l.rows[key] = new(key)
	}
	return l.rows[key]
}

func plus(a, b bulk.Tokens) bulk.Tokens {
	t := bulk.Totals{Models: map[client.Model]bulk.Tokens{"": a}}
	t.Merge(bulk.Totals{Models: map[client.Model]bulk.Tokens{"": b}})
	return t.Tokens()
}

// A LabelCost is the cost of all jobs with the same labels, for one day and one model or server tool.
type LabelCost struct {
	Labels   map[string]string `json:"labels"`   // labels of the jobs
	Currency string            `json:"currency"` // currency of the cost
	Jobs     int               `json:"jobs"`     // number of jobs
	Cost                       // sum of their costs
}

// SumCosts adds up the costs of jobs by labels, day, model and server tool, and sorts them in this order.
func SumCosts(all ...*Costs) []LabelCost {
	type key struct{ labels, currency, day, model, tool string }
	sums := make(map[key]*LabelCost)
	for _, c := range all {
		labels, err := json.Marshal(c.Labels) // sorted by name
		if err != nil {
			continue // cannot happen with a map of strings
		}
		for _, r := range c.Rows {
			k := key{string(labels), c.Currency, r.Day, string(r.Model), r.Tool}
			if sums[k] == nil {
				sums[k] = &LabelCost{Labels: c.Labels, Currency: c.Currency, Cost: Cost{Day: r.Day, Model: r.Model, Tool: r.Tool}}
			}
			s := sums[k]
			s.Jobs++
			s.Uses += r.Uses
			s.Tokens = plus(s.Tokens, r.Tokens)
			s.Cost.Cost += r.Cost
		}
	}
	var rows []LabelCost
	for _, k := range slices.SortedFunc(maps.Keys(sums), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.labels, b.labels), cmp.Compare(a.currency, b.currency), cmp.Compare(a.day, b.day), cmp.Compare(a.tool, b.tool), cmp.Compare(a.model, b.model))
	}) {
		rows = append(rows, *sums[k])
	}
	return rows
}
