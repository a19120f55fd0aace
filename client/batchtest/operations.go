package batchtest

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A call is an admitted call.
type call struct {
	*http.Request
	tenant
	noted *Call // guarded by the service's lock
}

// origin returns the URL at which the caller reached the service, so that clients can follow results_url.
func (c call) origin() string {
	if c.TLS != nil || c.URL.Scheme == "https" { // inside the process, the URL is absolute
		return "https://" + c.Host
	}
	return "http://" + c.Host
}

// create checks the batch as a whole. Errors in the parameters of its requests are reported when it has ended.
func (s *Service) create(c call) (any, *failure) {
	l := requestList{
		spooler: newSpooler(s.batches.dir.requests(incomingFile + c.noted.RequestID)),
		checks:  preflight.Options{Version: gen.AnthropicVersion(c.Header.Get("anthropic-version")), Betas: betasOf(c.Header)},
	}
	defer l.drop() // unless the batch is accepted
	if fail := l.readCreateBody(c.Body); fail != nil {
		return nil, fail
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.batches.settle(now)
	if fail := s.quota.admit(s.batches.waiting(c.Organization), l.Requests); fail != nil {
		return nil, fail
	}
	id := s.newBatchID()
	mustKeep(l.close())
	mustKeep(l.rename(s.batches.dir.requests(id)))
	b := s.batches.newBatch(record{
		tenant: c.tenant, ID: id, CreatedAt: now.Add(s.drawSkew(id)), Version: l.checks.Version, Betas: l.checks.Betas,
		Requests: l.Requests, Invalid: l.invalid, Caches: l.caches, Seed: uint64(s.chance),
	}, l.spool)
	b.save()
	if s.skew > 0 {
		s.batches.insert(b)
	} else {
		s.batches.add(b, len(s.batches.all))
	}
	c.noted.BatchID = id
	s.stats.accept(&b.record, s.batches.waiting(c.Organization))
	s.joinColleague(b)
	return b.batch(now, c.origin()), nil
}

// find returns the batch of a call, updated to now. The service is locked.
func (s *Service) find(c call) (*batch, time.Time, *failure) {
	now := s.now()
	s.batches.settle(now)
	id := c.PathValue("id")
	if b := s.batches.find(c.tenant, id, now); b != nil {
		return b, now, nil
	}
	return nil, now, notFound("Batch %q not found.", id)
}

func (s *Service) get(c call) (any, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, now, fail := s.find(c)
	switch {
	case fail != nil:
		return nil, fail
	case now.Before(b.HiddenUntil):
		return nil, notFound("Batch %q not found.", b.ID)
	}
	return b.batch(now, c.origin()), nil
}

func (s *Service) cancel(c call) (any, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, now, fail := s.find(c)
	switch {
	case fail != nil:
		return nil, fail
	case b.ended():
		return nil, invalidRequest("Batch %s has ended and cannot be canceled.", b.ID)
	}
	b.cancel(now)
	return b.batch(now, c.origin()), nil
}

func (s *Service) delete(c call) (any, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, now, fail := s.find(c)
	switch {
	case fail != nil:
		return nil, fail
	case !b.ended():
		return nil, invalidRequest("Batch %s has not ended: cancel it first.", b.ID)
	}
	s.batches.delete(b, now)
	return gen.BetaDeletedMessageBatch{ID: b.ID}, nil
}

func (s *Service) results(c call) (any, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, now, fail := s.find(c)
	switch {
	case fail != nil:
		return nil, fail
	case now.Before(b.HiddenUntil):
		return nil, notFound("Batch %q not found.", b.ID)
	case !b.ended():
		return nil, notFound("Batch %s has no results yet.", b.ID)
	case b.archived(now):
		return nil, notFound("The results of batch %s were archived.", b.ID)
	}
	return lines(b.lines()), nil
}

func (s *Service) list(c call) (any, *failure) {
	query := c.URL.Query()
	limit, fail := pageSize(query)
	if fail != nil {
		return nil, fail
	}
	after, before := query.Get("after_id"), query.Get("before_id")
	if after != "" && before != "" {
		return nil, invalidRequest("after_id and before_id are mutually exclusive")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.batches.settle(now)
	page, more, ok := cutPage(s.batches.list(c.tenant, now), after, before, limit)
	if !ok {
		return nil, invalidRequest("after_id or before_id is not the id of a batch")
	}
	out := gen.BetaMessageBatchPage{HasMore: more, Data: []gen.BetaMessageBatch{}}
	for _, b := range page {
		out.Data = append(out.Data, b.batch(now, c.origin()))
	}
	if len(page) > 0 {
		out.FirstID, out.LastID = page[0].ID, page[len(page)-1].ID
	}
	return out, nil
}

func pageSize(query url.Values) (int, *failure) {
	if !query.Has("limit") {
		return 20, nil
	}
	n, err := strconv.Atoi(query.Get("limit"))
	if err != nil || n < 1 || n > 1000 {
		return 0, invalidRequest("limit: must be a number from 1 to 1000")
	}
	return n, nil
}
