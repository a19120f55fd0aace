package batchtest

import (
	"bytes"
	"cmp"
	"iter"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
)

// A batch is a batch of the service. It does not change by itself: the store updates it.
type batch struct {
	*lifecycle
	record
	requests spool
	results  spooledLines // if they are stored
}

// begin sets how long the batch and its requests take, and how they end.
func (b *batch) begin() {
	b.Duration, b.Lasts, b.Odds = b.duration, b.duration, b.odds
	if len(b.script.takes) == 0 {
		return
	}
	b.Takes = make(map[int]time.Duration)
	for i, id := range b.requests.customIDs() {
		if d, ok := b.script.takes[id]; ok {
			b.Takes[i] = d
			b.Lasts = max(b.Lasts, d)
		}
	}
}

// lags reports whether the batch is too new to be visible. Without a lag it is visible at once, even if the clock was
// moved back.
func (b *batch) lags(now time.Time, lag time.Duration) bool {
	return lag > 0 && now.Before(b.CreatedAt.Add(lag))
}

// cancel cancels the batch, which has not ended. Canceling it again changes nothing.
func (b *batch) cancel(now time.Time) {
	if b.CancelInitiatedAt.IsZero() {
		b.CancelInitiatedAt = now
		b.save()
	}
}

// save writes the record to the state directory, if there is one. It panics if that fails.
func (b *batch) save() {
	if b.dir != nil {
		mustKeep(b.dir.save(&b.record))
	}
}

// end ends the batch. If its results depend only on the record and the requests, end counts them, and they are
// generated each time they are read; otherwise it generates and stores them now.
func (b *batch) end() {
	b.EndedAt = b.endsAt()
	if b.Kept = b.script.used() || b.Caches; b.Kept {
		b.keepResults()
	} else {
		b.Counts = b.tallyFates()
	}
	b.save()
	if b.Kept && b.forgets {
		b.requests.remove()
	}
}

// keepResults generates and stores the results.
func (b *batch) keepResults() {
	out := newLineKeeper(b.dir.results(b.ID))
	problem := ""
	var line []byte // reused
	for block, err := range b.requests.blocks() {
		mustKeep(err)
		lines := make([][]byte, len(block.requests))
		for j, q := range block.requests {
			result, p := b.outcome(block.first+j, q)
			if p == "" {
				line, p = appendLine(line[:0], q.customID, result)
			}
			if p != "" {
				problem = cmp.Or(problem, p)
				result = errored(&gen.BetaAPIError{Message: "batchtest: " + p})
				line, _ = appendLine(line[:0], q.customID, result)
			}
			lines[j] = bytes.Clone(line)
			tally(&b.Counts, result.Discriminator())
			if b.forgets {
				block.requests[j].params = nil // memory does not grow while results are generated
			}
		}
		for _, j := range shuffled(len(lines)) {
			out.add(lines[j])
		}
	}
	var err error
	b.results, err = out.close()
	mustKeep(err)
	if problem != "" {
		b.report(problem)
	}
}

// outcome returns the result of request i: the script's, if the script answers it.
func (b *batch) outcome(i int, q request) (result gen.BetaMessageBatchResult, problem string) {
	f := b.fate(i)
	var use cacheUse
	if f == runs && b.Caches {
		p := measure(q.params)
		use = b.cache.use(b.tenant, &p, b.finishedAt(i), chance(b.Seed).happens(b.cache.hits, number(b.ID), uint64(i), drawCacheHit))
	}
	a := b.script.answer(q, f)
	if a == nil {
		return b.result(f, i, q, use), ""
	}
	decoded, err := q.decode()
	if err != nil && f == runs {
		return b.result(misfits, i, q, use), ""
	}
	if result, problem = ask(a, &decoded); problem == "" && result != nil {
		count(result, q, use)
	}
	return result, problem
}

// lines yields the lines of the results of the batch, which must have ended. It may be used while the batch changes. An
// error is yielded last.
func (b *batch) lines() iter.Seq2[[]byte, error] {
	if b.Kept {
		return b.results.lines()
	}
	record, requests := b.record, b.requests
	return func(yield func([]byte, error) bool) {
		var line []byte
		for block, err := range requests.blocks() {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, j := range shuffled(len(block.requests)) {
				i, q := block.first+j, block.requests[j]
				line, _ = appendLine(line[:0], q.customID, record.result(record.fate(i), i, q, cacheUse{}))
				if !yield(line, nil) {
					return
				}
			}
		}
	}
}
