package batchtest

import (
	"hash/fnv"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
)

const (
	lifetime  = 24 * time.Hour      // until a batch expires
	retention = 29 * 24 * time.Hour // until its results are archived

	// cancelTime is how long a batch is canceling.
	cancelTime = time.Second
)

// A request is a request of a batch as it came.
type request struct {
	CustomID string         `json:"custom_id"`
	Params   jsontext.Value `json:"params"`
}

// A batch is a batch of the service. Nothing happens to it by itself: settle brings it up to date.
type batch struct {
	service  *Service
	state    gen.BetaMessageBatch
	duration time.Duration
	version  gen.AnthropicVersion // that it was created with
	requests []request            // nil once the batch has ended
	results  [][]byte             // the lines, once the batch has ended
}

// newBatch takes a batch at the given time.
func (s *Service) newBatch(requests []request, version gen.AnthropicVersion, now time.Time) *batch {
	b := &batch{service: s, duration: s.duration, version: version, requests: requests}
	b.state = gen.BetaMessageBatch{
		ID:               s.newID("msgbatch"),
		ProcessingStatus: gen.BetaMessageBatchProcessingStatusInProgress,
		CreatedAt:        now,
		ExpiresAt:        now.Add(lifetime),
		RequestCounts:    gen.BetaRequestCounts{Processing: int64(len(requests))},
	}
	s.batches = append(s.batches, b)
	return b
}

// endsAt returns when the batch ends, as far as is known now.
func (b *batch) endsAt() time.Time {
	end := b.state.CreatedAt.Add(min(b.duration, lifetime))
	if canceled := b.state.CancelInitiatedAt; !canceled.IsZero() && canceled.Add(cancelTime).Before(end) {
		end = canceled.Add(cancelTime)
	}
	return end
}

// settle lets everything happen to the batch that should have happened by now.
func (b *batch) settle(now time.Time) {
	if end := b.endsAt(); b.state.EndedAt.IsZero() && !now.Before(end) {
		b.end(end)
	}
	if archive := b.state.CreatedAt.Add(retention); b.state.ArchivedAt.IsZero() && !now.Before(archive) {
		b.state.ArchivedAt = archive
		b.results = nil
	}
}

// end makes the results.
func (b *batch) end(at time.Time) {
	b.state.EndedAt = at
	b.state.ProcessingStatus = gen.BetaMessageBatchProcessingStatusEnded
	b.state.ResultsURL = b.service.url + batchesPath + "/" + b.state.ID + "/results"
	b.state.RequestCounts = gen.BetaRequestCounts{}
	counts := &b.state.RequestCounts
	b.results = make([][]byte, len(b.requests))
	for i, r := range b.requests {
		var result gen.BetaMessageBatchResult
		switch done := b.finishedAt(i); {
		case !done.After(b.stoppedAt()):
			result = b.service.answer(r, b.version)
		case b.state.CancelInitiatedAt.IsZero():
			result = &gen.BetaMessageBatchExpiredResult{}
		default:
			result = &gen.BetaMessageBatchCanceledResult{}
		}
		switch result.(type) {
		case *gen.BetaMessageBatchErroredResult:
			counts.Errored++
		case *gen.BetaMessageBatchExpiredResult:
			counts.Expired++
		case *gen.BetaMessageBatchCanceledResult:
			counts.Canceled++
		default:
			counts.Succeeded++
		}
		line := gen.BetaMessageBatchIndividualResponse{CustomID: r.CustomID, Result: result}
		text, err := line.AppendJSON(nil)
		if err != nil {
			panic("batchtest: the answer to request " + r.CustomID + " cannot be encoded: " + err.Error())
		}
		b.results[i] = text
	}
	slices.SortStableFunc(b.results, func(x, y []byte) int { return int(hash(x)) - int(hash(y)) })
	b.requests = nil
}

// finishedAt returns when a request finishes if nothing stops it.
func (b *batch) finishedAt(i int) time.Time {
	return b.state.CreatedAt.Add(time.Duration(float64(b.duration) * float64(i+1) / float64(len(b.requests))))
}

// stoppedAt returns when requests stopped to finish.
func (b *batch) stoppedAt() time.Time {
	stop := b.state.ExpiresAt
	if canceled := b.state.CancelInitiatedAt; !canceled.IsZero() && canceled.Before(stop) {
		stop = canceled
	}
	return stop
}

// hash gives results an order that has nothing to do with that of the requests.
func hash(line []byte) uint16 {
	h := fnv.New32a()
	h.Write(line)
	return uint16(h.Sum32())
}
