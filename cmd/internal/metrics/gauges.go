package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed-111a911e/messagebatches/jobs"
)

// A Snapshot is the state of a job.
type Snapshot struct {
	Status  *jobs.Status       // of the job
	Batches []jobs.BatchStatus // nil if it is over
	Costs   *jobs.Costs        // nil if it is over
}

// Over reports whether the job has reached its final state.
func (s *Snapshot) Over() bool {
	return s.Status.State == "done" || s.Status.State == "canceled" && s.Status.Settled >= s.Status.Requests
}

// lookTime is how long a scrape waits for the states of jobs.
const lookTime = 10 * time.Second

// Watch adds the gauges of jobs. Look returns their states; it is called for each scrape. The function that Watch returns
// removes the gauges.
func (m *Metrics) Watch(look func(context.Context) ([]Snapshot, error)) (end func()) {
	g := &gauges{look: look}
	for _, d := range []struct {
		to         **prometheus.Desc
		name, help string
		labels     []string
	}{
		{&g.up, "up", "1 if the state of the jobs could be read.", nil},
		{&g.jobs, "jobs", "Jobs by state.", []string{"state"}},
		{&g.batches, "batches", "Batches of jobs that are not over, by state.", []string{"state"}},
		{&g.requests, "requests", "Requests of jobs that are not over, by state, counted in each round.", []string{"state"}},
		{&g.inputs, "job_requests", "Requests in the inputs of jobs that are not over.", nil},
		{&g.settled, "job_requests_settled", "Requests of jobs that are not over with a final result.", nil},
		{&g.resent, "resent_requests", "Requests that were or will be resent.", nil},
		{&g.waiting, "waiting_requests", "Requests of the organization that wait for results.", nil},
		{&g.limit, "waiting_limit", "Number of requests that may wait for results, 0 for no limit.", nil},
		{&g.age, "oldest_batch_age_seconds", "Age of the oldest running batch.", nil},
		{&g.expiry, "oldest_batch_expiry_seconds", "Time until the oldest running batch expires.", nil},
		{&g.cost, "job_cost", "Cost of jobs that are not over, so far and expected.", []string{"kind", "currency"}},
	} {
		*d.to = prometheus.NewDesc(namespace+"_"+d.name, d.help, d.labels, nil)
		g.all = append(g.all, *d.to)
	}
	m.registry.MustRegister(g)
	return func() { m.registry.Unregister(g) }
}

// gauges are computed for each scrape.
type gauges struct {
	look func(context.Context) ([]Snapshot, error)
	all  []*prometheus.Desc

	up, jobs, batches, requests, inputs, settled, resent, waiting, limit, age, expiry, cost *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (g *gauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range g.all {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	all, err := g.look(ctx)
	if err != nil {
		gauge(g.up, 0)
		return
	}
	gauge(g.up, 1)
	s := sum(all)
	for state, n := range s.jobs {
		gauge(g.jobs, n, state)
	}
	for state, n := range s.batches {
		gauge(g.batches, n, state)
	}
	for state, n := range s.requests {
		gauge(g.requests, n, state)
	}
	for key, v := range s.cost {
		gauge(g.cost, v, key.kind, key.currency)
	}
	gauge(g.inputs, s.inputs)
	gauge(g.settled, s.settled)
	gauge(g.resent, s.resent)
	waiting, limit := 0.0, 0.0
	for _, q := range s.queues {
		waiting += float64(q.Waiting)
		limit += float64(q.Limit)
	}
	gauge(g.waiting, waiting)
	gauge(g.limit, limit)
	if s.oldest != nil && !s.oldest.Created.IsZero() {
		gauge(g.age, max(0, time.Since(s.oldest.Created).Seconds()))
		gauge(g.expiry, time.Until(s.oldest.Expires).Seconds())
	}
}

type costKey struct{ kind, currency string }

// sums are the totals over all jobs.
type sums struct {
	jobs, batches, requests map[string]float64 // by state
	inputs, settled, resent float64
	queues                  map[string]jobs.QueueStatus // by organization
	oldest                  *jobs.BatchStatus
	cost                    map[costKey]float64
}

func sum(all []Snapshot) *sums {
	s := &sums{
		jobs:     map[string]float64{"running": 0, "paused": 0, "done": 0, "canceled": 0, "rebuilding": 0},
		batches:  map[string]float64{"planned": 0, "submitting": 0, "doubtful": 0, "unproven": 0, "proven": 0, "ended": 0, "collected": 0, "settled": 0, "gone": 0},
		requests: map[string]float64{"planned": 0, "sending": 0, "doubtful": 0, "waiting": 0, "unread": 0, "collected": 0, "gone": 0},
		queues:   make(map[string]jobs.QueueStatus),
		cost:     make(map[costKey]float64),
	}
	for _, x := range all {
		s.jobs[x.Status.State]++
		if !x.Over() {
			s.add(&x)
		}
	}
	return s
}

// add adds a job that is not over.
func (s *sums) add(x *Snapshot) {
	s.queues[x.Status.Queue.Organization] = x.Status.Queue
	for _, b := range x.Batches {
		s.batches[b.State]++
	}
	s.inputs += float64(x.Status.Requests)
	s.settled += float64(min(x.Status.Settled, x.Status.Requests))
	for _, r := range x.Status.Rounds {
		for state, n := range map[string]int64{
			"planned": r.Planned, "sending": r.Sending, "doubtful": r.Doubtful, "waiting": r.Waiting,
			"unread": r.Unread, "collected": r.Collected, "gone": r.Gone,
		} {
			s.requests[state] += float64(n)
		}
		if r.Round > 0 {
			s.resent += float64(r.Requests)
		}
	}
	if o := x.Status.Oldest; o != nil && (s.oldest == nil || o.Created.Before(s.oldest.Created)) {
		s.oldest = o
	}
	if c := x.Costs; c != nil {
		s.cost[costKey{"actual", c.Currency}] += c.Actual.Float64()
		s.cost[costKey{"reserved", c.Currency}] += c.Reserved.Float64()
		s.cost[costKey{"estimated", c.Currency}] += c.Estimated.Expected.Float64()
		s.cost[costKey{"ahead", c.Currency}] += c.Ahead.Expected.Float64()
	}
}
