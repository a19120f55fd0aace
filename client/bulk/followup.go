package bulk

import (
	"errors"
	"iter"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
)

// Policy says which requests are worth sending again. The zero Policy is what most programs want: what expired, and what
// errored in a way that may pass, three times in all.
type Policy struct {
	// MaxAttempts is how often a request is sent at most, the first time included. Defaults to 3.
	MaxAttempts int

	// Canceled sends again what was canceled.
	Canceled bool

	// Missing sends again what has no result that could be read. It may have run and been paid for: ask for it only if
	// the results came to their end without an error.
	Missing bool
}

// Reason is what became of a request: the type of its result ("expired"), or the type of the error of an errored one
// ("overloaded_error"), as the API says it, also if it is newer than the contract; or one of the words below.
type Reason string

const (
	ReasonMissing    Reason = "missing"     // there is no result
	ReasonSpendLimit Reason = "spend_limit" // errored at a spend limit, which no waiting lifts
)

// Again reports whether a request with this result is worth sending again, as far as the result tells, and why or why
// not. A nil item is a result that is missing.
//
// Worth it are those that expired, and those that errored with overloaded_error, api_error, timeout_error or
// rate_limit_error, unless a spend limit is behind it. Everything else would be the same again or is done: requests that
// are invalid, too large or not permitted, errors of types that are newer than the contract, and answers, whatever their
// stop_reason.
func (p Policy) Again(item *client.Item) (again bool, reason Reason) {
	if item == nil || item.Result == nil {
		return p.Missing, ReasonMissing
	}
	reason = Reason(item.Result.Discriminator())
	switch item.Result.(type) {
	case *gen.BetaMessageBatchExpiredResult:
		return true, reason
	case *gen.BetaMessageBatchCanceledResult:
		return p.Canceled, reason
	case *gen.BetaMessageBatchErroredResult:
	default:
		return false, reason
	}
	err := item.Err()
	var apiErr *client.APIError
	if errors.As(err, &apiErr) && apiErr.Type != "" {
		reason = Reason(apiErr.Type)
	}
	if errors.Is(err, client.ErrSpendLimit) {
		return false, ReasonSpendLimit
	}
	for _, kind := range []error{client.ErrOverloaded, client.ErrAPI, client.ErrTimeout, client.ErrRateLimited} {
		if errors.Is(err, kind) {
			return true, reason
		}
	}
	return false, reason
}

// A Decision says whether a request is to be sent again.
type Decision[T any] struct {
	// Matched is the input and its result, nil if that is missing.
	Matched[T]

	// Again is whether to send it again.
	Again bool

	// Reason is why, or why not.
	Reason Reason

	// Attempts is how often it was sent, the time that had this result included: the state to keep if it is sent again.
	Attempts int

	// GivenUp is whether it would be worth sending again, had it not been sent as often as the policy allows.
	GivenUp bool
}

// FollowUp decides for each input what [Match] or [MatchInOrder] gives, in that order. The inputs of the decisions that
// say Again make the next batch.
//
// Attempts are how often each request was sent before the results at hand, by custom id; no entry is 0, and so is a nil
// map. The map is only read; the caller may change it meanwhile, for what was decided. [Decision.Attempts] is the next
// state.
//
// Errors are handed through, but for [ErrMissing], which is a reason. That of a line with an odd field comes with the
// decision about its request; any other comes with what matches gave and no decision, that is an empty Reason.
func FollowUp[T any](matches iter.Seq2[Matched[T], error], attempts map[string]int, p Policy) iter.Seq2[Decision[T], error] {
	limit := p.MaxAttempts
	if limit <= 0 {
		limit = 3
	}
	return func(yield func(Decision[T], error) bool) {
		for m, err := range matches {
			d := Decision[T]{Matched: m}
			missing := errors.Is(err, ErrMissing)
			if missing {
				err = nil
			}
			if missing || m.Item != nil && matched(err) {
				d.Attempts = attempts[m.CustomID] + 1
				d.Again, d.Reason = p.Again(m.Item)
				d.GivenUp = d.Again && d.Attempts >= limit
				d.Again = d.Again && !d.GivenUp
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

// matched reports whether an item that comes with err is the result of its input: there is no error, or the line has an
// odd field.
func matched(err error) bool {
	return err == nil || errors.As(err, new(*client.LineError)) && !errors.As(err, new(*MatchError))
}
