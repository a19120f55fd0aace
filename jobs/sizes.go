package jobs

import (
	"context"
	"io"
	"slices"
)

// salted returns the size of a batch, in requests: at most n, randomly a little less, and if possible not the size of
// another batch of the workspace. If the response to a create is lost, there are then fewer candidates.
func salted(random func(int) int, n int, avoid []int) int {
	most := n - random(min(1000, 1+n/10))
	for size := most; size > 0 && size > most-1000; size-- {
		if !slices.Contains(avoid, size) {
			return size
		}
	}
	return most
}

// spread divides the last batch of a plan in two if another batch of the workspace has as many requests. The last batch has
// the rest of the requests, so its size is not chosen by salted.
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
	sum, err := resumedHash(last.HashState)
	if err != nil {
		return err
	}
	q := &planner{
		job: p.job, size: size, salt: p.salt, exact: true, sum: sum, ids: ids{seed: p.ids.seed}, seq: last.Seq, held: p.held, prime: p.prime, out: outline{lines: last.First},
	}
	if err := q.read(ctx, newLineReader(io.NewSectionReader(f, last.Offset, last.End-last.Offset), last.Offset)); err != nil {
		return err
	}
	p.out.batches = append(p.out.batches[:len(p.out.batches)-1], q.out.batches...)
	return nil
}
