package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-111a911e/messagebatches/internal/limits"
)

// The limits of a batch.
const (
	MaxRequests = limits.MaxRequests
	MaxBytes    = limits.MaxBytes // of the body as it is sent
)

// count reads a batch and checks what the service checks before it accepts one.
func count(ctx context.Context, src source) (*limits.Ledger, error) {
	c := counter{kind: src.kind()}
	for p := range src.parts(ctx) {
		if ctx.Err() != nil {
			return nil, contextError(ctx)
		}
		if !c.add(p) {
			break
		}
	}
	if len(c.errs) == 0 {
		err := c.CheckCount()
		if err == nil {
			err = c.CheckSize()
		}
		if c.Requests == 0 && c.kind == "line" {
			err = fmt.Errorf("%w: lines are read from the reader's current position", err)
		}
		c.errs = append(c.errs, err)
	}
	return &c.Ledger, errors.Join(c.errs...)
}

type counter struct {
	limits.Ledger
	kind string
	errs []error
}

// add counts some requests. It returns false if the following requests need not be counted.
func (c *counter) add(p part) bool {
	const mostErrors = 10
	for _, r := range p.requests {
		c.Add(r.size)
		if err := c.check(r); err != nil {
			c.errs = append(c.errs, fmt.Errorf("%s %d: %w", c.kind, r.at, err))
		}
		if len(c.errs) == mostErrors {
			c.errs = append(c.errs, errors.New("and perhaps more"))
			return false
		}
		if c.Requests > MaxRequests {
			return false
		}
	}
	if p.err != nil {
		c.errs = append(c.errs, p.err)
	}
	return p.err == nil
}

func (c *counter) check(r counted) error {
	if r.err != nil {
		return r.err
	}
	if err := limits.CheckCustomID(r.id); err != nil {
		return fmt.Errorf("custom_id: %w", err)
	}
	if first, duplicate := c.Note(r.id, r.at); duplicate {
		return fmt.Errorf("custom_id: duplicate of %s %d", c.kind, first)
	}
	return nil
}
