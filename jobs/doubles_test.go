package jobs

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// addOrphan adds an orphan of the job's first batch: a batch that the response to one of its creates named.
func addOrphan(ctx context.Context, service *batchtest.Service, s store.Store, job string) (id string, err error) {
	b, err := service.Client().CreateLines(ctx, strings.NewReader(requestLine("again")))
	if err != nil {
		return "", err
	}
	return b.ID, s.Update(ctx, func(tx store.Tx) error {
		return tx.PutCreated(&store.Created{BatchID: b.ID, Job: job, Seq: 1, Role: store.Orphan, Proven: true, Named: true, Requests: 1})
	})
}

// TestCanceledBeforeDone: a job is not done before each duplicate batch is canceled or has ended, even if the service
// refuses the cancellation at first.
func TestCanceledBeforeDone(t *testing.T) {
	t.Parallel()
	end := map[string]func(t *testing.T, service *batchtest.Service) (orphan string, finish func() (done bool, err error)){
		"directory": func(t *testing.T, service *batchtest.Service) (string, func() (bool, error)) {
			w := newWorld(t, 1, store.NewMemory(), Options{})
			w.service = service
			j, err := w.open(t.Context(), newFuse(point{}))
			if err != nil {
				t.Fatal(err)
			}
			orphan, err := addOrphan(t.Context(), service, w.store, j.ID())
			if err != nil {
				t.Fatal(err)
			}
			l := newLoop(j.engine(service.Client(), worldInput), j, time.Now())
			return orphan, func() (bool, error) {
				more, err := l.last(t.Context())
				return !more, err
			}
		},
		"pool": func(t *testing.T, service *batchtest.Service) (string, func() (bool, error)) {
			first, p := newPools(t, service, newFuse(point{}))
			id, err := first.Add(t.Context(), Lines(writeInput(t, 1)), Options{})
			if err != nil {
				t.Fatal(err)
			}
			for step := (Step{}); step.State != store.Collected && step.State != store.Settled; {
				if step, err = p.Advance(t.Context(), Ref{id, 1}); err != nil || step.Outage != nil {
					t.Fatal(step, err)
				}
				_ = sleep(t.Context(), step.Wait)
			}
			orphan, err := addOrphan(t.Context(), service, p.store, id)
			if err != nil {
				t.Fatal(err)
			}
			return orphan, func() (bool, error) {
				done, step, err := p.Tend(t.Context(), id)
				_ = sleep(t.Context(), step.Wait)
				return done, errors.Join(err, step.Outage)
			}
		},
	}
	for name, begin := range end {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := batchtest.New(t, batchtest.WithDuration(5*time.Hour))
				orphan, finish := begin(t, service)
				service.Inject(batchtest.Cancel, batchtest.Times(20, batchtest.Status(503, "{}"))...)
				turns, done := 0, false
				for ; !done && turns < 50; turns++ {
					var err error
					if done, err = finish(); err != nil {
						t.Fatal(err)
					}
				}
				for _, b := range service.Batches() {
					if b.ID == orphan && b.CancelInitiatedAt.IsZero() {
						t.Error("the batch was not canceled")
					}
				}
				if turns == 1 || !done {
					t.Errorf("after %d turns, done is %v", turns, done)
				}
			})
		})
	}
}
