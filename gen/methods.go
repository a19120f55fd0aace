package gen

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Text returns the text blocks of the message, joined. It is empty if x is nil or has no text, for example because it
// calls a tool.
func (x *BetaMessage) Text() string {
	if x == nil {
		return ""
	}
	var text strings.Builder
	for _, b := range x.Content {
		if b, ok := b.(*BetaTextBlock); ok && b != nil {
			text.WriteString(b.Text)
		}
	}
	return text.String()
}

// ToolUses returns the calls to your own tools, in order: those to tools with one of the given names, or all if no
// names are given. It returns none if x is nil.
//
// Calls before the last fallback block are not returned: the model that made them declined to finish, and the service
// expects no results for them.
func (x *BetaMessage) ToolUses(names ...string) []*BetaToolUseBlock {
	if x == nil {
		return nil
	}
	var uses []*BetaToolUseBlock
	for _, b := range slices.Backward(x.Content) {
		if _, ok := b.(*BetaFallbackBlock); ok {
			break
		}
		use, ok := b.(*BetaToolUseBlock)
		if ok && use != nil && (len(names) == 0 || slices.Contains(names, use.Name)) {
			uses = append(uses, use)
		}
	}
	slices.Reverse(uses)
	return uses
}

// Err returns nil if the message is complete: its stop reason is end_turn or stop_sequence. Otherwise it returns a
// [*StopError], or another error if x is nil.
func (x *BetaMessage) Err() error {
	if x == nil {
		return errNoMessage
	}
	switch x.StopReason {
	case BetaMessageStopReasonEndTurn, BetaMessageStopReasonStopSequence:
		return nil
	}
	return &StopError{StopReason: x.StopReason, Details: x.StopDetails}
}

var errNoMessage = errors.New("there is no message: the request did not succeed")

// Kinds of a [*StopError], for errors.Is.
var (
	ErrTruncated   = errors.New("message is truncated")               // max_tokens, model_context_window_exceeded
	ErrRefused     = errors.New("message was refused")                // refusal
	ErrPaused      = errors.New("message is paused")                  // pause_turn, compaction: continue it
	ErrToolUse     = errors.New("message calls tools")                // tool_use: the model waits for the results
	ErrUnknownStop = errors.New("message has an unknown stop reason") // one newer than this version, or none
)

// A StopError reports why a message is not complete. errors.Is finds its kind, for example [ErrTruncated].
type StopError struct {
	// StopReason is the message's stop reason, as the service sent it.
	StopReason BetaMessageStopReason

	// Details explain a refusal; nil if the service sent none.
	Details *BetaRefusalStopDetails
}

// Error returns the kind and the stop reason, and the category of a refusal.
func (e *StopError) Error() string {
	text := fmt.Sprintf("%v (stop reason %.64q)", e.kind(), e.StopReason)
	if e.Details != nil && e.Details.Category != "" {
		text += fmt.Sprintf(", category %.64q", e.Details.Category)
	}
	return text
}

// Is reports whether target is the kind of the error.
func (e *StopError) Is(target error) bool { return target == e.kind() }

func (e *StopError) kind() error {
	switch e.StopReason {
	case BetaMessageStopReasonToolUse:
		return ErrToolUse
	case BetaMessageStopReasonMaxTokens, BetaMessageStopReasonModelContextWindowExceeded:
		return ErrTruncated
	case BetaMessageStopReasonRefusal:
		return ErrRefused
	case BetaMessageStopReasonPauseTurn, BetaMessageStopReasonCompaction:
		return ErrPaused
	}
	if e.Details != nil { // only refusals have details
		return ErrRefused
	}
	return ErrUnknownStop
}
