package jobs

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// mostCut is the maximum number of batches, old and new, in one transaction.
const mostCut = 500

// cut plans the next round for requests that are resent, when all batches of a round have been collected or there are enough
// requests for a batch. It reports whether it planned any.
func (e *engine) cut(ctx context.Context) (bool, error) {
	origins, next, err := e.origins(ctx)
	if err != nil || len(origins) == 0 {
		return false, err
	}
	var entries []entry
	for _, b := range origins {
		for entry, err := range readList(ctx, e.blobs, b.Again.Name) {
			if err != nil {
				return false, err
			}
			entry.text = bytes.Clone(entry.text)
			entries = append(entries, entry)
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.index, b.index) })
	canceled, err := e.canceled(ctx)
	if err != nil {
		return false, err
	}
	if canceled {
		entries = nil // nothing is resent
	}
	var avoid []int
	if len(entries) > 0 {
		avoid = countsInUse(ctx, e.client, e.version)
	}
	batches, err := e.divide(ctx, entries, next, origins[0].Round+1, avoid)
	if err != nil {
		return false, err
	}
	err = e.store.Update(ctx, func(tx store.Tx) error {
		j, err := tx.Job(e.job)
		if err != nil {
			return err
		}
		if j.NextSeq != next {
			return errMoved
		}
		for _, was := range origins {
			b, err := tx.Batch(e.job, was.Seq)
			if err != nil {
				return err
			}
			if b.State != store.Collected || b.Again.Name != was.Again.Name {
				return errMoved
			}
			b.State, b.Cut = store.Settled, true
			if err := tx.PutBatch(b); err != nil {
				return err
			}
		}
		for _, b := range batches {
			if err := errors.Join(tx.PutBatch(b), event(tx, b, "planned", "%s to resend", plural(b.Requests, "request"))); err != nil {
				return err
			}
		}
		j.NextSeq += int64(len(batches))
		return tx.PutJob(j)
	})
	if errors.Is(err, errMoved) {
		return true, nil
	}
	return err == nil, err
}

// origins returns the batches whose requests are planned together, and the number of the next batch.
func (e *engine) origins(ctx context.Context) (origins []*store.Batch, next int64, err error) {
	err = e.store.View(ctx, func(tx store.Tx) error {
		origins = nil
		j, err := tx.Job(e.job)
		if err != nil {
			return err
		}
		next = j.NextSeq
		collected, err := tx.Batches(e.job, []store.State{store.Collected}, 0, 0)
		if err != nil || len(collected) == 0 {
			return err
		}
		round := slices.MinFunc(collected, func(a, b *store.Batch) int { return cmp.Compare(a.Round, b.Round) }).Round
		sums, err := tx.Summary(e.job)
		if err != nil {
			return err
		}
		open := false
		for _, s := range sums {
			open = open || s.Round <= round && s.State != store.Collected && s.State != store.Settled && s.State != store.Gone
		}
		lines := int64(0)
		for _, b := range collected {
			if b.Round == round && len(origins) < mostCut/2 && lines < int64(e.size.requests)*mostCut/4 {
				origins = append(origins, b)
				lines += b.Again.Lines
			}
		}
		if open && lines < int64(e.size.requests) {
			origins = nil
		}
		return nil
	})
	return origins, next, err
}

// divide divides entries into batches.
func (e *engine) divide(ctx context.Context, entries []entry, seq int64, round int, avoid []int) (batches []*store.Batch, err error) {
	f, err := e.disk.Open(e.input.name)
	if err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	defer f.Close()
	var list *blob
	var sum hash.Hash
	var b *store.Batch
	defer func() {
		if list != nil {
			list.abort()
		}
	}()
	finish := func() error {
		if b == nil {
			return nil
		}
		stored, err := list.commit("lists/" + strconv.FormatInt(b.Seq, 36))
		if err != nil {
			return err
		}
		b.Lines, b.SHA256 = stored.Name, hex.EncodeToString(sum.Sum(nil))
		batches, b, list = append(batches, b), nil, nil
		return nil
	}
	var text, line []byte
	most := 0 // requests of b
	for i, entry := range entries {
		if text, err = e.input.line(f, entry, text); err != nil {
			return nil, err
		}
		size := int64(len(text)) + idOverhead
		if b != nil && (b.Requests == most || b.Bytes+size > e.size.bytes) {
			if err := finish(); err != nil {
				return nil, err
			}
		}
		if b == nil {
			if most = len(entries) - i; most > e.size.requests {
				most = salted(rand.IntN, e.size.requests, avoid)
			} else {
				most = salted(func(int) int { return 0 }, most, avoid)
			}
			if list, err = newBlob(ctx, e.blobs); err != nil {
				return nil, err
			}
			sum = sha256.New()
			b = &store.Batch{Job: e.job, Seq: seq + int64(len(batches)), Round: round, State: store.Planned, First: entry.index, Bytes: bodyOverhead}
		}
		b.Requests++
		b.Bytes += size
		sum.Write(text)
		sum.Write([]byte("\n"))
		line = entry.append(line[:0])
		list.write(line)
	}
	return batches, finish()
}
