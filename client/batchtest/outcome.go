package batchtest

import (
	"bytes"
	"math/rand/v2"
	"slices"

	"github.com/seed-111a911e/messagebatches/gen"
)

// A fate is how a request ends, as far as the batch's record determines it.
type fate int

const (
	runs    fate = iota // it runs and gets a message
	misfits             // errored, because its params do not fit the contract
	fails               // errored by chance
	lapses              // expired by chance
	expires             // expired, because its batch did
	cancels
)

// fate returns how request i ends. It depends on the record alone.
func (r *record) fate(i int) fate {
	if r.finishedAt(i).After(r.stoppedAt()) {
		if r.CancelInitiatedAt.IsZero() {
			return expires
		}
		return cancels
	}
	switch {
	case r.drawn(r.Odds.Expired, i, drawExpired):
		return lapses
	case r.drawn(r.Odds.Errored, i, drawErrored):
		return fails
	}
	if _, found := slices.BinarySearch(r.Invalid, i); found {
		return misfits
	}
	return runs
}

// drawn reports whether something happens to request i by chance.
func (r *record) drawn(rate float64, i int, what uint64) bool {
	return rate > 0 && chance(r.Seed).happens(rate, r.key(i, what))
}

func (r *record) key(i int, what uint64) uint64 {
	return chance(r.Seed).key(number(r.ID), uint64(i), what)
}

// result returns the result of a request that does not run, or that runs without an answer of the test.
func (r *record) result(f fate, i int, q request, u cacheUse) gen.BetaMessageBatchResult {
	switch f {
	case expires, lapses:
		return &gen.BetaMessageBatchExpiredResult{}
	case cancels:
		return &gen.BetaMessageBatchCanceledResult{}
	case fails:
		return errored(drawnError(r.key(i, drawError)))
	case misfits:
		return errored(&gen.BetaInvalidRequestError{Message: q.mistake(r.checks())})
	}
	decoded, err := q.decode()
	if err != nil {
		return errored(&gen.BetaInvalidRequestError{Message: err.Error()})
	}
	answer := standard(r.key(i, drawTruncated))
	switch {
	case r.drawn(r.Odds.Refused, i, drawRefused):
		answer = Refused()
	case r.drawn(r.Odds.Truncated, i, drawTruncated):
		answer = truncated(answer)
	}
	result := answer(&decoded)
	count(result, q, u)
	return result
}

// tally adds a result to the counts.
func tally(counts *gen.BetaRequestCounts, result string) {
	switch result {
	case "errored":
		counts.Errored++
	case "expired":
		counts.Expired++
	case "canceled":
		counts.Canceled++
	default: // also unknown types, because the service must count them somewhere
		counts.Succeeded++
	}
}

// tallyFates counts the results of a batch that are not stored, without generating them.
func (r *record) tallyFates() (counts gen.BetaRequestCounts) {
	for i := range r.Requests {
		switch r.fate(i) {
		case runs:
			counts.Succeeded++
		case misfits, fails:
			counts.Errored++
		case expires, lapses:
			counts.Expired++
		case cancels:
			counts.Canceled++
		}
	}
	return counts
}

// shuffled returns the numbers below n in an order that is the same in every run. If n is greater than 1, no number is
// in its place.
func shuffled(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := n - 1; i > 0; i-- {
		j := random.IntN(i) // not i itself
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// appendLine appends a line of the results, or returns why it cannot.
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
