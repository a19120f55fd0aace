package jobs

import (
	"context"
	"io"
	"slices"
)

// salted returns how many requests a batch is to have: at most n, a little less at random, and if that can be not a number
// that another batch of the workspace has. If the response to a create is lost, fewer batches may be its then.
func salted(random func(int) int, n int, avoid []int) int {
	most := n - random(min(1000, 1+n/10))
	for size := most; size > 0 && size > most-1000; size-- {
		if !slices.Contains(avoid, size) {
			return size
		}
	}
	return most
}

// spread divides the last batch of a plan in two, if another batch of the workspace has as many requests: what is left
// when the others are cut may be any number.
func (p *planner) spread(ctx context.Context, f io.ReaderAt) error {
	if len(p.out.batches) == 0 {
		return nil
	}
	last := p.out.batches[len(p.out.batches)-1]
	if p.prime != nil && last == p.prime.batch || last.Requests < 2 || !slices.Contains(p.avoid, last.Requests) {
		return nil
	}
	size := p.size
	size.requests = salted(p.salt.IntN, last.Requests-1, p.avoid)
	q := &planner{
		job: p.job, size: size, salt: p.salt, exact: true, ids: ids{seed: p.ids.seed}, seq: last.Seq, held: p.held, prime: p.prime, out: outline{lines: last.First},
	}
	if err := q.read(ctx, newLineReader(io.NewSectionReader(f, last.Offset, last.End-last.Offset), last.Offset), io.Discard); err != nil {
		return err
	}
	p.out.batches = append(p.out.batches[:len(p.out.batches)-1], q.out.batches...)
	return nil
}
