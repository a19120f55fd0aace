package jobs

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestMaxWaiting changes the limit of waiting requests between two runs of a job of three batches.
func TestMaxWaiting(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limit  int64
		peak   int64  // maximum number of requests that waited at one time
		fails  string // part of the error
		before point  // where the first program dies
	}{
		"limit/kept":            {limit: 1, peak: 1, before: point{"after commit of (*engine).admit", 1}},
		"limit/none":            {limit: 0, peak: 3, before: point{"after commit of (*engine).admit", 1}},
		"limit/more":            {limit: 2, peak: 2, before: point{"after commit of (*engine).admit", 1}},
		"limit/less than a cut": {limit: 1, fails: "MaxWaiting is 1, but batch 1 has 2 requests", before: point{"before commit of (*engine).admit", 1}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.options.MaxWaiting = 1
				if tt.fails != "" {
					w.options.MaxWaiting = 2
				}
				w.die(tt.before)
				w.options.MaxWaiting = tt.limit
				if tt.fails == "" {
					w.finish()
				} else if _, err := w.live(newFuse(point{})); err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("got %v", err)
				}
				for _, peak := range w.service.Stats().PeakWaiting {
					if peak != tt.peak {
						t.Errorf("%d requests waited at one time, want %d", peak, tt.peak)
					}
				}
			})
		})
	}
}

// TestInterrupted: an interrupted run reports no outages, and its error is that of the context.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{time.Millisecond, time.Second, time.Minute, 3 * time.Minute} {
		t.Run(after.String(), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.options.MaxRequests = 1
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				time.AfterFunc(after, cancel)
				j, err := w.open(t.Context(), newFuse(point{}))
				if err != nil {
					t.Fatal(err)
				}
				_, err = j.Run(ctx, w.service.Client(), Lines(worldInput))
				if !errors.Is(err, context.Canceled) || w.kinds("outage") > 0 {
					t.Errorf("got %v, %d outages", err, w.kinds("outage"))
				}
				w.finish()
			}, batchtest.WithLatency(time.Second))
		})
	}
}
