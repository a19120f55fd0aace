package jobs

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// asks reports whether a person decides about attempts whose outcomes are unknown.
func (e *engine) asks() bool { return e.onDoubt == Ask || e.onDoubt == Wait && e.keep }

// asked ends a run that can only wait for that person's decision: it returns a [PausedError].
func (l *loop) asked(row *store.Job, batches []*store.Batch) error {
	if !l.asks() || row.State == store.Running || len(batches) == 0 {
		return nil
	}
	for _, b := range batches {
		if b.State != store.Doubtful && b.State != store.Unproven {
			return nil
		}
	}
	return &PausedError{cmp.Or(row.Why, question(batches[0]))}
}

func question(b *store.Batch) string {
	return fmt.Sprintf("it is unknown whether the service accepted batch %d (attempt %d, %s)", b.Seq, b.Attempt, plural(b.Requests, "request"))
}

// ask pauses the job because of an attempt whose outcome is unknown, and names the batches that may be its batch.
func (e *engine) ask(ctx context.Context, b *store.Batch, a *store.Attempt) (wait time.Duration, err error) {
	v, err := e.lookFor(ctx, b, a)
	if err != nil {
		return e.failed(ctx, b, err)
	}
	e.served()
	why := question(b)
	var ids []string
	for _, c := range v.candidates {
		ids = append(ids, c.ID)
	}
	if len(ids) > 0 {
		why += ": it may be " + strings.Join(ids, " or ")
	}
	return e.timing.look, e.store.Update(ctx, func(tx store.Tx) error { return pauseJob(tx, e.job, why) })
}
