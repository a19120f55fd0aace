package jobs

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// lookForDoubles looks once more for batches of attempts that were concluded to have none: a batch that the service lists
// too late is found, read and counted here. It returns the IDs of batches that may be such duplicates and still run.
func (e *engine) lookForDoubles(ctx context.Context) (running []string, err error) {
	type past struct {
		batch     *store.Batch
		watermark client.Watermark
	}
	var ended []past
	err = e.store.View(ctx, func(tx store.Tx) error {
		ended = nil
		batches, err := tx.Batches(e.job, nil, 0, 0)
		if err != nil {
			return err
		}
		for _, b := range batches {
			if settledAtOnce(b) {
				continue
			}
			attempts, err := tx.Attempts(e.job, b.Seq)
			if err != nil {
				return err
			}
			for _, a := range attempts {
				var w client.Watermark
				if (a.Outcome == store.None || a.Outcome == store.Resent) && json.Unmarshal(a.Watermark, &w) == nil {
					ended = append(ended, past{b, w})
				}
			}
		}
		return nil
	})
	if err != nil || len(ended) == 0 {
		return nil, err
	}
	for found, err := range e.client.List(ctx, client.WithPageSize(100), client.WithVersion(e.version)) {
		if err != nil {
			return nil, err
		}
		ended = slices.DeleteFunc(ended, func(p past) bool { return slices.Contains(p.watermark.Below, found.ID) })
		if len(ended) == 0 {
			break
		}
		total, ok := requestsOf(found)
		at := slices.IndexFunc(ended, func(p past) bool {
			return (!ok || total == int64(p.batch.Requests)) && !slices.Contains(p.watermark.Seen, found.ID)
		})
		if at < 0 || found.ID == "" {
			continue
		}
		var c *store.Created
		err := e.store.View(ctx, func(tx store.Tx) (err error) {
			c, err = known(tx, found.ID)
			return err
		})
		if err != nil {
			return nil, err
		}
		if c != nil {
			continue
		}
		if !found.Ended() || e.keep { // it is unknown to whom it belongs
			running = append(running, found.ID)
		} else if _, err := e.identify(ctx, ended[at].batch, found.ID); err != nil {
			return nil, err
		}
	}
	return running, nil
}

// settledAtOnce reports whether a batch has no attempt, or only one, which was accepted.
func settledAtOnce(b *store.Batch) bool {
	return b.Attempt == 0 || b.Attempt == 1 && b.BatchID != ""
}
