package jobs

import (
	"context"
	"errors"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A storeError is a failure of the store itself, which ends a run.
type storeError struct{ error }

func (e *storeError) Unwrap() error { return e.error }

// A guarded store wraps its own errors in a storeError, but not those of the functions that it runs.
type guarded struct{ store.Store }

// Update implements [store.Store].
func (g guarded) Update(ctx context.Context, f func(store.Tx) error) error {
	return guard(ctx, g.Store.Update, f)
}

// View implements [store.Store].
func (g guarded) View(ctx context.Context, f func(store.Tx) error) error {
	return guard(ctx, g.Store.View, f)
}

func guard(ctx context.Context, run func(context.Context, func(store.Tx) error) error, f func(store.Tx) error) error {
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

// isOwn reports whether an error concerns the job and not the store.
func isOwn(err error) bool {
	return errors.Is(err, errMoved) || errors.Is(err, errLost) || errors.Is(err, errStopped) || errors.Is(err, ErrCopied) || errors.Is(err, ErrDatabaseLost) ||
		errors.As(err, new(*StrangerError)) || errors.As(err, new(*tooLargeError))
}
