package client

import (
	"errors"
	"fmt"
	"io"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/envelope"
)

// A batchSum is what is known of a batch before it is sent.
type batchSum struct {
	requests int
	bytes    int64 // of the body
}

// count reads a batch and checks what the service checks before it takes one.
func count(src source) (batchSum, error) {
	c := counter{seen: make(map[string]int)}
	err := c.read(src)
	sum := batchSum{
		requests: c.requests,
		bytes:    int64(len(envelope.Open+envelope.Close)+max(0, c.requests-1)) + c.bytes,
	}
	switch {
	case err != nil:
		c.errs = append(c.errs, err)
	case len(c.errs) >= mostErrors:
		c.errs = append(c.errs, errors.New("and perhaps more"))
	case len(c.errs) > 0:
	case c.requests == 0 || c.requests > MaxRequests:
		c.errs = append(c.errs, countError(c.requests))
	case sum.bytes > MaxBytes:
		c.errs = append(c.errs, fmt.Errorf("the batch has %d bytes, and %d are allowed: split it", sum.bytes, MaxBytes))
	}
	return sum, errors.Join(c.errs...)
}

// mostErrors is how many errors are enough.
const mostErrors = 10

func countError(n int) error {
	if n > MaxRequests {
		return fmt.Errorf("a batch has 1 to %d requests, not %d or more: split it", MaxRequests, n)
	}
	return fmt.Errorf("a batch has 1 to %d requests, not %d", MaxRequests, n)
}

type counter struct {
	requests int
	bytes    int64          // without what stands between the requests
	seen     map[string]int // where each custom id stands
	errs     []error        // about requests
}

// read counts all requests, unless there are too many of them or of errors. It returns an error that keeps it from
// reading on.
func (c *counter) read(src source) error {
	if err := src.rewind(); err != nil {
		return err
	}
	var buf []byte
	for c.requests <= MaxRequests && len(c.errs) < mostErrors {
		var err error
		buf, err = src.next(buf[:0])
		kind, at := src.place()
		switch {
		case err == io.EOF:
			return nil
		case err == nil:
			err = c.add(src, buf)
		case !errors.As(err, new(*gen.EncodeError)):
			return fmt.Errorf("%s %d: %w", kind, at, err)
		}
		if err != nil {
			c.errs = append(c.errs, fmt.Errorf("%s %d: %w", kind, at, err))
		}
	}
	return nil
}

// add counts the request that src has given last.
func (c *counter) add(src source, encoded []byte) error {
	c.requests++
	c.bytes += int64(len(encoded))
	id, err := src.inspect(encoded)
	if err != nil {
		return err
	}
	kind, at := src.place()
	if earlier, ok := c.seen[id]; ok {
		return fmt.Errorf("has the custom id of %s %d", kind, earlier)
	}
	c.seen[id] = at
	if !envelope.IsCustomID(id) {
		return errors.New("custom id must be 1 to 64 letters, digits, underscores and hyphens")
	}
	return nil
}
