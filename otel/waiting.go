package batchotel

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/seed-111a911e/messagebatches/client"
)

// waiting holds the batches that had not ended when last seen. It is safe for concurrent use.
type waiting struct {
	mu      sync.Mutex
	batches map[string]waitingBatch
}

type waitingBatch struct {
	requests int64
	until    time.Time
}

// A batch that is no longer observed counts until it must have ended.
const lifetime, grace = 24 * time.Hour, time.Hour

// see records the state of a batch.
func (w *waiting) see(b *client.Batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if b.Ended() {
		delete(w.batches, b.ID)
		return
	}
	until := time.Now().Add(lifetime)
	if !b.ExpiresAt.IsZero() && b.ExpiresAt.Before(until) {
		until = b.ExpiresAt
	}
	w.batches[b.ID] = waitingBatch{b.RequestCounts.Processing, until.Add(grace)}
}

// ended records that a batch has ended.
func (w *waiting) ended(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.batches, id)
}

func (w *waiting) count() (batches, requests int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, b := range w.batches {
		if time.Now().After(b.until) {
			delete(w.batches, id)
			continue
		}
		batches++
		requests += b.requests
	}
	return batches, requests
}

// observe registers a callback that reports the numbers to a meter.
func (w *waiting) observe(meter metric.Meter, i *instruments) error {
	_, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		batches, requests := w.count()
		o.ObserveInt64(i.batchesWaiting, batches)
		o.ObserveInt64(i.requestsWaiting, requests)
		return nil
	}, i.batchesWaiting, i.requestsWaiting)
	return err
}
