package batchtest

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
)

// find returns the batch of a call, up to date. The service is locked.
func (s *Service) find(c call) (*batch, time.Time, *failure) {
	now := s.now()
	id := c.PathValue("id")
	for _, b := range s.batches {
		if b.state.ID == id && b.workspace == c.workspace {
			b.settle(now)
			return b, now, nil
		}
	}
	return nil, now, notFound("Batch %q not found.", id)
}

// origin returns where the caller has reached the service. Clients that follow results_url must be able to.
func (c call) origin() string {
	if c.TLS != nil || c.URL.Scheme == "https" { // inside the process, the URL is whole
		return "https://" + c.Host
	}
	return "http://" + c.Host
}

func (s *Service) retrieve(c call) (any, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, now, fail := s.find(c)
	if fail != nil {
		return nil, fail
	}
	return b.at(now, c.origin()), nil
}

func (s *Service) cancel(c call) (any, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, now, fail := s.find(c)
	switch {
	case fail != nil:
		return nil, fail
	case b.ended():
		return nil, invalid("Batch %s has ended and cannot be canceled.", b.state.ID)
	case b.state.CancelInitiatedAt.IsZero():
		b.state.CancelInitiatedAt = now
		b.state.ProcessingStatus = gen.BetaMessageBatchProcessingStatusCanceling
	}
	return b.at(now, c.origin()), nil
}

func (s *Service) delete(c call) (any, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, _, fail := s.find(c)
	switch {
	case fail != nil:
		return nil, fail
	case !b.ended():
		return nil, invalid("Batch %s has not ended: cancel it first.", b.state.ID)
	}
	s.batches = slices.DeleteFunc(s.batches, func(other *batch) bool { return other == b })
	return gen.BetaDeletedMessageBatch{ID: b.state.ID}, nil
}

func (s *Service) results(c call) (any, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, _, fail := s.find(c)
	switch {
	case fail != nil:
		return nil, fail
	case !b.ended():
		return nil, notFound("Batch %s has no results yet.", b.state.ID)
	case !b.state.ArchivedAt.IsZero():
		return nil, notFound("The results of batch %s were archived.", b.state.ID)
	}
	return b.results, nil
}

func (s *Service) list(c call) (any, *failure) {
	query := c.URL.Query()
	limit, fail := pageSize(query)
	if fail != nil {
		return nil, fail
	}
	after, before := query.Get("after_id"), query.Get("before_id")
	if after != "" && before != "" {
		return nil, invalid("after_id and before_id exclude each other")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	var all []*batch
	for _, b := range slices.Backward(s.batches) { // newest first
		if b.workspace == c.workspace {
			all = append(all, b)
		}
	}
	page, more, ok := cutPage(all, after, before, limit)
	if !ok {
		return nil, invalid("after_id or before_id is not the id of a batch")
	}
	answer := gen.BetaMessageBatchPage{HasMore: more, Data: []gen.BetaMessageBatch{}}
	for _, b := range page {
		answer.Data = append(answer.Data, b.at(now, c.origin()))
	}
	if len(page) > 0 {
		answer.FirstID, answer.LastID = page[0].state.ID, page[len(page)-1].state.ID
	}
	return answer, nil
}

func pageSize(query url.Values) (int, *failure) {
	if !query.Has("limit") {
		return 20, nil
	}
	n, err := strconv.Atoi(query.Get("limit"))
	if err != nil || n < 1 || n > 1000 {
		return 0, invalid("limit: must be a number from 1 to 1000")
	}
	return n, nil
}

// cutPage cuts a page out of all batches. It is false if there is no batch to start from.
func cutPage(all []*batch, after, before string, limit int) (page []*batch, more, ok bool) {
	from := func(id string) int {
		return slices.IndexFunc(all, func(b *batch) bool { return b.state.ID == id })
	}
	switch {
	case before != "":
		i := from(before)
		if i < 0 {
			return nil, false, false
		}
		start := max(0, i-limit)
		return all[start:i], start > 0, true
	case after != "":
		i := from(after)
		if i < 0 {
			return nil, false, false
		}
		all = all[i+1:]
	}
	return all[:min(limit, len(all))], len(all) > limit, true
}
