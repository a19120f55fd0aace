package client_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

var (
	oneSeed = flag.Uint64("seed", 0, "run only the scenario of TestSimulation with this seed")
	seeds   = flag.Uint64("seeds", 1000, "how many scenarios TestSimulation runs")
)

// TestSimulation simulates the lifecycle of batches, from create to delete, with a service that fails at random wherever it
// can. It checks that
//
//   - each batch that the service has accepted is known to the caller, or reported as uncertain and among the candidates;
//   - no batch is accepted twice, unless the caller has asked for that, or would be if the caller resent it when Candidates
//     allows it;
//   - each result is yielded exactly once, or an error counts it as missing;
//   - Wait and Results outlast a batch that is not found for a while;
//   - no call leaves the origin, and every body is closed.
//
// A scenario takes minutes of the service's time, one in a hundred more than a day. With -v the totals are logged.
func TestSimulation(t *testing.T) {
	t.Parallel()
	sum := new(totals)
	t.Cleanup(func() { t.Logf("totals: %+v", sum.tally) })
	if *oneSeed != 0 {
		runScenario(t, *oneSeed, sum)
		return
	}
	workers := uint64(runtime.GOMAXPROCS(0))
	for w := range workers {
		t.Run(fmt.Sprint(w), func(t *testing.T) {
			t.Parallel()
			for seed := w + 1; seed <= *seeds && !t.Failed(); seed += workers {
				runScenario(t, seed, sum)
			}
		})
	}
}

// TestSimulationRepeatsItself checks that a seed produces the same scenario again.
func TestSimulationRepeatsItself(t *testing.T) {
	t.Parallel()
	sum := new(totals)
	for seed := uint64(1); seed <= 20; seed++ {
		if diff := cmp.Diff(runScenario(t, seed, sum), runScenario(t, seed, sum)); diff != "" {
			t.Errorf("seed %d: %s", seed, diff)
		}
	}
}

// totals are the totals of many scenarios.
type totals struct {
	mu sync.Mutex
	tally
}

type tally struct {
	Scenarios int

	// Numbers of creates: all, those whose batch the service accepted, those that returned it, those that were uncertain,
	// and those whose candidates another process listed.
	Creates, Accepted, Returned, Uncertain, Elsewhere int

	// Numbers of uncertain creates at the end: complete with the batch among the candidates, with only batches of others,
	// or without candidates; and not complete, and of these the ones whose batch was not among the candidates.
	Adopted, Foreign, Free, Undecided, Outside int

	// Lost are accepted batches that were not reported, and Duplicates those that were accepted twice, or would be if the
	// caller followed Candidates.
	Lost, Duplicates int

	// Numbers of results that were yielded, and of readings that were incomplete.
	Results, Incomplete int
}

func (s *totals) add(f func(*tally)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.tally)
}

// runScenario runs one scenario and returns its calls, in order.
func runScenario(t *testing.T, seed uint64, sum *totals) (calls []string) {
	t.Helper()
	defer func() {
		p := recover()
		if p != nil || t.Failed() {
			t.Logf("seed %d; again: go test ./client -run '^TestSimulation$' -seed %[1]d", seed)
		}
		if p != nil {
			panic(p)
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		l := newScenario(t, seed)
		l.totals = sum
		sum.add(func(s *tally) { s.Scenarios++ })
		l.run()
		calls = l.network.log
		slices.Sort(calls)
		if t.Failed() {
			t.Logf("seed %d: its calls were\n%s", seed, strings.Join(calls, "\n"))
		}
	})
	return calls
}

// A scenario is the lifecycle of the batches of one program.
type scenario struct {
	*testing.T
	rng     *rand.Rand // decides what the program does
	service *batchtest.Service
	network *network
	watch   *originWatch
	totals  *totals
	client  *client.Client
	again   func() *client.Client // makes another client, as the next process of the program does
	other   *client.Client        // of another program, with batches of the same size
	size    int                   // of each batch
	twice   bool                  // it uses WithAtLeastOnceCreate
	ahead   time.Duration         // the service's clock, relative to this machine's
	alone   bool                  // there are no batches of others while it runs
	marks   bool                  // it takes a watermark before it creates batches
	dies    bool                  // another process looks for its lost batches and reads their results
	seen    map[string]bool       // batches that the client has seen
	tries   int

	// Questions to the service and the network.

	name    string                        // of the program; a prefix of the names of its calls
	taken   func(name string) []string    // the ids of the batches that the service has accepted from a call
	foreign time.Duration                 // the most that the clock of a gateway is ahead
	clear   func()                        // ends all faults
	checks  func(item *client.Item) error // returns the fault of a result
}

func newScenario(t *testing.T, seed uint64) *scenario {
	rng := rand.New(rand.NewPCG(seed, 0))
	duration := time.Duration(rng.IntN(20*60)) * time.Second
	if seed%100 == 0 {
		duration = time.Duration(20+rng.IntN(10)) * time.Hour // the last ones expire
	}
	l := &scenario{
		T: t, rng: rng, size: 1 + rng.IntN(6), twice: rng.IntN(8) == 0,
		alone: rng.IntN(2) == 0, marks: rng.IntN(2) == 0, dies: rng.IntN(3) == 0, seen: make(map[string]bool),
	}
	var foreign time.Duration
	if rng.IntN(2) == 0 {
		foreign = time.Duration(rng.IntN(601)-300) * time.Minute
	}
	var getLag, listLag time.Duration
	if rng.IntN(3) == 0 {
		getLag = time.Duration(rng.IntN(240)) * time.Second
	}
	if rng.IntN(2) == 0 {
		listLag = time.Duration(rng.IntN(540)) * time.Second
	}
	l.service = batchtest.Start(batchtest.WithDuration(duration), batchtest.WithGetLag(getLag), batchtest.WithListLag(listLag))
	l.ahead = time.Duration(rng.IntN(2001)-1000) * time.Minute
	l.service.Advance(l.ahead)
	l.service.Answer("r1", batchtest.Errored(&gen.BetaOverloadedError{Message: "Busy."}))
	l.network = newNetwork(seed, l.service, rng.Float64()*0.9, foreign)
	l.taken, l.foreign, l.clear, l.checks = l.network.takenBy, foreign, l.network.clear, checkItem
	l.watch = watchOrigin(l.service)
	l.other = l.service.Client()
	share := rng.Float64()
	l.again = func() *client.Client {
		return l.service.Client(client.WithHTTPClient(&http.Client{Transport: l.watch}),
			client.WithRandom(func(n time.Duration) time.Duration { return time.Duration(share * float64(n)) }))
	}
	l.client = l.again()
	return l
}

func (l *scenario) run() {
	l.network.otherID = create(l, l.other, l.size).ID
	l.pause(time.Hour)
	l.colleagues()
	l.program()
	synctest.Wait()
	l.watch.check(l)
}

// program creates batches and follows them to their end.
func (l *scenario) program() {
	creations := l.create()
	if !l.alone {
		create(l, l.other, l.size)
		l.colleagues()
	}
	if l.dies {
		l.client = l.again()
		clear(l.seen)
	}
	var ids []string // batches to wait for
	for _, c := range creations {
		if id := l.resolve(c, creations); id != "" {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		l.follow(id)
	}
	<-time.After(time.Hour) // all delayed work of the service is done
	for _, c := range creations {
		l.settle(c)
	}
}

// colleagues create batches of the same size, on machines of the service whose clocks differ by up to a minute.
func (l *scenario) colleagues() {
	for range l.rng.IntN(4) {
		l.service.Seed(l.size, l.service.Now().Add(time.Duration(l.rng.IntN(121)-60)*time.Second))
		if l.chance(2) {
			l.pause(3 * time.Minute)
		}
	}
}

func (l *scenario) pause(most time.Duration) { pass(time.Duration(l.rng.Int64N(int64(most)))) }

// pass lets time pass, in the bubble of a scenario.
func pass(d time.Duration) { <-time.After(d) }

// chance is true once in n times.
func (l *scenario) chance(n int) bool { return l.rng.IntN(n) == 0 }

// context returns a context that may end soon.
func (l *scenario) context(most time.Duration) (context.Context, context.CancelFunc) {
	if l.chance(2) {
		return context.WithTimeout(l.Context(), time.Duration(l.rng.Int64N(int64(most))))
	}
	return context.WithCancel(l.Context())
}

// try counts attempts of the program. After enough attempts it meets no more faults.
func (l *scenario) try() {
	if l.tries++; l.tries == 30 {
		l.clear()
	}
	if l.tries == 200 {
		l.Fatal("the scenario does not end")
	}
}

func named(name string) client.CallOption { return client.WithHeader("x-call", name) }

// follow waits for a batch, reads its results and deletes it.
func (l *scenario) follow(id string) {
	if l.chance(5) {
		l.pause(10 * time.Minute)
		l.client.Cancel(l.Context(), id, named("cancel")) // errors do not matter: the effect shows later
	}
	batch := l.wait(id)
	want := batch.RequestCounts
	if batch.Malformed == nil && (want.Processing != 0 || want.Succeeded+want.Errored+want.Canceled+want.Expired != int64(l.size)) {
		l.Errorf("%s has ended with %+v", id, want)
	}
	for {
		l.try()
		if l.results(id) {
			break
		}
		l.pause(10 * time.Minute)
	}
	if l.chance(2) {
		if err := l.client.Delete(l.Context(), id, named("delete")); err == nil && slices.ContainsFunc(l.service.Batches(), func(b gen.BetaMessageBatch) bool { return b.ID == id }) {
			l.Errorf("%s was deleted and still exists", id)
		}
	}
}

func (l *scenario) wait(id string) *client.Batch {
	for {
		l.try()
		ctx, cancel := l.context(10 * time.Hour)
		var opts []client.CallOption
		if l.chance(3) {
			opts = append(opts, client.WithPollInterval(time.Minute, 10*time.Minute))
		}
		b, err := l.client.Wait(ctx, id, append(opts, named("wait"), client.OnPoll(func(*client.Batch) { l.seen[id] = true }))...)
		over := ctx.Err() != nil
		cancel()
		if err == nil {
			if b == nil || b.ID != id || !b.Ended() {
				l.Fatalf("waiting for %s: got %+v", id, b)
			}
			return b
		}
		var w *client.WaitError
		if !errors.As(err, &w) || w.BatchID != id || b != nil {
			l.Errorf("waiting for %s: %v", id, err)
		}
		var apiErr *client.APIError
		if l.seen[id] && !over && errors.As(err, &apiErr) && apiErr.StatusCode == 404 && apiErr.Detail != nil {
			l.Errorf("waiting for %s was ended by a temporary 404: %v", id, err)
		}
		l.pause(10 * time.Minute)
	}
}

// results reads the results once and reports whether that yielded all of them.
func (l *scenario) results(id string) (all bool) {
	ctx, cancel := l.context(10 * time.Minute)
	defer cancel()
	leave := -1
	if l.chance(10) {
		leave = l.rng.IntN(l.size + 1)
	}
	given := make(map[string]bool)
	var last error
	for item, err := range l.client.Results(ctx, id, named("results")) {
		if last != nil {
			l.Errorf("%s: something follows %v", id, last)
		}
		if (item == nil) == (err == nil) {
			l.Errorf("%s: got %+v with %v", id, item, err)
		}
		if last = err; err != nil {
			continue
		}
		if item.CustomID != "" && item.Result != nil && !errors.Is(item.Err(), client.ErrDuplicateResult) {
			if given[item.CustomID] {
				l.Errorf("%s: %s was yielded twice", id, item.CustomID)
			}
			given[item.CustomID] = true
			if err := l.checks(item); err != nil {
				l.Error(err)
			}
		}
		if len(given) == leave {
			return false
		}
	}
	l.totals.add(func(s *tally) { s.Results += len(given) })
	var incomplete *client.IncompleteError
	switch {
	case last == nil && len(given) < l.size:
		l.Errorf("%s: %d results of %d, and no error", id, len(given), l.size)
	case last != nil && len(given) > 0 && !errors.As(last, &incomplete):
		l.Errorf("%s: %d results of %d, and the error does not count the missing ones: %v", id, len(given), l.size, last)
	case incomplete != nil:
		l.totals.add(func(s *tally) { s.Incomplete++ })
		got, want := incomplete.Got, incomplete.Want
		if got.Succeeded+got.Errored+got.Canceled+got.Expired != int64(len(given)) {
			l.Errorf("%s: %d results, but %+v", id, len(given), incomplete)
		}
		if known := want.Succeeded + want.Errored + want.Canceled + want.Expired; known == int64(l.size) && len(given) == l.size {
			l.Errorf("%s: all were yielded, but %v", id, last)
		}
	}
	return len(given) == l.size
}

// checkItem checks that a result is that of its request.
func checkItem(item *client.Item) error {
	switch err := item.Err(); {
	case item.Malformed != nil:
		if item.Message() == nil {
			return fmt.Errorf("%s has lost its result %s", item.CustomID, item.Raw)
		}
	case item.CustomID == "r1" && errors.Is(err, client.ErrOverloaded):
	case err == nil && item.Text() == "You said: Hello, number "+item.CustomID[1:]:
	case errors.Is(err, client.ErrCanceled) || errors.Is(err, client.ErrExpired):
	default:
		return fmt.Errorf("%s has the result %s", item.CustomID, item.Raw)
	}
	return nil
}
