package jobs

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A harvest is what a search has found, as rows of the store.
type harvest struct {
	input    file
	places   *places
	any      bitset         // requests that a batch has
	rounds   map[int]bitset // the same for each round
	batches  map[int64]*store.Batch
	attempts []*store.Attempt
	created  []*store.Created
}

// conclude divides the rest of the input into batches, and writes these and what was found to the store in one transaction.
func (s *search) conclude(ctx context.Context) error {
	f, err := s.disk.Open(s.input.name)
	if err != nil {
		return fmt.Errorf("input: %w", err)
	}
	defer f.Close()
	where, err := locate(ctx, f)
	if err != nil {
		return err
	}
	about := &s.job.about
	if about.Input == nil {
		about.Input = &inputDescription{
			Name: s.input.name, Bytes: where.bytes, SHA256: where.sum, Lines: where.lines, Modified: modified(s.input.name), Most: int64(about.Options.MaxRequests),
		}
		if err := s.job.writeDescription(); err != nil {
			return err
		}
	} else if where.sum != about.Input.SHA256 {
		return fmt.Errorf("%w: %w", ErrInputChanged, &OptionsError{"input, with another SHA-256", about.Input.SHA256, where.sum})
	}
	h := &harvest{input: f, places: where, any: newBitset(where.lines), rounds: make(map[int]bitset), batches: make(map[int64]*store.Batch)}
	parts, err := s.parts()
	if err != nil {
		return err
	}
	found := s.all(parts)
	for _, b := range found {
		if err := s.add(ctx, h, b, parts[fileName(b.id)]); err != nil {
			return err
		}
	}
	size := limits{about.Options.MaxRequests, about.Options.MaxBytes}.within(s.job.options.MaxWaiting)
	rest, err := planInput(ctx, s.disk, s.input.name, s.engine.job, size, false, func(p *planner) {
		p.seq, p.held = firstSeq(s.epoch), h.any.has
	})
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx store.Tx) error {
		row, err := tx.Job(s.engine.job)
		if err != nil {
			return err
		}
		a, err := tx.Attempt(s.engine.job, 0, s.epoch)
		if err != nil {
			return err
		}
		a.Fenced = tx.Now()
		row.State, row.Why, row.Planned, row.Lines, row.NextSeq = store.Running, "", true, where.lines, firstSeq(s.epoch)+int64(len(rest.batches))
		errs := []error{tx.PutJob(row), tx.PutAttempt(a)}
		for _, b := range h.batches {
			errs = append(errs, tx.PutBatch(b))
		}
		requests := 0
		for _, b := range rest.batches {
			requests += b.Requests
			errs = append(errs, tx.PutBatch(b))
		}
		for _, a := range h.attempts {
			errs = append(errs, tx.PutAttempt(a))
		}
		for _, c := range h.created {
			errs = append(errs, tx.PutCreated(c))
		}
		return errors.Join(append(errs, tx.AddEvent(&store.Event{
			Job: row.ID, At: tx.Now(), Kind: "rebuilt", Text: fmt.Sprintf("%s found; %s not in any of them", plural(len(h.batches), "batch"), plural(requests, "request")),
		}))...)
	})
}

// all returns the batches that were found on the server and in the directory, oldest first.
func (s *search) all(parts map[string]storedPart) (all []*batchFound) {
	seen := make(map[string]bool)
	for id, b := range s.assigned {
		seen[fileName(id)] = true
		all = append(all, b)
	}
	for batch := range parts {
		if !seen[batch] {
			all = append(all, &batchFound{id: batch, ours: true})
		}
	}
	slices.SortFunc(all, func(a, b *batchFound) int { return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.id, b.id)) })
	return all
}

// add adds the rows for a batch on the server.
func (s *search) add(ctx context.Context, h *harvest, found *batchFound, part storedPart) error {
	if !found.ours {
		h.created = append(h.created, &store.Created{BatchID: found.id, Job: s.engine.job, Role: store.Foreign, Ended: true})
		return nil
	}
	token := found.token
	file, indexes, err := s.readStored(ctx, part, token)
	switch {
	case err != nil:
		return err
	case indexes != nil && token.job == "":
		token.seq, token.round = part.seq, part.round
	case indexes == nil && token.job == "":
		return nil // it has only a damaged part
	case indexes == nil:
		if indexes, err = s.requestsIn(ctx, found); err != nil {
			return err
		}
	}
	n := 1
	for _, a := range h.attempts {
		if a.Seq == token.seq {
			n++
		}
	}
	h.attempts = append(h.attempts, &store.Attempt{Job: s.engine.job, Seq: token.seq, N: n, Nonce: token.nonce, Intent: found.created, Fenced: found.created, Outcome: store.Accepted})
	row := &store.Created{BatchID: found.id, Job: s.engine.job, Seq: token.seq, Attempt: n, Role: store.Ours, Proven: true, Requests: len(indexes), Ended: true, At: found.created}
	h.created = append(h.created, row)
	if h.batches[token.seq] != nil || !h.hold(token.round, indexes) {
		row.Role = store.Orphan
		return nil
	}
	b := &store.Batch{
		Job: s.engine.job, Seq: token.seq, Round: token.round, State: store.Ended, First: indexes[0], Requests: len(indexes), Attempt: n,
		BatchID: found.id, Created: found.created, EndedAt: found.ended, Part: file,
	}
	h.batches[b.Seq] = b
	return s.place(ctx, h, b, indexes)
}

// hold records which requests a batch has. It returns false if other batches already have all of them.
func (h *harvest) hold(round int, indexes []int64) (any bool) {
	if h.rounds[round] == nil {
		h.rounds[round] = newBitset(h.places.lines)
	}
	for _, i := range indexes {
		if i < 0 || i >= h.places.lines {
			continue // place returns the error
		}
		any = any || !h.rounds[round].has(i)
		h.rounds[round].add(i)
		h.any.add(i)
	}
	return any
}

// place sets where the requests of a batch are: in one range of the input, or in a list.
func (s *search) place(ctx context.Context, h *harvest, b *store.Batch, indexes []int64) error {
	last := indexes[len(indexes)-1]
	sum := sha256.New()
	each := s.input.ranged
	name, err := s.storedList(ctx, b.Seq, indexes)
	switch {
	case err != nil:
		return err
	case name != "":
		b.Lines, each = name, s.input.listed
	case last-indexes[0]+1 == int64(len(indexes)):
		ends := []int64{indexes[0]}
		if last > indexes[0] {
			ends = append(ends, last)
		}
		err = h.places.entries(ctx, h.input, ends, func(e entry) {
			if e.index == indexes[0] {
				b.Offset = e.offset
			}
			b.End = e.end
		})
	default:
		each = s.input.listed
		b.Lines, err = s.writeList(ctx, h, b.Seq, indexes)
	}
	if err != nil {
		return err
	}
	b.Bytes = bodyOverhead
	if err := each(ctx, h.input, b, sum, func(r request) bool {
		b.Bytes += int64(len(r.text)) + idOverhead
		return true
	}); err != nil {
		return err
	}
	b.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return nil
}

func (s *search) writeList(ctx context.Context, h *harvest, seq int64, indexes []int64) (string, error) {
	list, err := newBlob(ctx, s.blobs)
	if err != nil {
		return "", err
	}
	defer list.abort()
	var line []byte
	err = h.places.entries(ctx, h.input, indexes, func(e entry) {
		line = e.append(line[:0])
		list.write(line)
	})
	if err != nil {
		return "", err
	}
	stored, err := list.commit("lists/" + strconv.FormatInt(seq, 36))
	return stored.Name, err
}

// requestsIn reads which requests a batch on the server has.
func (s *search) requestsIn(ctx context.Context, found *batchFound) ([]int64, error) {
	if known := s.lines[found.id]; known != nil {
		return known, nil
	}
	var indexes []int64
	prefix := found.token.prefix()
	for item, err := range s.client.Results(ctx, found.id, client.WithVersion(s.version)) {
		if err != nil && !errors.As(err, new(*client.IncompleteError)) {
			return nil, err
		}
		if err != nil {
			break
		}
		if w, ok := parseWireID(item.CustomID); ok && strings.HasPrefix(item.CustomID, prefix) {
			indexes = append(indexes, w.line)
		}
	}
	slices.Sort(indexes)
	indexes = slices.Compact(indexes)
	if n := int64(len(indexes)); n < found.requests { // some lines are damaged
		if n == 0 || indexes[n-1]-indexes[0]+1 != found.requests {
			return nil, &PausedError{fmt.Sprintf("the job cannot be rebuilt yet: batch %s lacks %d of %d results", found.id, found.requests-n, found.requests)}
		}
		for i := range found.requests {
			indexes = append(indexes[:i], indexes[0]+i)
		}
	}
	s.lines[found.id] = indexes
	return indexes, nil
}

// unasked removes, from the requests to resend, those that were already resent before the job was rebuilt.
func (e *engine) unasked(ctx context.Context, b *store.Batch, again store.File) (store.File, error) {
	if again.Lines == 0 || epochOf(b.Seq) >= e.epoch {
		return again, nil
	}
	held := make(map[int64]bool)
	var all []*store.Batch
	err := e.store.View(ctx, func(tx store.Tx) (err error) {
		all, err = tx.Batches(e.job, nil, 0, 0)
		return err
	})
	if err != nil {
		return again, err
	}
	for _, later := range all {
		if later.Round <= b.Round || epochOf(later.Seq) >= e.epoch {
			continue
		}
		indexes, err := e.indexes(ctx, later)
		if err != nil {
			return again, err
		}
		for _, i := range indexes {
			held[i] = true
		}
	}
	if len(held) == 0 {
		return again, nil
	}
	list, err := newBlob(ctx, e.blobs)
	if err != nil {
		return again, err
	}
	defer list.abort()
	var line []byte
	for entry, err := range readList(ctx, e.blobs, again.Name) {
		if err != nil {
			return again, err
		}
		if !held[entry.index] {
			line = entry.append(line[:0])
			list.write(line)
		}
	}
	if list.lines == 0 {
		return store.File{}, nil
	}
	return list.commit("lists/" + partName(b))
}
