package batchtest

import (
	"cmp"
	"slices"
	"time"
)

// A store holds the batches of a service.
type store struct {
	lifecycle
	getLag  time.Duration     // until a new batch can be found by its id
	listLag time.Duration     // until it is listed
	all     []*batch          // of all workspaces, in order of creation; also deleted ones, unless history is off
	byID    map[string]*batch // the same
	running []*batch          // those that have not ended
}

// newBatch returns a batch without adding it.
func (s *store) newBatch(r record, requests spool) *batch {
	b := &batch{lifecycle: &s.lifecycle, record: r, requests: requests}
	b.begin()
	return b
}

// insert adds a batch in order of creation.
func (s *store) insert(b *batch) {
	i := len(s.all)
	for i > 0 && s.all[i-1].CreatedAt.After(b.CreatedAt) {
		i--
	}
	s.add(b, i)
}

// add adds a batch at index i.
func (s *store) add(b *batch, i int) {
	s.all = slices.Insert(s.all, i, b)
	s.byID[b.ID] = b
	if !b.ended() {
		s.running = append(s.running, b)
	}
}

// settle ends the batches that are due, one after the other.
func (s *store) settle(now time.Time) {
	var due []*batch
	s.running = slices.DeleteFunc(s.running, func(b *batch) bool {
		ends := !now.Before(b.endsAt())
		if ends {
			due = append(due, b)
		}
		return ends
	})
	slices.SortStableFunc(due, func(a, b *batch) int { return cmp.Compare(a.endsAt().UnixNano(), b.endsAt().UnixNano()) })
	for _, b := range due {
		b.end()
	}
}

// delete removes a batch, which must have ended. Unless history is off, it can still be inspected.
func (s *store) delete(b *batch, now time.Time) {
	if !s.forgets {
		b.DeletedAt = now
		b.save()
		return
	}
	if s.dir != nil {
		mustKeep(s.dir.remove(b.ID))
	}
	s.all = slices.DeleteFunc(s.all, func(other *batch) bool { return other == b })
	delete(s.byID, b.ID)
}

// find returns a batch, or nil.
func (s *store) find(who tenant, id string, now time.Time) *batch {
	b := s.byID[id]
	if b == nil || b.tenant != who || b.deleted() || b.lags(now, s.getLag) {
		return nil
	}
	return b
}

// list returns the batches of a workspace, newest first.
func (s *store) list(who tenant, now time.Time) []*batch {
	var found []*batch
	for _, b := range slices.Backward(s.all) {
		if b.tenant == who && !b.deleted() && !b.lags(now, s.listLag) && !now.Before(b.OmittedUntil) {
			found = append(found, b)
		}
	}
	return found
}

// waiting returns how many requests of an organization wait for their batch to end.
func (s *store) waiting(organization string) (n int64) {
	for _, b := range s.running {
		if b.Organization == organization {
			n += int64(b.Requests)
		}
	}
	return n
}

// cutPage returns one page of the batches. It returns false if the batch of the cursor does not exist.
func cutPage(all []*batch, after, before string, limit int) (page []*batch, more, ok bool) {
	from := func(id string) int {
		return slices.IndexFunc(all, func(b *batch) bool { return b.ID == id })
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
