package jobs

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A grade ranks results. If a request has several, the one with the highest grade is final; of two with the same grade, the
// one of the later round.
type grade byte

// The grades, from worst to best. They are stored in the parts.
const (
	forgone  grade = 'A' // a follow-up that was not sent; an earlier round has the result
	missing  grade = 'a' // the service has no result
	failed   grade = 'b' // errored, expired or canceled
	rejected grade = 'c' // an answer that Accept did not accept
	answered grade = 'd' // an answer
)

// mostTries is how often incomplete results are read before the missing ones are given up.
const mostTries = 5

// collect reads the results of a batch that has ended, and stores them in a part, in the order of the input.
func (e *engine) collect(ctx context.Context, b *store.Batch) (time.Duration, error) {
	if wait, err := e.early(ctx, b); err != nil || wait > 0 {
		return wait, err
	}
	began := e.clock.now()
	indexes, err := e.indexes(ctx, b)
	if err != nil {
		return e.uncollected(ctx, b, began, err)
	}
	spool, err := newSpool(e.disk, filepath.Join(e.temp, newRandomID(12)), len(indexes))
	if err != nil {
		return e.uncollected(ctx, b, began, err)
	}
	defer spool.remove()
	if err := e.read(ctx, b, indexes, spool); err != nil {
		var incomplete *client.IncompleteError
		if !errors.As(err, &incomplete) || incomplete.Err != nil || b.Tries+1 < mostTries {
			return e.uncollected(ctx, b, began, err)
		}
	}
	part, again, err := e.writePart(ctx, b, spool)
	if err == nil {
		again, err = e.unasked(ctx, b, again)
	}
	if err != nil {
		return e.uncollected(ctx, b, began, err)
	}
	defer e.purse.forget()
	return stale(e.update(ctx, b, func(tx store.Tx, b *store.Batch) error {
		j, err := tx.Job(e.job)
		if err != nil {
			return err
		}
		b.Part, b.Failures, b.NotBefore = part, 0, time.Time{}
		if j.State == store.Canceled {
			again = store.File{}
		}
		if b.State = store.Collected; b.Cut || again.Lines == 0 {
			b.State = store.Settled
		}
		if !b.Cut {
			b.Again = again
		}
		c, err := tx.Created(b.BatchID)
		if err != nil {
			return err
		}
		c.Collected = true
		if err := e.spent(c, b, &spool.used, spool.lacking()); err != nil {
			return err
		}
		again := ""
		if b.Again.Lines > 0 {
			again = ", " + plural(b.Again.Lines, "request") + " to resend"
		}
		return errors.Join(tx.PutBatch(b), tx.PutCreated(c), event(tx, b, "collected", "%s%s", plural(part.Lines, "result"), again))
	}))
}

// bury writes the part of a batch that is gone: none of its requests has a result, and none is resent.
func (e *engine) bury(ctx context.Context, b *store.Batch) (time.Duration, error) {
	if b.Part.Name != "" {
		return never, nil
	}
	return e.fill(ctx, b, &spool{}, b.State)
}

// drop writes the part of a batch that is not sent because the job was canceled.
func (e *engine) drop(ctx context.Context, b *store.Batch) (time.Duration, error) {
	return e.fill(ctx, b, &spool{filler: canceledResult, grade: failed}, store.Settled)
}

// fill writes the part of a batch without results, from placeholders, and sets the state of the batch.
func (e *engine) fill(ctx context.Context, b *store.Batch, s *spool, state store.State) (time.Duration, error) {
	part, _, err := e.writePart(ctx, b, s)
	if err != nil {
		return e.uncollected(ctx, b, e.clock.now(), err)
	}
	return stale(e.update(ctx, b, func(tx store.Tx, b *store.Batch) error {
		b.Part, b.State = part, state
		return tx.PutBatch(b)
	}))
}

// uncollected handles a failure to read or store results.
func (e *engine) uncollected(ctx context.Context, b *store.Batch, began instant, failure error) (time.Duration, error) {
	switch {
	case ctx.Err() != nil:
		return 0, context.Cause(ctx)
	case errors.Is(failure, client.ErrResultsGone):
		return never, e.update(ctx, b, func(tx store.Tx, b *store.Batch) error {
			return errors.Join(vanish(tx, b), event(tx, b, "gone", "%v", failure))
		})
	case errors.Is(failure, client.ErrNotFound):
		return e.absent(ctx, b, began)
	case isDiskFull(failure):
		return e.timing.most, failure
	case isLocal(failure):
		return e.timing.most, errors.Join(failure, e.store.Update(ctx, func(tx store.Tx) error { return pauseJob(tx, e.job, failure.Error()) }))
	}
	err := e.update(ctx, b, func(tx store.Tx, b *store.Batch) error {
		if errors.As(failure, new(*client.IncompleteError)) {
			b.Tries++
		}
		b.Failures++
		b.NotBefore = tx.Now().Add(e.timing.wait(b.Failures))
		return errors.Join(tx.PutBatch(b), event(tx, b, "unread", "%v", failure))
	})
	if errors.Is(err, errMoved) {
		err = nil
	}
	return soon, err
}

// indexes returns the indexes of the requests of a batch, in ascending order.
func (e *engine) indexes(ctx context.Context, b *store.Batch) ([]int64, error) {
	all := make([]int64, 0, b.Requests)
	if b.Lines == "" {
		skip, err := e.input.skipped(ctx, b)
		if err != nil {
			return nil, err
		}
		for index := b.First; len(all) < b.Requests; index++ {
			if !skip[index] {
				all = append(all, index)
			}
		}
		return all, nil
	}
	for entry, err := range readList(ctx, e.blobs, b.Lines) {
		if err != nil {
			return nil, err
		}
		all = append(all, entry.index)
	}
	return all, nil
}

// read reads results into a spool. It skips lines that do not belong to the attempt that created the batch.
func (e *engine) read(ctx context.Context, b *store.Batch, indexes []int64, s *spool) error {
	if b.Part.Name != "" && verifyPart(ctx, e.blobs, b) == nil {
		return e.readPart(ctx, b, indexes, s)
	}
	var attempt *store.Attempt
	err := e.store.View(ctx, func(tx store.Tx) error {
		c, err := tx.Created(b.BatchID)
		if err != nil {
			return err
		}
		attempt, err = tx.Attempt(b.Job, b.Seq, c.Attempt)
		return err
	})
	if err != nil {
		return err
	}
	own, err := e.places(ctx, b, attempt, indexes)
	if err != nil {
		return err
	}
	for item, err := range e.client.Results(ctx, b.BatchID, client.WithVersion(e.version)) {
		if err != nil {
			return err
		}
		if _, err := scanLine(item.Raw); err != nil || item.Result == nil {
			continue // it cannot be stored under another custom ID
		}
		if at, ok := own(item.CustomID); ok && !s.has(at) {
			if err := e.keepResult(s, at, item); err != nil {
				return err
			}
		}
	}
	return nil
}

// keepResult adds a result to a spool, with the facts that later steps need, so that it is decoded only once.
func (e *engine) keepResult(s *spool, at int, item *client.Item) error {
	s.used.Add(e.table(), e.clock.wall(), item)
	g := failed
	if item.Message() != nil {
		g = answered
	}
	more, _ := e.policy.Again(item)
	return s.add(at, item.Raw, g, more)
}

// writePart writes the results of a spool in the order of the input, each with the custom ID of its request. A line of a
// part has the index of the request, the grade, and the result.
func (e *engine) writePart(ctx context.Context, b *store.Batch, s *spool) (part, again store.File, err error) {
	results, err := newBlob(ctx, e.blobs)
	if err != nil {
		return part, again, err
	}
	defer results.abort()
	list, err := newBlob(ctx, e.blobs)
	if err != nil {
		return part, again, err
	}
	defer list.abort()
	at, buf := 0, []byte(nil)
	for r, err := range e.input.requests(ctx, b) {
		if err != nil {
			return part, again, err
		}
		raw, seen, err := s.get(at)
		if err != nil {
			return part, again, err
		}
		g, resend, err := e.grade(r, raw, seen, b.Round)
		if err != nil {
			return part, again, err
		}
		if raw == nil && s.filler != "" {
			g, resend, raw = s.grade, nil, []byte(s.filler)
		}
		if buf, err = appendResult(buf[:0], r, g, raw); err != nil {
			return part, again, err
		}
		results.write(buf)
		if resend != nil {
			list.write(resend.append(buf[:0]))
		}
		at++
	}
	name := partName(b)
	if list.lines > 0 {
		if again, err = list.commit("lists/" + name); err != nil {
			return part, again, err
		}
	}
	part, err = results.commit("parts/" + name)
	return part, again, err
}

// noResult is the placeholder for a missing result of a batch that was accepted.
const noResult = `{"custom_id":"","result":{"type":"errored","error":{"type":"error","request_id":null,"error":{"type":"api_error","message":"the service has no result for this request (written by messagebatches)"}}}}`

// canceledResult is the result of a request that was not sent because its job was canceled.
const canceledResult = `{"custom_id":"","result":{"type":"canceled"}}`

// fileName returns an ID without the characters that a file name may not have, and at most 64 long.
func fileName(id string) string {
	var b strings.Builder
	for _, r := range id {
		if b.Len() < 64 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_') {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// appendResult appends the line of a part.
func appendResult(to []byte, r request, g grade, raw []byte) ([]byte, error) {
	to = strconv.AppendInt(to, r.index, 10)
	to = append(to, ' ', byte(g), ' ')
	if raw == nil {
		raw = []byte(noResult)
	}
	from, err := scanLine(r.text)
	if err != nil {
		return nil, err
	}
	result, err := scanLine(raw)
	if err != nil {
		return nil, fmt.Errorf("result of request %d: %w", r.index, err)
	}
	to = result.appendWithID(to, raw, string(r.text[from.start:from.end]))
	return append(to, '\n'), nil
}

// grade returns the grade of a result, which is nil if it is missing, and the entry of the request if it is to be resent.
func (e *engine) grade(r request, raw []byte, seen spooled, round int) (g grade, again *entry, err error) {
	if raw == nil {
		seen.grade = missing
		seen.again, _ = e.policy.Again(nil)
	}
	if seen.grade == answered && e.accept == nil {
		return answered, nil, nil
	}
	if again = (&entry{index: r.index, offset: r.offset, end: r.end}); r.changed {
		again.text = r.text
	}
	if seen.grade != answered {
		if !seen.again || !e.another(round) {
			again = nil
		}
		return seen.grade, again, nil
	}
	item := client.ParseItem(raw, 0)
	o, err := scanLine(r.text)
	if err != nil {
		return 0, nil, err
	}
	if item.CustomID, err = o.customID(r.text); err != nil {
		return 0, nil, err
	}
	answer := &Answer{Item: &item, Line: r.text, schemas: &e.schemas}
	why := e.accept(answer)
	switch {
	case why == nil:
		return answered, nil, nil
	case !e.another(round):
		return rejected, nil, nil
	case e.again == nil:
		return rejected, again, nil
	}
	q, err := answer.Request()
	if err != nil {
		return 0, nil, fmt.Errorf("request %d: %w", r.index, err)
	}
	id := q.CustomID
	if !e.again(q, answer, why) {
		return rejected, nil, nil
	}
	q.CustomID = id
	again.text, err = q.AppendJSON(nil)
	return rejected, again, err
}

// another reports whether another round may follow a round.
func (e *engine) another(round int) bool { return round+1 < e.policy.MaxAttempts }

// A blob is a file that is being written and hashed.
type blob struct {
	upload store.Upload
	out    *bufio.Writer
	sum    hash.Hash
	bytes  int64
	lines  int64
	err    error
}

func newBlob(ctx context.Context, blobs store.Blobs) (*blob, error) {
	u, err := blobs.Create(ctx)
	if err != nil {
		return nil, err
	}
	return &blob{upload: u, out: bufio.NewWriterSize(u, 256<<10), sum: sha256.New()}, nil
}

// write writes a line. Errors are returned by commit.
func (b *blob) write(line []byte) {
	if b.err == nil {
		b.sum.Write(line)
		_, b.err = b.out.Write(line)
		b.bytes += int64(len(line))
		b.lines++
	}
}

// commit completes the blob under a name that ends in its hash.
func (b *blob) commit(name string) (store.File, error) {
	f := store.File{Bytes: b.bytes, SHA256: hex.EncodeToString(b.sum.Sum(nil)), Lines: b.lines}
	f.Name = name + "-" + f.SHA256[:16]
	if b.err == nil {
		b.err = b.out.Flush()
	}
	if b.err == nil {
		b.err = b.upload.Commit(f.Name)
	}
	if b.err != nil {
		return store.File{}, b.err
	}
	return f, nil
}

func (b *blob) abort() { b.upload.Abort() }
