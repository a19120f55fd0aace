package batchtest

import (
	"time"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

const (
	batchesPath = "/v1/messages/batches"

	lifetime  = 24 * time.Hour      // until a batch expires
	retention = 29 * 24 * time.Hour // until its results are archived

	// cancelTime is how long a batch is canceling.
	cancelTime = time.Second
)

// A tenant is the owner of a batch.
type tenant struct{ Organization, Workspace string }

// A record is a batch without its requests. A state directory stores it as JSON.
type record struct {
	tenant
	ID       string
	Version  gen.AnthropicVersion // of the call that created it, as Betas
	Betas    []gen.AnthropicBeta
	Requests int
	Invalid  []int // requests whose params do not fit the contract
	Caches   bool  // whether a request has a cache breakpoint

	CreatedAt, CancelInitiatedAt, EndedAt, DeletedAt time.Time // zero if it has not happened
	HiddenUntil, OmittedUntil                        time.Time // see NotFoundFor and OmitFor

	Duration time.Duration         // over which its requests finish
	Lasts    time.Duration         // until the last request finishes
	Takes    map[int]time.Duration // by request, for those with a time of their own

	Seed   uint64 // of the random choices for its requests
	Odds   odds
	Counts gen.BetaRequestCounts // once it has ended
	Kept   bool                  // whether its results are stored, and not generated each time they are read
}

// checks returns the options for checking the params of its requests.
func (r *record) checks() preflight.Options {
	return preflight.Options{Version: r.Version, Betas: r.Betas}
}

func (r *record) ended() bool   { return !r.EndedAt.IsZero() }
func (r *record) deleted() bool { return !r.DeletedAt.IsZero() }

// archived reports whether its results are gone.
func (r *record) archived(now time.Time) bool { return !now.Before(r.CreatedAt.Add(retention)) }

// batch returns the batch as callers see it. Origin is the URL at which they reach the service.
func (r *record) batch(now time.Time, origin string) gen.BetaMessageBatch {
	b := gen.BetaMessageBatch{
		ID: r.ID, CreatedAt: r.CreatedAt, ExpiresAt: r.CreatedAt.Add(lifetime), CancelInitiatedAt: r.CancelInitiatedAt, EndedAt: r.EndedAt,
		ProcessingStatus: gen.BetaMessageBatchProcessingStatusInProgress,
		RequestCounts:    gen.BetaRequestCounts{Processing: int64(r.Requests)},
	}
	switch {
	case r.ended():
		b.ProcessingStatus, b.RequestCounts = gen.BetaMessageBatchProcessingStatusEnded, r.Counts
		b.ResultsURL = origin + batchesPath + "/" + r.ID + "/results"
	case !r.CancelInitiatedAt.IsZero():
		b.ProcessingStatus = gen.BetaMessageBatchProcessingStatusCanceling
	}
	if r.archived(now) {
		b.ArchivedAt = r.CreatedAt.Add(retention)
	}
	return b
}

// endsAt returns when the batch will end, unless it is canceled.
func (r *record) endsAt() time.Time {
	end := r.CreatedAt.Add(min(r.Lasts, lifetime))
	if canceled := r.CancelInitiatedAt; !canceled.IsZero() && canceled.Add(cancelTime).Before(end) {
		end = canceled.Add(cancelTime)
	}
	return end
}

// finishedAt returns when a request finishes if nothing stops it.
func (r *record) finishedAt(i int) time.Time {
	d, ok := r.Takes[i]
	if !ok {
		d = time.Duration(float64(r.Duration) * float64(i+1) / float64(r.Requests))
	}
	return r.CreatedAt.Add(d)
}

// stoppedAt returns the time after which no request finishes.
func (r *record) stoppedAt() time.Time {
	stop := r.CreatedAt.Add(lifetime)
	if canceled := r.CancelInitiatedAt; !canceled.IsZero() && canceled.Before(stop) {
		stop = canceled
	}
	return stop
}
