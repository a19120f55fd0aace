package jobs

import (
	"context"
	"errors"
	"slices"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// errKeptIDs is the error of a job that cannot be rebuilt.
var errKeptIDs = errors.New("the job has sent the custom IDs of its input (KeepIDs): nothing tells which batches of the service are its, and it cannot be rebuilt")

// places returns the function that says which request of a batch a result is of: the custom ID of the attempt that created
// the batch, or of the input if those were kept, tells.
func (e *engine) places(ctx context.Context, b *store.Batch, a *store.Attempt, indexes []int64) (func(customID string) (at int, ok bool), error) {
	if !e.keep {
		return func(customID string) (int, bool) {
			w, ok := parseWireID(customID)
			if !ok || w.job != b.Job || w.seq != b.Seq || w.round != b.Round || w.nonce != a.Nonce {
				return 0, false
			}
			return slices.BinarySearch(indexes, w.line)
		}, nil
	}
	ids := make(map[string]int, b.Requests)
	for r, err := range e.input.requests(ctx, b) {
		if err != nil {
			return nil, err
		}
		o, err := scanLine(r.text)
		if err != nil {
			return nil, err
		}
		id, err := o.customID(r.text)
		if err != nil {
			return nil, err
		}
		ids[id] = len(ids)
	}
	return func(customID string) (int, bool) {
		at, ok := ids[customID]
		return at, ok
	}, nil
}
