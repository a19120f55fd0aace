package batchtest

import (
	"bytes"
	"math/rand/v2"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

const (
	lifetime  = 24 * time.Hour      // until a batch expires
	retention = 29 * 24 * time.Hour // until its results are archived

	// cancelTime is how long a batch is canceling.
	cancelTime = time.Second
)

// A request is a request of a batch.
type request struct {
	customID string
	params   jsontext.Value // as they came
}

// A batch is a batch of the service. Nothing happens to it by itself: settle brings it up to date.
type batch struct {
	service   *Service
	workspace string
	checks    preflight.Options     // what the call that created it said
	state     gen.BetaMessageBatch  // without results_url, which depends on who asks
	requests  []request             // nil once the batch has ended, if the service forgets
	spread    time.Duration         // over which requests finish
	takes     map[int]time.Duration // requests that finish at times of their own
	duration  time.Duration         // until the last request finishes
	results   lines                 // once the batch has ended
}

// newBatch takes a batch at the given time.
func (s *Service) newBatch(requests []request, now time.Time) *batch {
	b := &batch{service: s, requests: requests, spread: s.duration, duration: s.duration}
	b.state = gen.BetaMessageBatch{
		ID:               s.newID("msgbatch"),
		ProcessingStatus: gen.BetaMessageBatchProcessingStatusInProgress,
		CreatedAt:        now,
		ExpiresAt:        now.Add(lifetime),
		RequestCounts:    gen.BetaRequestCounts{Processing: int64(len(requests))},
	}
	if len(s.takes) > 0 {
		b.takes = make(map[int]time.Duration)
		for i, r := range requests {
			if d, ok := s.takes[r.customID]; ok {
				b.takes[i] = d
				b.duration = max(b.duration, d)
			}
		}
	}
	s.batches = append(s.batches, b)
	return b
}

// Takes sets how long the request with a custom id takes, in batches created from now on; a batch takes at least as long
// as each of its requests. It makes some requests finish and others be canceled or expire.
func (s *Service) Takes(customID string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takes[customID] = d
}

// at returns the batch as a caller sees it.
func (b *batch) at(now time.Time, origin string) gen.BetaMessageBatch {
	b.settle(now)
	state := b.state
	if b.ended() {
		state.ResultsURL = origin + batchesPath + "/" + state.ID + "/results"
	}
	return state
}

func (b *batch) ended() bool { return !b.state.EndedAt.IsZero() }

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
	if end := b.endsAt(); !b.ended() && !now.Before(end) {
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
	b.state.RequestCounts = gen.BetaRequestCounts{}
	b.results = make(lines, len(b.requests))
	var line []byte
	complained := false
	for i, r := range b.requests {
		var result gen.BetaMessageBatchResult
		var problem string
		switch {
		case !b.finishedAt(i).After(b.stoppedAt()):
			result, problem = b.service.answer(r, b.checks)
		case b.state.CancelInitiatedAt.IsZero():
			result = &gen.BetaMessageBatchExpiredResult{}
		default:
			result = &gen.BetaMessageBatchCanceledResult{}
		}
		if problem == "" {
			line, problem = appendLine(line[:0], r.customID, result)
		}
		if problem != "" {
			if !complained {
				b.service.reportTest.errorf("%s", problem)
			}
			complained = true
			result = errored(&gen.BetaAPIError{Message: "batchtest: " + problem})
			line, _ = appendLine(line[:0], r.customID, result)
		}
		count(&b.state.RequestCounts, result)
		b.results[i] = bytes.Clone(line)
		if b.service.forgets {
			b.requests[i].params = nil // memory does not grow while results are made
		}
	}
	if b.service.forgets {
		b.requests = nil
	}
	shuffle(b.results)
}

// finishedAt returns when a request finishes if nothing stops it.
func (b *batch) finishedAt(i int) time.Time {
	d, ok := b.takes[i]
	if !ok {
		d = time.Duration(float64(b.spread) * float64(i+1) / float64(len(b.requests)))
	}
	return b.state.CreatedAt.Add(d)
}

// stoppedAt returns when requests stopped to finish.
func (b *batch) stoppedAt() time.Time {
	stop := b.state.ExpiresAt
	if canceled := b.state.CancelInitiatedAt; !canceled.IsZero() && canceled.Before(stop) {
		stop = canceled
	}
	return stop
}

func count(counts *gen.BetaRequestCounts, result gen.BetaMessageBatchResult) {
	switch result.Discriminator() {
	case "errored":
		counts.Errored++
	case "expired":
		counts.Expired++
	case "canceled":
		counts.Canceled++
	default: // also what no client knows: the service must count it somewhere
		counts.Succeeded++
	}
}

// shuffle puts results into an order in which none is where its request was, the same one in every run.
func shuffle(results lines) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := len(results) - 1; i > 0; i-- {
		j := r.IntN(i) // not i itself
		results[i], results[j] = results[j], results[i]
	}
}

// appendLine appends a line of the results, or says why there can be none.
func appendLine(b []byte, customID string, result gen.BetaMessageBatchResult) (line []byte, problem string) {
	if result == nil {
		return b, "the answer to request " + customID + " is nil"
	}
	start := len(b)
	response := gen.BetaMessageBatchIndividualResponse{CustomID: customID, Result: result}
	b, err := response.AppendJSON(b)
	switch {
	case err != nil:
		return b[:start], "the answer to request " + customID + " cannot be written: " + err.Error()
	case bytes.HasSuffix(b, []byte(`"result":null}`)):
		return b[:start], "the answer to request " + customID + " is nil"
	}
	return append(b, '\n'), ""
}
