package client_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

var (
	firstDay = flag.Uint64("day", 1, "the seed of the first day of TestSimulationOfADay")
	days     = flag.Uint64("days", 1, "how many days TestSimulationOfADay simulates")
)

// TestSimulationOfADay simulates a day of many programs that use one workspace of one service at the same time, with more
// than 1,000 batches in all and all faults that the fake can have, together: each fault of its list, lags of get and list,
// clocks that differ, errored, expired, truncated and refused requests, limits, and colleagues whose batches have the same
// custom ids. It makes the checks of TestSimulation for each program.
func TestSimulationOfADay(t *testing.T) {
	t.Parallel()
	for seed := *firstDay; seed < *firstDay+*days && !t.Failed(); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { simulateDay(t, seed) })
	}
}

func simulateDay(t *testing.T, seed uint64) {
	programs, few := 800, testing.Short() || raceDetector
	if few {
		programs = 80
	}
	sum := new(totals)
	synctest.Test(t, func(t *testing.T) {
		service := batchtest.Start(
			batchtest.WithRandomFaults(0.25), batchtest.WithGetLag(20*time.Second), batchtest.WithListLag(3*time.Minute),
			batchtest.WithDateOffset(-90*time.Second), batchtest.WithClockSkew(30*time.Second), batchtest.WithColleagues(0.2),
			batchtest.WithErrored(0.02), batchtest.WithExpired(0.01), batchtest.WithTruncated(0.02), batchtest.WithRefused(0.02),
			batchtest.WithSeed(seed), batchtest.WithQueueLimit(250), batchtest.WithCallLimit(60), batchtest.WithDuration(time.Hour))
		var group sync.WaitGroup
		scenarios := make([]*scenario, programs)
		for i := range scenarios {
			l := newDayScenario(t, seed<<32+uint64(i+1), service, sum)
			scenarios[i] = l
			group.Go(func() {
				l.pause(20 * time.Hour)
				l.program()
			})
		}
		group.Wait()
		service.Close() // ends delayed work
		synctest.Wait()
		for _, l := range scenarios {
			l.watch.check(t)
		}
		stats := service.Stats()
		t.Logf("totals: %+v\nstats: %+v", sum.tally, stats)
		if accepted := stats.Creates; accepted < 1000*programs/800 {
			t.Errorf("only %d batches were accepted", accepted)
		}
		if few { // too few programs for the following checks
			return
		}
		if peak := stats.PeakWaiting["org_fake"]; peak > 250 || stats.CallsPerMinute <= 60 {
			t.Errorf("no limit was reached: %+v", stats)
		}
		for _, f := range batchtest.Faults() {
			if stats.Faults[f.Name] == 0 {
				t.Errorf("no call has met the fault %s", f.Name)
			}
		}
	})
}

// newDayScenario returns the scenario of one of many programs.
func newDayScenario(t *testing.T, seed uint64, service *batchtest.Service, sum *totals) *scenario {
	rng := rand.New(rand.NewPCG(seed, 0))
	l := &scenario{
		T: t, rng: rng, size: 1 + rng.IntN(6), alone: true, marks: rng.IntN(2) == 0, dies: rng.IntN(3) == 0,
		service: service, watch: watchOrigin(service), totals: sum, seen: make(map[string]bool),
		name: fmt.Sprintf("program-%d-", seed), clear: func() {}, checks: checkItemOfADay,
		foreign: 5*time.Hour + 2*time.Minute,
		tries:   -1000, // the faults never end
	}
	l.taken = func(name string) (ids []string) {
		for _, c := range service.Calls(batchtest.Create) {
			if c.BatchID != "" && c.Header.Get("x-call") == name {
				ids = append(ids, c.BatchID)
			}
		}
		return ids
	}
	l.again = func() *client.Client {
		return service.Client(client.WithHTTPClient(&http.Client{Transport: l.watch}))
	}
	l.client = l.again()
	sum.add(func(s *tally) { s.Scenarios++ })
	return l
}

// checkItemOfADay checks that a result is that of its request, or one that the fake draws at random.
func checkItemOfADay(item *client.Item) error {
	m := item.Message()
	for _, drawn := range []error{client.ErrOverloaded, client.ErrAPI, client.ErrTimeout} {
		if errors.Is(item.Err(), drawn) {
			return nil
		}
	}
	if m != nil && (errors.Is(m.Err(), client.ErrTruncated) || errors.Is(m.Err(), client.ErrRefused)) {
		return nil
	}
	return checkItem(item)
}
