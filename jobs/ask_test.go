package jobs

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// TestAsk: with Ask, a run ends at a create whose outcome is unknown; with Wait, the next run finds out by itself.
func TestAsk(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.options.OnDoubt = Ask
		w.die(afterFence)
		began := time.Now()
		for range 2 {
			_, err := w.live(newFuse(point{}))
			var paused *PausedError
			if !errors.As(err, &paused) || !strings.Contains(paused.Why, w.service.Batches()[0].ID) {
				t.Fatalf("got %v", err)
			}
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %v", took)
		}
		w.options.OnDoubt = Wait
		w.finish()
		if n := len(w.service.Batches()); n != 1 {
			t.Errorf("%d batches", n)
		}
	}, batchtest.WithDuration(time.Hour))
}

// TestAskCanceled: with Ask, the run of a canceled job ends too.
func TestAskCanceled(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.options.OnDoubt = Ask
		w.die(afterFence)
		err := w.store.Update(t.Context(), func(tx store.Tx) error {
			ids, err := tx.Jobs()
			if err != nil {
				return err
			}
			return tx.PutCommand(&store.Command{Job: ids[0], What: wantCancel, By: "ops"})
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.live(newFuse(point{}))
		if !errors.As(err, new(*PausedError)) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}
