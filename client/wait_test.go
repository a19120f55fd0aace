package client_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

func TestWaitSurvivesAnOutage(t *testing.T) {
	t.Parallel()
	inBubble(t, 20*time.Hour, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		batch := create(t, c, 1)
		var faults []batchtest.Fault
		for range 200 { // for hours
			faults = append(faults, nil, batchtest.DropBefore(), batchtest.Status(502, "<html>"), batchtest.Fail(500, "api_error", "Oops."),
				batchtest.Fail(429, "rate_limit_error", "Slow.", "retry-after", "300"), batchtest.Status(200, "{}"))
		}
		s.Inject(batchtest.Get, faults[:600]...)
		batch, err := c.Wait(t.Context(), batch.ID)
		if err != nil || !batch.Ended() {
			t.Errorf("got %+v, %v", batch, err)
		}
	})
}

func TestWaitEnds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault batchtest.Fault
		times int
		is    error
		took  time.Duration
	}{
		"by the deadline": {nil, 0, context.DeadlineExceeded, time.Hour},
		"by 401":          {batchtest.Fail(401, "authentication_error", "Revoked."), 1, client.ErrAuthentication, 13 * time.Second},
		"by 404 as text":  {batchtest.Status(404, "no such page"), 1, client.ErrNotFound, 13 * time.Second},
		"by 404":          {batchtest.Fail(404, "not_found_error", "Gone."), 20, client.ErrNotFound, 7 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.Start(batchtest.WithDuration(2 * time.Hour)) // not New: the number of polls is random
				c := s.Client(client.WithPollInterval(0, 0))
				batch := create(t, c, 1)
				s.Inject(batchtest.Get, nil)
				s.Inject(batchtest.Get, batchtest.Times(tt.times, tt.fault)...)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				began := time.Now()
				ended, err := c.Wait(ctx, batch.ID)
				var waitErr *client.WaitError
				if !errors.As(err, &waitErr) || waitErr.BatchID != batch.ID || waitErr.Last == nil || ended != nil || !errors.Is(err, tt.is) {
					t.Errorf("got %v", err)
				}
				if want := fmt.Sprintf("wait for batch %s, last seen in_progress: ", batch.ID); !strings.HasPrefix(err.Error(), want) {
					t.Errorf("got %q", err)
				}
				if running := strings.Contains(err.Error(), "the batch keeps running"); running != (tt.fault == nil) {
					t.Errorf("says that the batch keeps running: %t", running)
				}
				if took := time.Since(began); took > tt.took {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

func TestWaitReturnsTheCauseOfTheContext(t *testing.T) {
	t.Parallel()
	inBubble(t, time.Hour, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		batch := create(t, c, 1)
		why := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(why) })
		if _, err := c.Wait(ctx, batch.ID); !errors.Is(err, why) || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestWaitPollsOnceMoreBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	inBubble(t, 3*time.Second, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		batch := create(t, c, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
		defer cancel()
		if _, err := c.Wait(ctx, batch.ID, client.WithPollInterval(time.Minute, 0)); err != nil {
			t.Error(err)
		}
	})
}

func TestWaitIgnoresUnreasonableRetryAfter(t *testing.T) {
	t.Parallel()
	inBubble(t, time.Minute, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		batch := create(t, c, 1)
		s.Inject(batchtest.Get, batchtest.Fail(429, "rate_limit_error", "Slow.", "retry-after", "1e30"),
			batchtest.Fail(529, "overloaded_error", "Busy.", "x-should-retry", "false"))
		began := time.Now()
		if _, err := c.Wait(t.Context(), batch.ID); err != nil || time.Since(began) > 2*time.Hour {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// TestWaitWithHugeIntervals polls at intervals that overflow when they grow: Wait neither ends nor polls without pauses.
func TestWaitWithHugeIntervals(t *testing.T) {
	t.Parallel()
	for _, interval := range [][2]time.Duration{{0, math.MaxInt64}, {math.MaxInt64, 0}, {math.MaxInt64, 1}} {
		inBubble(t, 20*time.Hour, func(t *testing.T, s *batchtest.Service, c *client.Client) {
			batch := create(t, c, 1)
			if _, err := c.Wait(t.Context(), batch.ID, client.WithPollInterval(interval[0], interval[1])); err != nil {
				t.Error(err)
			}
			if n := len(s.Calls(batchtest.Get)); n > 30 {
				t.Errorf("%d polls", n)
			}
		})
	}
}

// TestWaitWhileClocksJump moves the service's clock: Wait uses the timers of this machine.
func TestWaitWhileClocksJump(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{-10 * time.Hour, 10 * time.Hour} {
		inBubble(t, 2*time.Hour, func(t *testing.T, s *batchtest.Service, c *client.Client) {
			batch, polls := create(t, c, 1), 0
			batch, err := c.Wait(t.Context(), batch.ID, client.OnPoll(func(*client.Batch) {
				if polls++; polls == 10 {
					s.Advance(jump)
				}
			}))
			if err != nil || !batch.Ended() {
				t.Errorf("jump %v: got %+v, %v", jump, batch, err)
			}
			wantResults(t, 1, c.Results(t.Context(), batch.ID))
		})
	}
}

// TestFirstPollComesAfterTheInterval checks that a batch that was created just now is not polled at once.
func TestFirstPollComesAfterTheInterval(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ interval, age, want time.Duration }{
		{0, 0, 5 * time.Second},
		{0, 3 * time.Second, 2 * time.Second},
		{0, time.Minute, 0},
		{time.Minute, 0, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := batchtest.New(t, batchtest.WithGetLag(tt.want))
			c := s.Client()
			batch := create(t, c, 1)
			<-time.After(tt.age)
			began := time.Now()
			if _, err := c.Wait(t.Context(), batch.ID, client.WithPollInterval(tt.interval, 0)); err != nil {
				t.Error(err)
			}
			if got := s.Calls(batchtest.Get)[0].Time.Sub(began); got != tt.want {
				t.Errorf("interval %v, age %v: the first poll comes after %v, want %v", tt.interval, tt.age, got, tt.want)
			}
		})
	}
}
