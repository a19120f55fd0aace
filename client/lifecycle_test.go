package client_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

func TestLifecycle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(time.Hour))
		s.Answer("r1", batchtest.Errored(&gen.BetaRateLimitError{Message: "Slow down."}))
		c := s.Client(client.WithPollInterval(0, 0))
		batch := create(t, c, 3)
		if batch.ID == "" || batch.Ended() || batch.RequestCounts.Processing != 3 || len(batch.Raw) == 0 {
			t.Errorf("Create returns %+v", batch)
		}

		if results, _, err := collect(t, c.Results(t.Context(), batch.ID)); len(results) != 0 || !errors.Is(err, client.ErrNotEnded) {
			t.Errorf("%d results before the end, %v", len(results), err)
		}

		began, polls := time.Now(), 0
		batch, err := c.Wait(t.Context(), batch.ID, client.OnPoll(func(*client.Batch) { polls++ }))
		if err != nil || !batch.Ended() {
			t.Fatalf("Wait returns %+v, %v", batch, err)
		}
		if took := time.Since(began); took < time.Hour || took > time.Hour+2*time.Minute {
			t.Errorf("waited %v for a batch of an hour", took)
		}
		if polls < 55 || polls > 80 {
			t.Errorf("%d polls", polls)
		}

		texts := make(map[string]string)
		for _, item := range wantResults(t, 3, c.Results(t.Context(), batch.ID)) {
			if err := item.Err(); err != nil {
				texts[item.CustomID] = err.Error()
				var limited *gen.BetaRateLimitError
				if !errors.As(err, &limited) || limited.Message != "Slow down." {
					t.Errorf("errors.As does not find the type in %v", err)
				}
				if !errors.Is(err, client.ErrRateLimited) || errors.Is(err, client.ErrOverloaded) {
					t.Errorf("errors.Is finds another kind in %v", err)
				}
				continue
			}
			texts[item.CustomID] = item.Message().Content[0].(*gen.BetaTextBlock).Text
		}
		want := map[string]string{
			"r0": "You said: Hello, number 0",
			"r1": `request "r1": rate_limit_error: Slow down.`,
			"r2": "You said: Hello, number 2",
		}
		if diff := cmp.Diff(want, texts); diff != "" {
			t.Error(diff)
		}

		if err := c.Delete(t.Context(), batch.ID); err != nil {
			t.Error(err)
		}
		if _, err := c.Get(t.Context(), batch.ID); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("get after delete: %v", err)
		}
	})
}

func TestInvalidParamsBecomeAnErroredResult(t *testing.T) {
	t.Parallel()
	inBubble(t, time.Second, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		bad := requests(1)
		bad[0].Params.MaxTokens = 0
		batch, err := c.Create(t.Context(), bad)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Wait(t.Context(), batch.ID); err != nil {
			t.Fatal(err)
		}
		for _, item := range wantResults(t, 1, c.Results(t.Context(), batch.ID)) {
			if err := item.Err(); !errors.Is(err, client.ErrInvalidRequest) || !strings.Contains(err.Error(), "max_tokens") {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	inBubble(t, time.Hour, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		batch := create(t, c, 4)
		s.Advance(31 * time.Minute)
		batch, err := c.Cancel(t.Context(), batch.ID)
		if err != nil || batch.ProcessingStatus != gen.BetaMessageBatchProcessingStatusCanceling {
			t.Fatalf("got %+v, %v", batch, err)
		}
		batch, err = c.Wait(t.Context(), batch.ID)
		if err != nil {
			t.Fatal(err)
		}
		if want := (gen.BetaRequestCounts{Succeeded: 2, Canceled: 2}); batch.RequestCounts != want {
			t.Errorf("got %+v, want %+v", batch.RequestCounts, want)
		}
		for _, item := range wantResults(t, 4, c.Results(t.Context(), batch.ID)) {
			if item.Message() == nil && !errors.Is(item.Err(), client.ErrCanceled) {
				t.Errorf("got %v", item.Err())
			}
		}
		again, err := c.Cancel(t.Context(), batch.ID)
		if err != nil || !again.Ended() {
			t.Errorf("Cancel after the end returns %+v, %v; want the batch", again, err)
		}
	})
}

func TestExpiredBatch(t *testing.T) {
	t.Parallel()
	inBubble(t, 48*time.Hour, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		batch := create(t, c, 2)
		batch, err := c.Wait(t.Context(), batch.ID, client.WithPollInterval(0, time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if want := (gen.BetaRequestCounts{Succeeded: 1, Expired: 1}); batch.RequestCounts != want {
			t.Errorf("got %+v, want %+v", batch.RequestCounts, want)
		}
		s.Advance(30 * 24 * time.Hour)
		if results, _, err := collect(t, c.Results(t.Context(), batch.ID)); len(results) != 0 || !errors.Is(err, client.ErrResultsGone) {
			t.Errorf("%d results of an archived batch, %v", len(results), err)
		}
	})
}
