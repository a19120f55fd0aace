package jobs

import (
	"context"
	"fmt"

	"github.com/seed-111a911e/messagebatches/jobs/price"
)

// Costs returns what a job has cost so far, by the prices of a table; nil means [price.Default].
func (p *Pool) Costs(ctx context.Context, job string, t *price.Table) (*Costs, error) {
	j, err := p.open(job)
	if err != nil {
		return nil, err
	}
	if t == nil {
		t = price.Default()
	}
	c, err := j.costs(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", job, err)
	}
	return c, nil
}
