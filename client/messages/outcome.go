package messages

import (
	"errors"
	"fmt"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
)

// An Outcome says how a message ended. The zero value is [OutcomeUnknown].
type Outcome int

// The outcomes of a message, by its stop reason.
const (
	OutcomeUnknown  Outcome = iota // a stop reason that is newer than the contract, or none
	OutcomeComplete                // end_turn, stop_sequence
	OutcomeToolUse                 // tool_use: calls of tools wait for results
	OutcomeCut                     // max_tokens, model_context_window_exceeded
	OutcomeRefused                 // refusal
	OutcomePaused                  // pause_turn, compaction: to be continued
)

// String returns the outcome in words.
func (o Outcome) String() string {
	switch o {
	case OutcomeUnknown:
		return "unknown"
	case OutcomeComplete:
		return "complete"
	case OutcomeToolUse:
		return "calls tools"
	case OutcomeCut:
		return "cut"
	case OutcomeRefused:
		return "refused"
	case OutcomePaused:
		return "paused"
	}
	return fmt.Sprintf("Outcome(%d)", int(o))
}

// OutcomeOf returns how a message ended. A stop reason that is newer than the contract is [OutcomeUnknown], unless the
// stop's details are those of a refusal. So is a nil message.
func OutcomeOf(m *client.Message) Outcome {
	if m == nil {
		return OutcomeUnknown
	}
	switch m.StopReason {
	case gen.BetaMessageStopReasonEndTurn, gen.BetaMessageStopReasonStopSequence:
		return OutcomeComplete
	case gen.BetaMessageStopReasonToolUse:
		return OutcomeToolUse
	case gen.BetaMessageStopReasonMaxTokens, gen.BetaMessageStopReasonModelContextWindowExceeded:
		return OutcomeCut
	case gen.BetaMessageStopReasonRefusal:
		return OutcomeRefused
	case gen.BetaMessageStopReasonPauseTurn, gen.BetaMessageStopReasonCompaction:
		return OutcomePaused
	}
	if m.StopDetails != nil {
		return OutcomeRefused
	}
	return OutcomeUnknown
}

// Kinds of a [*StopError], for errors.Is.
var (
	ErrUnknownStop = errors.New("message ended in a way that is not known")
	ErrToolUse     = errors.New("message calls tools")
	ErrCut         = errors.New("message is cut")
	ErrRefused     = errors.New("message was refused")
	ErrPaused      = errors.New("message is paused")
)

var errNoMessage = errors.New("there is no message: the request did not succeed, and Err of its item says why")

// A StopError says that a message is not complete. It is of the kind of its outcome, for example [ErrCut].
type StopError struct {
	// Outcome is how the message ended.
	Outcome Outcome

	// StopReason is the message's, also one that is newer than the contract. It is empty if there is none.
	StopReason gen.BetaMessageStopReason

	// Details say more about a refusal, if the service did. Otherwise they are nil.
	Details *gen.BetaRefusalStopDetails
}

// Err returns nil if a message is complete, a [*StopError] if it is not, and another error if it is nil.
func Err(m *client.Message) error {
	if m == nil {
		return errNoMessage
	}
	o := OutcomeOf(m)
	if o == OutcomeComplete {
		return nil
	}
	return &StopError{Outcome: o, StopReason: m.StopReason, Details: m.StopDetails}
}

// Error says how the message ended, with the stop reason and the category of a refusal.
func (e *StopError) Error() string {
	text := fmt.Sprintf("%v (stop reason %q)", e.kind(), e.StopReason)
	if e.Details != nil && e.Details.Category != "" {
		text += fmt.Sprintf(", category %q", e.Details.Category)
	}
	return text
}

// Is reports whether target is the kind of the error, for errors.Is.
func (e *StopError) Is(target error) bool { return target == e.kind() }

func (e *StopError) kind() error {
	switch e.Outcome {
	case OutcomeToolUse:
		return ErrToolUse
	case OutcomeCut:
		return ErrCut
	case OutcomeRefused:
		return ErrRefused
	case OutcomePaused:
		return ErrPaused
	}
	return ErrUnknownStop
}
