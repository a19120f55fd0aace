package jobs

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/price"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// leastShared is the minimum number of requests that share a prefix for one of them to be sent before the others.
const leastShared = 20

// mostPrefixes limits the memory for finding shared prefixes. Further prefixes are not primed.
const mostPrefixes = 1 << 19

// A prefix is the beginning of prompts that the prompt cache keeps for an hour.
type prefix struct {
	first entry // the first request with the prefix
	last  int64 // index of the last one
	n     int64
}

// primers are requests that are sent before others, so that the others read from the prompt cache what the primers have
// written. Nil has none.
type primers struct {
	entries []entry  // ordered by index
	spans   []prefix // prefixes that are primed
	batch   *store.Batch
}

// findPrimers finds prefixes that are cached for an hour, are long enough for their model, and are shared by many requests.
// The first request of each is a primer. It skips lines that are not requests, which other checks report.
func findPrimers(ctx context.Context, d disk, name string, t *price.Table, day time.Time) (*primers, error) {
	f, err := d.Open(name)
	if err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	defer f.Close()
	meter := price.NewMeter(t, day)
	found := make(map[uint64]*prefix)
	in := newLineReader(f, 0)
	for index := int64(0); ; index++ {
		l, err := in.next(func([]byte) {})
		if err == io.EOF {
			break
		}
		if err == nil && index%1000 == 0 {
			err = context.Cause(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("input: %w", err)
		}
		if !mayCacheHour(l.text) {
			continue
		}
		m, err := meter.Line(l.text)
		if err != nil {
			continue
		}
		for _, b := range m.Breakpoints {
			switch p := found[b.Hash]; {
			case !b.OneHour:
			case p != nil:
				p.n++
				p.last = index
			case len(found) < mostPrefixes:
				found[b.Hash] = &prefix{first: entry{index: index, offset: l.offset, end: l.end}, last: index, n: 1}
			}
		}
	}
	p := new(primers)
	for _, x := range found {
		if x.n >= leastShared {
			p.spans = append(p.spans, *x)
		}
	}
	slices.SortFunc(p.spans, func(a, b prefix) int { return cmp.Compare(a.first.index, b.first.index) })
	for _, x := range p.spans {
		if n := len(p.entries); n == 0 || p.entries[n-1].index != x.first.index { // one request may be the first of several prefixes
			p.entries = append(p.entries, x.first)
		}
	}
	return p, nil
}

// mayCacheHour reports whether a request may cache something for an hour, which takes a "1h". It first searches for the
// rarer text.
func mayCacheHour(line []byte) bool {
	return bytes.Contains(line, []byte(`1h"`)) && bytes.Contains(line, []byte(`"1h"`))
}

// plan makes the batch of the primers, and drops those that do not fit into it.
func (p *primers) plan(ctx context.Context, e *engine, seq int64) error {
	if len(p.entries) == 0 {
		return nil
	}
	batches, err := e.divide(ctx, p.entries, seq, 0, nil)
	if err != nil {
		return err
	}
	p.batch = batches[0]
	p.entries = p.entries[:p.batch.Requests]
	last := p.entries[len(p.entries)-1].index
	p.spans = slices.DeleteFunc(p.spans, func(x prefix) bool { return x.first.index > last })
	return nil
}

// has reports whether a request is a primer.
func (p *primers) has(index int64) bool {
	if p == nil {
		return false
	}
	_, ok := slices.BinarySearchFunc(p.entries, index, func(e entry, index int64) int { return cmp.Compare(e.index, index) })
	return ok
}

// serve reports whether requests in a range, first to last, may share a prefix that primers write.
func (p *primers) serve(first, last int64) bool {
	return p != nil && slices.ContainsFunc(p.spans, func(x prefix) bool { return x.first.index <= last && x.last >= first })
}

// primers finds the primers of the job, and plans their batch.
func (j *Job) primers(ctx context.Context, name string, size limits) (*primers, error) {
	p, err := findPrimers(ctx, j.disk, name, j.purse.prices, j.clock.wall())
	if err != nil {
		return nil, err
	}
	e := &engine{job: j.about.ID, disk: j.disk, blobs: j.blobs, input: &input{j.disk, name, j.blobs}, size: size}
	return p, p.plan(ctx, e, firstSeq(j.about.Epoch))
}

// primed returns how long a batch waits for the batch of the primers: until that has ended, but at most an hour, and not if
// it is unknown whether the service accepted it. Priming saves money, but is not worth a day.
func (e *engine) primed(ctx context.Context, b *store.Batch) (wait time.Duration, err error) {
	if b.After == 0 || b.Attempt > 0 {
		return 0, nil
	}
	err = e.store.View(ctx, func(tx store.Tx) error {
		wait = 0
		p, err := tx.Batch(b.Job, b.After)
		if err != nil {
			return err
		}
		switch p.State {
		case store.Planned, store.Submitting, store.Proven:
		default:
			return nil
		}
		e.mu.Lock()
		wait = e.timing.pollAfter(e.polls[p.Seq]) // until the primers are polled again
		e.mu.Unlock()
		if p.Attempt == 0 {
			return nil // the primers are sent first
		}
		first, err := tx.Attempt(p.Job, p.Seq, 1)
		if err != nil {
			return err
		}
		wait = min(wait, max(0, e.timing.prime-tx.Now().Sub(first.Intent)))
		return nil
	})
	return wait, err
}

// skipped returns which requests in the range of a batch belong to another one.
func (in *input) skipped(ctx context.Context, b *store.Batch) (map[int64]bool, error) {
	if b.Skip == "" {
		return nil, nil
	}
	skip := make(map[int64]bool)
	for e, err := range readList(ctx, in.blobs, b.Skip) {
		if err != nil {
			return nil, err
		}
		if e.offset >= b.Offset && e.offset < b.End {
			skip[e.index] = true
		}
	}
	return skip, nil
}
