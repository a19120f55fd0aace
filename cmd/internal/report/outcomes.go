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

// Outcomes count the requests of a job by outcome. The sum of Answered to Open is the number of its requests.
type Outcomes struct {
	Answered int64 `json:"answered"` // answers, except rejected ones
	Rejected int64 `json:"rejected"` // final answers that were not accepted
	Errored  int64 `json:"errored"`  // final errors
	Expired  int64 `json:"expired"`  // not processed in time, in any round
	Canceled int64 `json:"canceled"` // canceled, or not sent because the job was canceled
	Missing  int64 `json:"missing"`  // accepted by the service, but without a result
	Open     int64 `json:"open"`     // no final result yet

	Stops    []Stop  `json:"stops"`    // stop reasons of the final answers
	Failures Reasons `json:"failures"` // why requests have no accepted answer
	Retried  Reasons `json:"retried"`  // why requests were or will be resent
}

// A Stop counts the answers with one stop reason.
type Stop struct {
	Reason string `json:"reason"` // as the API names it
	Count  int64  `json:"count"`  // answers with this reason
}

// readOutcomes reads the stored results of a job. If some could not be read, note says so.
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

// stored yields the stored results of a job, or those of its output if the stored ones were pruned.
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

// readOutput yields the results of an output as final results. They do not show which answers were accepted.
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

// failed returns the number of requests whose final result is not an answer.
func (o *Outcomes) failed() int64 { return o.Errored + o.Expired + o.Canceled + o.Missing }

// Text returns the outcomes as one line.
func (o *Outcomes) Text() string {
	return cli.Counts(cli.Count{N: o.Answered, Of: "answered"}, cli.Count{N: o.Rejected, Of: "not accepted"}, cli.Count{N: o.failed(), Of: "failed"}, cli.Count{N: o.Open, Of: "open"})
}
