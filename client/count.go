package client

import (
	"errors"
	"fmt"

	"github.com/seed-111a911e/messagebatches/internal/envelope"
)

// A batchSum is what is known of a batch before it is sent.
type batchSum struct {
	requests int
	bytes    int64 // of the body
}

// count reads a batch and checks what the service checks before it takes one.
func count(src source) (batchSum, error) {
	c := counter{kind: src.kind(), seen: make(map[string]int)}
	c.bytes = int64(len(envelope.Open + envelope.Close))
	for p := range src.parts() {
		if !c.add(p) {
			break
		}
	}
	switch {
	case len(c.errs) > 0:
	case c.requests == 0 && c.kind == "line":
		c.errs = append(c.errs, fmt.Errorf("%w: lines are read from where the reader stands", countError(0)))
	case c.requests == 0 || c.requests > MaxRequests:
		c.errs = append(c.errs, countError(c.requests))
	case c.bytes > MaxBytes:
		c.errs = append(c.errs, fmt.Errorf("the batch has %d bytes, and %d are allowed: split it", c.bytes, MaxBytes))
	}
	return c.batchSum, errors.Join(c.errs...)
}

func countError(n int) error {
	if n > MaxRequests {
		return fmt.Errorf("a batch has 1 to %d requests, not %d or more: split it", MaxRequests, n)
	}
	return fmt.Errorf("a batch has 1 to %d requests, not %d", MaxRequests, n)
}

type counter struct {
	batchSum
	kind string
	seen map[string]int // where each custom id stands
	errs []error
}

// add counts some requests. It returns false if what follows them does not matter any more.
func (c *counter) add(p part) bool {
	const mostErrors = 10
	for _, r := range p.requests {
		if c.requests > 0 {
			c.bytes++ // the comma
		}
		c.requests++
		c.bytes += int64(r.size)
		if err := c.check(r); err != nil {
			c.errs = append(c.errs, fmt.Errorf("%s %d: %w", c.kind, r.at, err))
		}
		if len(c.errs) == mostErrors {
			c.errs = append(c.errs, errors.New("and perhaps more"))
			return false
		}
		if c.requests > MaxRequests {
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
	if err := envelope.CheckCustomID(r.id); err != nil {
		return fmt.Errorf("custom_id: %w", err)
	}
	if earlier, ok := c.seen[r.id]; ok {
		return fmt.Errorf("custom_id: it is that of %s %d too, and each must be unique", c.kind, earlier)
	}
	c.seen[r.id] = r.at
	return nil
}
