package jobs

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// retry calls Retry, so that the next program resends requests.
func (w *world) retry(f *fuse, kinds ...Retryable) (int64, error) {
	j, err := w.open(w.t.Context(), f)
	if err != nil {
		return 0, err
	}
	return j.Retry(w.t.Context(), kinds...)
}

// TestRetryCanceled: a person cancels our batch on the server. Its canceled results are final until Retry is called.
func TestRetryCanceled(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		time.AfterFunc(time.Minute, func() {
			if _, err := w.service.Client().Cancel(t.Context(), w.service.Batches()[0].ID); err != nil {
				t.Error(err)
			}
		})
		r, err := w.live(newFuse(point{}))
		if err != nil || r.Failed != 3 || r.Rounds != 1 {
			t.Fatalf("got %+v, %v", r, err)
		}
		if n, err := w.retry(newFuse(point{}), RetryErrored, RetryMissing, RetryRejected, RetryExpired); n != 0 || err != nil {
			t.Errorf("%d of other kinds: %v", n, err)
		}
		if n, err := w.retry(newFuse(point{})); n != 3 || err != nil {
			t.Fatalf("got %d, %v", n, err)
		}
		if n, err := w.retry(newFuse(point{})); n != 0 || !errors.Is(err, ErrNotDone) {
			t.Errorf("once more: %d, %v", n, err)
		}
		if r = w.finish(); r.Rounds != 2 || r.Batches != 2 || r.Retried != 3 {
			t.Errorf("got %+v", r)
		}
		if n, err := w.retry(newFuse(point{})); n != 0 || err != nil {
			t.Errorf("when all are answered: %d, %v", n, err)
		}
	}, batchtest.WithDuration(10*time.Hour))
}

// TestRetryExpired: requests that were given up after three rounds are resent in a fourth, and in none after that.
func TestRetryExpired(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		if r, err := w.live(newFuse(point{})); err != nil || r.Failed != 3 || r.Rounds != 3 {
			t.Fatalf("got %+v, %v", r, err)
		}
		if n, err := w.retry(newFuse(point{}), RetryExpired); n != 3 || err != nil {
			t.Fatalf("got %d, %v", n, err)
		}
		if r, err := w.live(newFuse(point{})); err != nil || r.Failed != 3 || r.Rounds != 4 {
			t.Errorf("got %+v, %v", r, err)
		}
		if err := w.duplicates(); err != nil {
			t.Error(err)
		}
	}, batchtest.WithDuration(30*24*time.Hour))
}

// TestRetryKeepsChanges resends a rejected request as it was last sent: with more tokens.
func TestRetryKeepsChanges(t *testing.T) {
	t.Parallel()
	for _, order := range []Order{OrderInput, OrderDone} {
		t.Run(string(order), func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *world) {
				w.options.Accept, w.options.Again, w.options.Order = AcceptComplete, MoreTokens(20), order
				enough := int64(1000)
				w.service.AnswerAll(func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
					m := gen.BetaMessage{Content: []gen.BetaContentBlock{&gen.BetaTextBlock{Text: said(r)}}}
					if strings.HasSuffix(said(r), "1") && r.Params.MaxTokens < enough {
						m.StopReason = client.StopReasonMaxTokens
					}
					return batchtest.Message(m)(r)
				})
				if r, err := w.live(newFuse(point{})); err != nil || r.Rejected != 1 || r.Rounds != 2 {
					t.Fatalf("got %+v, %v", r, err)
				}
				enough = 20
				if n, err := w.retry(newFuse(point{}), RetryRejected); n != 1 || err != nil {
					t.Fatalf("got %d, %v", n, err)
				}
				r, err := w.live(newFuse(point{}))
				if err != nil || r.Rejected != 0 || r.Answered != 3 || r.Reasked != 2 {
					t.Errorf("got %+v, %v", r, err)
				}
			})
		})
	}
}

// TestRetryCrash kills the program before and after the commit of Retry.
func TestRetryCrash(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"before commit of (*Job).replan", "after commit of (*Job).replan"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *world) {
				time.AfterFunc(time.Minute, func() { _, _ = w.service.Client().Cancel(t.Context(), w.service.Batches()[0].ID) })
				if r, err := w.live(newFuse(point{})); err != nil || r.Failed != 3 {
					t.Fatalf("got %+v, %v", r, err)
				}
				if _, err := w.retry(newFuse(point{at, 1})); !errors.Is(err, errDead) {
					t.Fatalf("the program did not die: %v", err)
				}
				if strings.HasPrefix(at, "before") {
					if n, err := w.retry(newFuse(point{})); n != 3 || err != nil {
						t.Fatalf("got %d, %v", n, err)
					}
				}
				w.finish()
			}, batchtest.WithDuration(10*time.Hour))
		})
	}
}

func TestRetryRefused(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		if _, err := w.retry(newFuse(point{})); !errors.Is(err, ErrNotDone) {
			t.Errorf("before it is done: %v", err)
		}
		w.finish()
		if _, err := w.retry(newFuse(point{}), "answered"); err == nil || !strings.Contains(err.Error(), "answered") {
			t.Errorf("an unknown kind: %v", err)
		}
		w.disk.now[worldInput].data = append(w.disk.now[worldInput].data, '\n')
		if _, err := w.retry(newFuse(point{})); !errors.Is(err, ErrInputChanged) {
			t.Errorf("with another input: %v", err)
		}
	})
}
