package jobs

import (
	"context"
	"errors"
	"slices"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// errKeptIDs is the error of a job that cannot be rebuilt.
var errKeptIDs = errors.New("the job cannot be rebuilt: it sends the custom IDs of its input (KeepIDs), so nothing shows which batches on the server are its own")

// places returns a function that maps the custom ID of a result to the position of its request in the batch: by the custom
// IDs of the attempt that created the batch, or by those of the input if they were kept.
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
