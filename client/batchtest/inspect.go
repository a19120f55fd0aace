package batchtest

import (
	"iter"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
)

// Batches returns the batches of all workspaces in their present state, oldest first, except deleted ones.
func (s *Service) Batches() []gen.BetaMessageBatch {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.batches.settle(now)
	var batches []gen.BetaMessageBatch
	for _, b := range s.batches.all {
		if !b.deleted() {
			batches = append(batches, b.batch(now, s.url))
		}
	}
	return batches
}

// A Request is a request of a batch.
type Request struct {
	CustomID string                      // as received
	Params   gen.BetaCreateMessageParams // the part that fits the contract
	Raw      jsontext.Value              // the params as received
}

// Requests returns the requests of a batch, in the order of the create call. There are none if the batch does not
// exist, or if the service did not keep them, see [WithoutHistory].
func (s *Service) Requests(batchID string) []Request {
	var requests []Request
	for _, kept := range s.spools(batchID) {
		for block, err := range kept.blocks() {
			mustKeep(err)
			for _, q := range block.requests {
				decoded, _ := q.decode() // the batch's results report what does not fit
				requests = append(requests, Request{CustomID: q.customID, Params: decoded.Params, Raw: slices.Clone(q.params)})
			}
		}
	}
	return requests
}

// Accepted maps each custom id to the ids of the batches that were accepted with it, in order of creation, including
// deleted batches and those added by [Service.Seed]. A request that was accepted twice has two. Batches that the
// service did not keep are missing, see [WithoutHistory].
func (s *Service) Accepted() map[string][]string {
	accepted := make(map[string][]string)
	for id, kept := range s.spools("") {
		for _, customID := range kept.customIDs() {
			accepted[customID] = append(accepted[customID], id)
		}
	}
	return accepted
}

// spools yields the requests of a batch, or of all batches if batchID is empty, with the ids of the batches.
func (s *Service) spools(batchID string) iter.Seq2[string, spool] {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	var kept []spool
	for _, b := range s.batches.all {
		if (batchID == "" || b.ID == batchID) && !(b.forgets && b.ended()) {
			ids, kept = append(ids, b.ID), append(kept, b.requests)
		}
	}
	return func(yield func(string, spool) bool) {
		for i, id := range ids {
			if !yield(id, kept[i]) {
				return
			}
		}
	}
}
