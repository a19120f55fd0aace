package bulk

import (
	"errors"
	"fmt"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/internal/limits"
)

// Limits bound each batch. A zero field, or one above the limit of the service, means that limit: [client.MaxRequests] and
// [client.MaxBytes]. A negative field is an error, and nothing is split.
type Limits struct {
	// MaxRequests is how many requests a batch may have.
	MaxRequests int

	// MaxBytes is how long the body of the create call may be, in bytes as sent.
	MaxBytes int64
}

// emptyBody is the length of a body without requests.
const emptyBody = int64(len(limits.Open + limits.Close))

// A packer decides which requests make a batch. Its ledger counts the current batch.
type packer struct {
	limits.Ledger
	most Limits
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
	return &packer{most: l}, nil
}

// largest is the length of the largest request that a batch can hold.
func (p *packer) largest() int64 { return max(0, p.most.MaxBytes-emptyBody) }

func (p *packer) tooLarge() error {
	return fmt.Errorf("%w: at most %d bytes", ErrTooLarge, p.largest())
}

func checkID(id string) error {
	if err := limits.CheckCustomID(id); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidID, err)
	}
	return nil
}

// note records the custom ID of a request at a place. IDs must be unique across all batches.
func (p *packer) note(id string, place int) error {
	if _, duplicate := p.Note(id, place); duplicate {
		return ErrDuplicateID
	}
	return nil
}

// full reports whether a request of the given size belongs in the next batch.
func (p *packer) full(size int64) bool {
	return p.Requests > 0 && (p.Requests == p.most.MaxRequests || p.BytesWith(size) > p.most.MaxBytes)
}
