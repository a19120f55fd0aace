package metrics

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

const namespace = "messagebatches"

// Metrics are the metrics of a process. They are safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	prices   *price.Table

	results, tokens, cost, calls, attempts, retries, events *prometheus.CounterVec
	polls, uncertain                                        prometheus.Counter

	models, errorTypes names
}

// New returns metrics. The cost of results is computed from prices; nil means [price.Default].
func New(prices *price.Table) *Metrics {
	if prices == nil {
		prices = price.Default()
	}
	m := &Metrics{registry: prometheus.NewRegistry(), prices: prices}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.results = m.vec("results_total", "Results that were read.", "outcome", "error")
	m.tokens = m.vec("tokens_total", "Tokens of results that were read.", "model", "kind")
	m.cost = m.vec("cost_total", "Cost of results that were read, at list prices.", "model", "currency")
	m.calls = m.vec("calls_total", "Finished calls of the service.", "operation", "outcome")
	m.attempts = m.vec("attempts_total", "HTTP requests to the service.", "operation", "status")
	m.retries = m.vec("call_retries_total", "HTTP requests that were retried.", "operation")
	m.events = m.vec("events_total", "Events of the job.", "kind")
	m.polls = m.counter("polls_total", "Calls that poll batches.")
	m.uncertain = m.counter("uncertain_creates_total", "Creates with an unknown outcome.")
	return m
}

func (m *Metrics) vec(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
	m.registry.MustRegister(c)
	return c
}

// Event counts an event of a job.
func (m *Metrics) Event(e jobs.Event) { m.events.WithLabelValues(string(e.Kind)).Inc() }

// Hooks returns the hooks that count the calls of a client.
func (m *Metrics) Hooks() client.Hooks {
	return client.Hooks{
		StartCall: func(ctx context.Context, _ client.CallStart) context.Context {
			return context.WithValue(ctx, tallyKey{}, &tally{results: make(map[resultKey]int64)})
		},
		EndCall: func(ctx context.Context, e client.CallEnd) {
			outcome := "ok"
			if e.Err != nil {
				outcome = "error"
			} else if t := tallyOf(ctx); t != nil && !e.Left {
				m.add(t)
			}
			m.calls.WithLabelValues(e.Op, outcome).Inc()
			if e.Op == "get batch" || e.Op == "list batches" {
				m.polls.Inc()
			}
			if errors.As(e.Err, new(*client.UncertainError)) {
				m.uncertain.Inc()
			}
		},
		EndAttempt: func(_ context.Context, e client.AttemptEnd) {
			m.attempts.WithLabelValues(e.Op, statusOf(e.Status)).Inc()
		},
		Retry: func(_ context.Context, e client.RetryEvent) { m.retries.WithLabelValues(e.Op).Inc() },
		Result: func(ctx context.Context, item *client.Item) {
			if t := tallyOf(ctx); t != nil {
				outcome, kind := m.outcome(item)
				t.results[resultKey{outcome, kind}]++
				t.used.Add(m.prices, time.Now(), item)
			}
		},
	}
}

// A tally is what a call has read. It is counted only at the end, because what is read again would count twice.
type tally struct {
	results map[resultKey]int64
	used    price.Usage
}

type (
	resultKey struct{ outcome, kind string }
	tallyKey  struct{}
)

func tallyOf(ctx context.Context) *tally {
	t, _ := ctx.Value(tallyKey{}).(*tally)
	return t
}

// add counts what a call has read.
func (m *Metrics) add(t *tally) {
	for key, n := range t.results {
		m.results.WithLabelValues(key.outcome, key.kind).Add(float64(n))
	}
	for _, one := range t.used.Models {
		model := m.models.bounded(string(one.Model))
		for kind, n := range map[string]int64{
			"input": one.Tokens.Input, "cache_write": one.Tokens.CacheWrite5m + one.Tokens.CacheWrite1h,
			"cache_read": one.Tokens.CacheRead, "output": one.Tokens.Output,
		} {
			m.tokens.WithLabelValues(model, kind).Add(float64(max(0, n)))
		}
		m.paid(model, &price.Usage{Models: []price.ModelUsage{one}})
	}
	if len(t.used.ServerTools) > 0 {
		m.paid("server tools", &price.Usage{ServerTools: t.used.ServerTools})
	}
}

// paid counts the cost of something. What has no price is not counted.
func (m *Metrics) paid(model string, used *price.Usage) {
	cost, err := used.Cost(m.prices, time.Now())
	var missing *bulk.PriceError
	if errors.As(err, &missing) {
		cost = missing.Rest
	}
	if cost > 0 {
		m.cost.WithLabelValues(model, m.prices.Currency).Add(cost.Float64())
	}
}

// outcome returns the outcome of a result, and the type of its error.
func (m *Metrics) outcome(item *client.Item) (outcome, kind string) {
	err := item.Err()
	var api *client.APIError
	switch {
	case err == nil:
		return "succeeded", ""
	case errors.Is(err, client.ErrExpired):
		return "expired", ""
	case errors.Is(err, client.ErrCanceled):
		return "canceled", ""
	case errors.As(err, &api):
		return "errored", m.errorTypes.bounded(api.Type)
	}
	return "other", ""
}

// statusOf returns the label of an HTTP status.
func statusOf(status int) string {
	switch {
	case status < 100 || status > 599:
		return "none"
	case status == 429:
		return "429"
	}
	return strconv.Itoa(status/100) + "xx"
}

// mostNames is the maximum number of values of a label that come from responses.
const mostNames = 50

// names are the values of a label.
type names struct {
	mu   sync.Mutex
	seen map[string]bool
}

// bounded returns the value of the label for a name from outside.
func (n *names) bounded(name string) string {
	name = cli.Visible(cli.Cut(name, 100))
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen[name] {
		return name
	}
	if len(n.seen) >= mostNames {
		return "other"
	}
	if n.seen == nil {
		n.seen = make(map[string]bool)
	}
	n.seen[name] = true
	return name
}
