package bulk

import (
	"errors"
	"iter"

	"github.com/seed-111a911e/messagebatches/client"
)

// Policy says which requests are worth resending. The zero Policy suits most programs: requests that expired, and those
// with an error that may be temporary, up to three attempts in all.
type Policy struct {
	// MaxAttempts is the most times that a request is sent, including the first. 0 means 3.
	MaxAttempts int

	// Canceled resends canceled requests.
	Canceled bool

	// Missing resends requests that have no result, or a damaged one. Such a request may have run and been paid for.
	// Requests whose results could not be read (ReasonUnread) are never resent.
	Missing bool
}

// Reason is the outcome of a request: the type of its result ("expired"), or the type of the error of an errored one
// ("overloaded_error"), as the API names it, including types that are newer than the contract; or one of the constants
// below.
type Reason string

// Outcomes that are not the type of a result or an error.
const (
	ReasonMissing    Reason = "missing"     // there is no result
	ReasonUnread     Reason = "unread"      // there may be a result, but reading the results failed
	ReasonDamaged    Reason = "damaged"     // the line of the result holds no result that can be read
	ReasonSpendLimit Reason = "spend_limit" // errored at a spend limit; waiting does not help
)

// Again reports whether a request with this result is worth resending, as far as the result shows, and the reason. A nil
// item is a missing result.
//
// A request is worth resending if it expired, or errored with overloaded_error, api_error, timeout_error or
// rate_limit_error, unless a spend limit was the cause. All other outcomes are final: invalid, too large or forbidden
// requests, error types newer than the contract, and messages, whatever their stop_reason.
func (p Policy) Again(item *client.Item) (again bool, reason Reason) {
	switch {
	case item == nil:
		return p.Missing, ReasonMissing
	case item.Result == nil:
		return p.Missing, ReasonDamaged
	}
	reason = Reason(item.Result.Discriminator())
	switch item.Result.(type) {
	case *client.ExpiredResult:
		return true, reason
	case *client.CanceledResult:
		return p.Canceled, reason
	case *client.ErroredResult:
	default:
		return false, reason
	}
	result := client.Item{CustomID: item.CustomID, Result: item.Result} // a malformed field does not matter
	err := result.Err()
	if apiErr, ok := errors.AsType[*client.APIError](err); ok && apiErr.Type != "" {
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

// A Decision says whether to resend a request.
type Decision[T any] struct {
	// Matched is the input and its result.
	Matched[T]

	// Again reports whether to resend it.
	Again bool

	// Reason is why, or why not.
	Reason Reason

	// Attempts is how often it has been sent, including the attempt with this result. Store it if the request is resent.
	Attempts int

	// GivenUp reports that the request would be worth resending, but has been sent as often as the policy allows.
	GivenUp bool
}

// FollowUp makes a decision for each custom ID of the inputs of [Match] or [MatchInOrder], in their order. The inputs of
// the decisions with Again make the next batch.
//
// Attempts holds how often each request was sent before these results, by custom ID. A missing entry is 0, and so is a nil
// map. FollowUp only reads the map; the caller may change an entry after its decision was yielded. [Decision.Attempts] is
// the new value.
//
// An error is the last thing FollowUp yields, a [*MatchError]. It counts everything without a decision: unknown and
// duplicate results, and duplicate inputs. It also holds the errors of the results, although the inputs affected have
// decisions ([ReasonUnread]).
func FollowUp[T any](matches iter.Seq2[Matched[T], error], attempts map[string]int, p Policy) iter.Seq2[Decision[T], error] {
	limit := p.MaxAttempts
	if limit <= 0 {
		limit = 3
	}
	return func(yield func(Decision[T], error) bool) {
		var last MatchError
		for m, err := range matches {
			if err != nil {
				last.takeErrs(err)
				break
			}
			d := Decision[T]{Matched: m, Attempts: attempts[m.CustomID] + 1}
			switch {
			case m.Mismatch == nil || errors.Is(m.Mismatch, ErrMissing):
				d.Again, d.Reason = p.Again(m.Item)
				d.GivenUp = d.Again && d.Attempts >= limit
				d.Again = d.Again && !d.GivenUp
			case errors.Is(m.Mismatch, ErrUnread):
				d.Reason = ReasonUnread
			default:
				last.add(m.CustomID, m.Mismatch)
				continue
			}
			if !yield(d, nil) {
				return
			}
		}
		if err := last.last(); err != nil {
			yield(Decision[T]{}, err)
		}
	}
}

// takeErrs copies the errors of the results and the number of damaged lines from the last error of Match.
func (e *MatchError) takeErrs(err error) {
	if other, ok := errors.AsType[*MatchError](err); ok {
		e.Errs, e.Damaged = other.Errs, other.Damaged
	} else {
		e.Errs = []error{err}
	}
}
