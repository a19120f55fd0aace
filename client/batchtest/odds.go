package batchtest

import "github.com/seed-111a911e/messagebatches/gen"

// odds are the rates, from 0 to 1, at which requests without an answer of their own do not succeed.
type odds struct {
	Errored, Expired, Truncated, Refused float64 `json:",omitzero"`
}

// WithErrored makes requests fail at a rate from 0 to 1, with an overloaded_error, an api_error or a timeout_error. It
// does not apply to requests with an answer set by [Service.Answer].
func WithErrored(rate float64) Option { return func(s *Service) { s.batches.odds.Errored = rate } }

// WithExpired makes requests expire at a rate from 0 to 1, at the end of their batch, however early that is. It does
// not apply to requests with an answer set by [Service.Answer].
func WithExpired(rate float64) Option { return func(s *Service) { s.batches.odds.Expired = rate } }

// WithTruncated makes messages end at max_tokens at a rate from 0 to 1, in the middle of their text. It applies only to
// requests that no answer of the test matches.
func WithTruncated(rate float64) Option { return func(s *Service) { s.batches.odds.Truncated = rate } }

// WithRefused turns messages into refusals at a rate from 0 to 1. It applies only to requests that no answer of the
// test matches.
func WithRefused(rate float64) Option { return func(s *Service) { s.batches.odds.Refused = rate } }

// What is drawn for a request.
const (
	drawErrored = iota
	drawError
	drawExpired
	drawTruncated
	drawRefused
	drawCacheHit
)

// drawnError returns one of the errors that a busy service makes.
func drawnError(key uint64) gen.BetaError {
	switch key % 3 {
	case 0:
		return &gen.BetaOverloadedError{Message: "Overloaded"}
	case 1:
		return &gen.BetaAPIError{Message: "Internal server error"}
	default:
		return &gen.BetaGatewayTimeoutError{Message: "Request timed out"}
	}
}
