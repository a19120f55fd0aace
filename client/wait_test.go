package client_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// Intervals that overflow when they grow must not end the waiting, or make it a storm.
func TestWaitWithHugeIntervals(t *testing.T) {
	t.Parallel()
	for _, o := range []client.WaitOptions{{MaxInterval: math.MaxInt64}, {MinInterval: math.MaxInt64}, {MinInterval: math.MaxInt64, MaxInterval: 1}} {
		synctest.Test(t, func(t *testing.T) {
			s := batchtest.New(t, batchtest.WithDuration(20*time.Hour))
			c := newClient(t, s)
			batch := create(t, c, 1)
			if _, err := c.Wait(t.Context(), batch.ID, o); err != nil {
				t.Error(err)
			}
			if n := len(s.Calls(batchtest.Retrieve)); n > 30 {
				t.Errorf("%d polls", n)
			}
		})
	}
}

// The service's clock may jump; waiting goes by this machine's timers.
func TestWaitWhileClocksJump(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{-10 * time.Hour, 10 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			s := batchtest.New(t, batchtest.WithDuration(2*time.Hour))
			c := newClient(t, s)
			batch, polls := create(t, c, 1), 0
			batch, err := c.Wait(t.Context(), batch.ID, client.WaitOptions{OnPoll: func(*client.Batch) {
				if polls++; polls == 10 {
					s.Advance(jump)
				}
			}})
			if err != nil || !batch.Ended() {
				t.Errorf("jump %v: got %+v, %v", jump, batch, err)
			}
			for _, err := range c.Results(t.Context(), batch.ID) {
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
}
