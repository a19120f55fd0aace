package main

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/pflag"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/cmd/internal/metrics"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

// A metricsFlag holds the metrics of a command and the address to serve them on. Without an address nothing is counted.
type metricsFlag struct {
	address string
	has     *metrics.Metrics // nil without an address
	stop    func()
}

func (f *metricsFlag) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.address, "metrics", "", "`address` to serve Prometheus metrics on, such as :9464, which only this machine can reach, or 0.0.0.0:9464")
}

// serve starts to serve metrics, if there is an address, and prints their URL.
func (f *metricsFlag) serve(ctx context.Context, notes io.Writer, prices *price.Table) error {
	if f.address == "" {
		return nil
	}
	f.has = metrics.New(prices)
	url, stop, err := f.has.Serve(ctx, f.address)
	if err != nil {
		return fmt.Errorf("--metrics: %w", err)
	}
	f.stop = stop
	fmt.Fprintf(notes, "Metrics are at %s\n", url)
	return nil
}

func (f *metricsFlag) end() {
	if f.stop != nil {
		f.stop()
	}
}

// options returns the client options that count its calls.
func (f *metricsFlag) options() []client.Option {
	if f.has == nil {
		return nil
	}
	return []client.Option{client.WithHooks(f.has.Hooks())}
}

// event counts an event.
func (f *metricsFlag) event(e jobs.Event) {
	if f.has != nil {
		f.has.Event(e)
	}
}

// watch adds the gauges of jobs. The function that it returns removes them.
func (f *metricsFlag) watch(look func(context.Context) ([]metrics.Snapshot, error)) (end func()) {
	if f.has == nil {
		return func() {}
	}
	return f.has.Watch(look)
}

// jobSnapshot returns a function that reads the state of a job that this process runs.
func jobSnapshot(j *jobs.Job) func(context.Context) ([]metrics.Snapshot, error) {
	return func(ctx context.Context) ([]metrics.Snapshot, error) {
		st, err := j.Status(ctx)
		if err != nil {
			return nil, err
		}
		s := metrics.Snapshot{Status: st}
		if s.Batches, err = j.Batches(ctx); err != nil {
			return nil, err
		}
		if s.Costs, err = j.Costs(ctx); err != nil {
			return nil, err
		}
		return []metrics.Snapshot{s}, nil
	}
}

// A poolSnapshot reads the states of the jobs in a store. The states of jobs that are over are kept.
type poolSnapshot struct {
	pool *jobs.Pool
	mu   sync.Mutex
	over map[string]*jobs.Status
}

func (p *poolSnapshot) look(ctx context.Context) (all []metrics.Snapshot, err error) {
	ids, err := p.pool.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	over := make(map[string]*jobs.Status)
	for _, id := range ids {
		s := metrics.Snapshot{Status: p.over[id]}
		if s.Status == nil {
			if s, err = p.job(ctx, id); err != nil {
				return nil, err
			}
		}
		if s.Over() {
			over[id] = s.Status
		}
		all = append(all, s)
	}
	p.over = over
	return all, nil
}

func (p *poolSnapshot) job(ctx context.Context, id string) (s metrics.Snapshot, err error) {
	if s.Status, err = p.pool.Status(ctx, id); err != nil || s.Over() {
		return s, err
	}
	if s.Batches, err = p.pool.Batches(ctx, id); err != nil {
		return s, err
	}
	s.Costs, err = p.pool.Costs(ctx, id, nil)
	return s, err
}
