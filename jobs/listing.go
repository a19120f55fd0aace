package jobs

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// fewBatches is the maximum number of batches that are polled one by one. If there are more, the list is read, with 100
// batches per call.
const fewBatches = 10

// A listing is what the last list showed of the running batches. It is valid as long as a poll of one batch.
type listing struct {
	one   sync.Mutex // one list at a time; the fields below are guarded by the engine's mutex
	began time.Time
	found map[string]*client.Batch
	off   bool // poll each batch, whatever the list showed
}

// current returns the current state of a batch that was accepted. For the batches of a pool, [Pool.Poll] reads the list, for
// all jobs at once.
func (e *engine) current(ctx context.Context, id string) (*client.Batch, error) {
	e.mu.Lock()
	few := len(e.polls) <= fewBatches || e.pooled
	e.mu.Unlock()
	if !few {
		found, err := e.inListing(ctx, id)
		if found != nil || err != nil {
			return found, err
		}
	}
	return e.client.Get(ctx, id, client.WithVersion(e.version))
}

// inListing returns a batch from the list, or nil if it is not in the list.
func (e *engine) inListing(ctx context.Context, id string) (*client.Batch, error) {
	e.listing.one.Lock()
	defer e.listing.one.Unlock()
	e.mu.Lock()
	found, fresh := e.listing.found[id], time.Since(e.listing.began) < e.timing.poll
	e.mu.Unlock()
	if fresh {
		return found, nil
	}
	began := time.Now()
	all, err := e.listRunning(ctx)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.listing.began, e.listing.found = began, all
	return all[id], nil
}

// listRunning lists the running batches of the job.
func (e *engine) listRunning(ctx context.Context) (map[string]*client.Batch, error) {
	var running []*store.Batch
	err := e.store.View(ctx, func(tx store.Tx) (err error) {
		running, err = tx.Batches(e.job, []store.State{store.Proven}, 0, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	wanted := make(map[string]bool)
	for _, b := range running {
		wanted[b.BatchID] = true
	}
	return listed(ctx, e.client, wanted, client.WithVersion(e.version))
}

// pageSize is the maximum number of batches in a page of a list.
const pageSize = 100

// listed lists batches of the workspace, newest first, and returns those that are wanted. It ends when all are found, or
// when as many pages in a row without a wanted batch were read as batches are missing: a call for each of them costs no
// more.
func listed(ctx context.Context, c *client.Client, wanted map[string]bool, o ...client.CallOption) (map[string]*client.Batch, error) {
	all, since := make(map[string]*client.Batch), 0
	if len(wanted) == 0 {
		return all, nil
	}
	for found, err := range c.List(ctx, append(o, client.WithPageSize(pageSize))...) {
		if err != nil {
			return nil, err
		}
		if since++; wanted[found.ID] {
			all[found.ID], since = found, 0
		}
		if missing := len(wanted) - len(all); missing == 0 || since >= missing*pageSize {
			break
		}
	}
	return all, nil
}

// untilPolled returns for how long the list makes a poll of a batch unnecessary, because it showed that the batch is
// running.
func (e *engine) untilPolled(b *store.Batch) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	found := e.listing.found[b.BatchID]
	if b.State != store.Proven || e.listing.off || found == nil || found.Ended() || len(e.polls) <= fewBatches {
		return 0
	}
	return e.timing.poll - time.Since(e.listing.began)
}

// past forgets how often a batch that has ended was polled.
func (e *engine) past(b *store.Batch) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.polls, b.Seq)
}

// countsInUse returns the sizes, in requests, of the batches that are running in the workspace, as far as one page of the
// list shows them. It is best effort: it returns nil if the list cannot be read.
func countsInUse(ctx context.Context, c *client.Client, version client.APIVersion) (counts []int) {
	left := 100
	for found, err := range c.List(ctx, client.WithPageSize(left), client.WithVersion(version), client.WithRetry(client.Retry{MaxAttempts: 1})) {
		if err != nil {
			return nil
		}
		if n, ok := requestsOf(found); ok && !found.Ended() {
			counts = append(counts, int(n))
		}
		if left--; left == 0 {
			break
		}
	}
	slices.Sort(counts)
	return slices.Compact(counts)
}
