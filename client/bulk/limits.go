package bulk

import (
	"errors"
	"fmt"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/internal/envelope"
)

// Limits bound each batch. A zero field, and one above the service's own limit, stands for that: [client.MaxRequests]
// and [client.MaxBytes]. A negative one is an error, and nothing is split.
type Limits struct {
	// MaxRequests is how many requests a batch may have.
	MaxRequests int

	// MaxBytes is how long the body may be that creates a batch, as it is sent.
	MaxBytes int64
}

// emptyBody is the length of a body without requests. Each request adds its own length and, but for the first, a comma.
const emptyBody = int64(len(envelope.Open + envelope.Close))

// A packer decides which requests make a batch.
type packer struct {
	limits   Limits
	seen     map[string]struct{} // custom ids, of all batches
	requests int                 // in the current batch
	bytes    int64               // of its body
}

func newPacker(l Limits) (*packer, error) {
	if l.MaxRequests < 0 || l.MaxBytes < 0 {
		return nil, errors.New("limits of batches are negative")
	}
	if l.MaxRequests == 0 || l.MaxRequests > client.MaxRequests {
		l.MaxRequests = client.MaxRequests
	}
	if l.MaxBytes == 0 || l.MaxBytes > client.MaxBytes {
		l.MaxBytes = client.MaxBytes
	}
	return &packer{limits: l, seen: make(map[string]struct{}), bytes: emptyBody}, nil
}

// largest is the length of the largest request that a batch can hold.
func (p *packer) largest() int64 { return max(0, p.limits.MaxBytes-emptyBody) }

func (p *packer) tooLarge() error {
	return fmt.Errorf("%w: at most %d bytes", ErrTooLarge, p.largest())
}

func (p *packer) checkID(id string) error {
	if err := envelope.CheckCustomID(id); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidID, err)
	}
	if _, ok := p.seen[id]; ok {
		return ErrDuplicateID
	}
	return nil
}

// full reports whether a request of the given size has to wait for the next batch.
func (p *packer) full(size int64) bool {
	return p.requests > 0 && (p.requests == p.limits.MaxRequests || p.bytes+1+size > p.limits.MaxBytes)
}

func (p *packer) add(id string, size int64) {
	p.seen[id] = struct{}{}
	if p.requests > 0 {
		p.bytes++
	}
	p.requests++
	p.bytes += size
}

// next begins another batch.
func (p *packer) next() { p.requests, p.bytes = 0, emptyBody }
