package client

import (
	"context"
	"log/slog"

	"github.com/seed-111a911e/messagebatches/internal/foreign"
)

// logHooks are hooks that write to a log.
func logHooks(l *slog.Logger) Hooks {
	return Hooks{
		EndCall: func(ctx context.Context, e CallEnd) {
			write(ctx, l, slog.LevelDebug, "call ended", e.Err, "op", e.Op, "batch_id", e.BatchID, "requests", e.Requests,
				"attempts", e.Attempts, "sent", e.Sent, "received", e.Received, "took", e.Took)
		},
		EndAttempt: func(ctx context.Context, e AttemptEnd) {
			write(ctx, l, slog.LevelDebug, "attempt ended", e.Err, "op", e.Op, "batch_id", e.BatchID, "attempt", e.Attempt,
				"method", e.Method, "path", foreign.Fit(e.URL.Path), "status", e.Status, "request_id", e.RequestID,
				"sent", e.Sent, "received", e.Received, "took", e.Took)
		},
		Retry: func(ctx context.Context, e RetryEvent) {
			write(ctx, l, slog.LevelInfo, "retrying call", e.Err, "op", e.Op, "batch_id", e.BatchID, "attempt", e.Attempt, "wait", e.Wait)
		},
		Poll: func(ctx context.Context, e PollEvent) {
			if e.Err != nil {
				write(ctx, l, slog.LevelWarn, "poll failed", e.Err, "batch_id", e.BatchID, "poll", e.Poll)
			}
		},
		EndStream: func(ctx context.Context, e StreamEnd) {
			write(ctx, l, slog.LevelDebug, "stream ended", e.Err, "batch_id", e.BatchID, "stream", e.Stream, "resumed", e.Resumed,
				"lines", e.Lines, "results", e.Results, "damaged", e.Damaged, "bytes", e.Bytes, "took", e.Took)
		},
	}
}

// write writes a line to a log. Pairs with an empty string, 0 or false are omitted, and so is a nil error.
func write(ctx context.Context, l *slog.Logger, level slog.Level, message string, err error, pairs ...any) {
	if !l.Enabled(ctx, level) {
		return
	}
	kept := pairs[:0]
	for i := 0; i < len(pairs); i += 2 {
		switch pairs[i+1] {
		case "", 0, int64(0), false:
		default:
			kept = append(kept, pairs[i], pairs[i+1])
		}
	}
	if err != nil {
		kept = append(kept, "error", err)
	}
	l.Log(ctx, level, message, kept...)
}
