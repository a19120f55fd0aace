package jobs

import (
	"context"
	"errors"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A storeError is a failure of the store itself, after which a run does not go on.
type storeError struct{ error }

func (e *storeError) Unwrap() error { return e.error }

// A guarded store tells its own errors from those of the functions that it runs.
type guarded struct{ store.Store }

// Update implements [store.Store].
func (g guarded) Update(ctx context.Context, f func(store.Tx) error) error {
	return tell(ctx, g.Store.Update, f)
}

// View implements [store.Store].
func (g guarded) View(ctx context.Context, f func(store.Tx) error) error {
	return tell(ctx, g.Store.View, f)
}

func tell(ctx context.Context, run func(context.Context, func(store.Tx) error) error, f func(store.Tx) error) error {
	var own error
	err := run(ctx, func(tx store.Tx) error {
		own = f(tx)
		return own
	})
	if err == nil || ctx.Err() != nil || isOwn(own) {
		return err
	}
	return &storeError{err}
}

// isOwn reports whether an error says something about a job and nothing about the store.
func isOwn(err error) bool {
	return errors.Is(err, errMoved) || errors.Is(err, errLost) || errors.Is(err, errStopped) || errors.Is(err, ErrCopied) || errors.Is(err, ErrDatabaseLost) ||
		errors.As(err, new(*StrangerError)) || errors.As(err, new(*tooLargeError))
}
