package batchtest

import (
	"fmt"
	"iter"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
)

// Seed adds a batch as if another client of the workspace, a colleague's, had created it, without a call. It has n
// requests and the given created_at, or now if that is zero, which determines its place in lists. Its workspace is that
// of calls which use [Service.Key] and name none.
func (s *Service) Seed(n int, createdAt time.Time) gen.BetaMessageBatch {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.seed(s.access.keys[0].tenant(), createdAt, func(yield func(int, string) bool) {
		for i := range n {
			if !yield(i, fmt.Sprintf("seed-%d", i)) {
				return
			}
		}
	})
	return b.batch(s.now(), s.url)
}

// SeedLike adds a batch as [Service.Seed] does, with the same number of requests and the same custom ids as another
// batch, in its workspace. The two differ only in the messages of their requests. It panics if there is no batch with
// this id.
func (s *Service) SeedLike(batchID string, createdAt time.Time) gen.BetaMessageBatch {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.batches.byID[batchID]
	if b == nil {
		panic("batchtest: there is no batch " + batchID)
	}
	return s.seed(b.tenant, createdAt, b.requests.customIDs()).batch(s.now(), s.url)
}

// WithColleagues makes another client create a batch as [Service.SeedLike] does, at a rate from 0 to 1 of the batches
// that are accepted, within a second before or after.
func WithColleagues(rate float64) Option { return func(s *Service) { s.colleagues = rate } }

// joinColleague adds, at the rate of colleagues, a batch like the one that was just accepted. The service is locked.
func (s *Service) joinColleague(b *batch) {
	if !s.chance.happens(s.colleagues, number(b.ID)) {
		return
	}
	apart := time.Duration(s.chance.key(number(b.ID), 1)%2_000_000)*time.Microsecond - time.Second
	s.seed(b.tenant, b.CreatedAt.Add(apart), b.requests.customIDs())
}

// seed adds a batch with the custom ids. The service is locked.
func (s *Service) seed(who tenant, createdAt time.Time, customIDs iter.Seq2[int, string]) *batch {
	if createdAt.IsZero() {
		createdAt = s.now()
	}
	r := record{tenant: who, ID: s.newBatchID(), CreatedAt: createdAt.UTC(), Version: gen.AnthropicVersionV20230601, Seed: uint64(s.chance)}
	out := newSpooler(s.batches.dir.requests(r.ID))
	for _, id := range customIDs {
		r.Requests++
		params := jsontext.Value(`{"model":"claude-opus-5","max_tokens":1024,"messages":[{"role":"user","content":"Hello, world"}]}`)
		out.add(request{id, params}, fmt.Appendf(nil, `{"custom_id":%q,"params":%s}`, id, params))
	}
	mustKeep(out.close())
	b := s.batches.newBatch(r, out.spool)
	b.save()
	s.batches.insert(b)
	s.batches.settle(s.now())
	return b
}
