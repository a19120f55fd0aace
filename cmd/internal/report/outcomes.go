package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

// Outcomes say what became of the requests of a job. Answered to Open add up to its requests.
type Outcomes struct {
	Answered int64 `json:"answered"` // answers, without those below
	Rejected int64 `json:"rejected"` // answers that were not accepted, and are final
	Errored  int64 `json:"errored"`  // errors, which are final
	Expired  int64 `json:"expired"`  // not worked on in time, in each round
	Canceled int64 `json:"canceled"` // canceled, or not sent because the job was canceled
	Missing  int64 `json:"missing"`  // accepted by the service, which has no result
	Open     int64 `json:"open"`     // no final result yet

	Stops    []Stop  `json:"stops"`    // why the models stopped, of answers that are final
	Failures Reasons `json:"failures"` // why requests have no answer that was accepted
	Retried  Reasons `json:"retried"`  // why requests were sent again, or will be
}

// A Stop is a stop reason of answers.
type Stop struct {
	Reason string `json:"reason"` // as the API names it
	Count  int64  `json:"count"`  // answers that have it
}

// readOutcomes reads the results of a job as far as they are stored. Note says what could not be read.
func readOutcomes(ctx context.Context, dir string, st *jobs.Status, done *jobs.Report) (o *Outcomes, note string) {
	o = &Outcomes{Stops: []Stop{}, Failures: Reasons{}, Retried: Reasons{}}
	stops := make(map[string]int64)
	for s, err := range stored(ctx, dir, done) {
		if err != nil {
			note = fmt.Sprintf("Not all results could be read: %v", err)
			break
		}
		o.add(s, stops)
	}
	o.Open = max(0, st.Requests-o.Answered-o.Rejected-o.Errored-o.Expired-o.Canceled-o.Missing)
	for reason, n := range stops {
		o.Stops = append(o.Stops, Stop{reason, n})
	}
	slices.SortFunc(o.Stops, func(a, b Stop) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason)) })
	o.Failures.done()
	o.Retried.done()
	return o, note
}

// stored yields the results that a job has stored: those of the output if nothing else is left.
func stored(ctx context.Context, dir string, done *jobs.Report) func(func(*jobs.StoredResult, error) bool) {
	return func(yield func(*jobs.StoredResult, error) bool) {
		for s, err := range jobs.ReadResults(ctx, dir) {
			if errors.Is(err, jobs.ErrPruned) && done != nil {
				readOutput(ctx, done.Output, yield)
				return
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

// readOutput yields the results of an output as final ones. It does not say which of the answers were accepted.
func readOutput(ctx context.Context, name string, yield func(*jobs.StoredResult, error) bool) {
	f, err := os.Open(name)
	if err != nil {
		yield(nil, err)
		return
	}
	defer f.Close()
	index := int64(0)
	for item, err := range bulk.ReadItems(f) {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		s := &jobs.StoredResult{Index: index, Kind: jobs.ResultFailed, Final: true, Item: item}
		if item.Message() != nil {
			s.Kind = jobs.ResultAnswered
		}
		if !yield(s, nil) {
			return
		}
		index++
	}
}

func (o *Outcomes) add(s *jobs.StoredResult, stops map[string]int64) {
	if s.Again {
		o.Retried.add(s)
	}
	if !s.Final {
		return
	}
	if m := s.Item.Message(); m != nil {
		reason := stopReason(m)
		if _, ok := stops[reason]; !ok && len(stops) >= mostReasons {
			reason = "other"
		}
		stops[reason]++
	}
	if s.Kind == jobs.ResultAnswered {
		o.Answered++
		return
	}
	o.Failures.add(s)
	switch outcome, _, _, _ := explain(s); outcome {
	case "rejected":
		o.Rejected++
	case "expired":
		o.Expired++
	case "canceled":
		o.Canceled++
	case "missing":
		o.Missing++
	default:
		o.Errored++
	}
}

// failed returns how many requests have a final result that is no answer.
func (o *Outcomes) failed() int64 { return o.Errored + o.Expired + o.Canceled + o.Missing }

// Text says it in a line.
func (o *Outcomes) Text() string {
	return cli.Counts(cli.Count{N: o.Answered, Of: "answered"}, cli.Count{N: o.Rejected, Of: "not accepted"}, cli.Count{N: o.failed(), Of: "failed"}, cli.Count{N: o.Open, Of: "open"})
}
