package client

import "github.com/seed-111a911e/messagebatches/gen"

// A StopError reports why a [Message] is not complete, as its Err method does. errors.Is finds its kind, for example
// [ErrTruncated].
//
// Fields:
//   - StopReason StopReason: the message's stop reason, as the service sent it
//   - Details *RefusalStopDetails: details of a refusal, nil if the service sent none
type StopError = gen.StopError

// Kinds of a [*StopError], for errors.Is.
var (
	ErrTruncated   = gen.ErrTruncated   // max_tokens, model_context_window_exceeded
	ErrRefused     = gen.ErrRefused     // refusal
	ErrPaused      = gen.ErrPaused      // pause_turn, compaction: continue it
	ErrToolUse     = gen.ErrToolUse     // tool_use: the calls wait for results
	ErrUnknownStop = gen.ErrUnknownStop // a stop reason that is newer than this version, or none
)
