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
	oneSeed = flag.Uint64("seed", 0, "live the one life of TestSimulation that has this seed")
	seeds   = flag.Uint64("seeds", 1000, "how many lives TestSimulation lives")
)

// TestSimulation lives the lives of batches, from create to delete, with a service that fails at random wherever it can.
// It checks that
//
//   - each batch that the service has accepted is known to the caller, or reported as uncertain with itself among the
//     candidates;
//   - none is accepted twice, unless the caller has asked for that, nor would be if the caller sent it again where the
//     candidates say that it can;
//   - each result is yielded exactly once, or an error says what is missing;
//   - waiting and results outlast a batch that is not found for a while;
//   - no call has left the origin, and no body is left open.
//
// A life takes minutes of the service's time, one in a hundred more than a day. With -v the totals are logged.
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

// TestSimulationRepeatsItself checks that a seed gives the same life again.
func TestSimulationRepeatsItself(t *testing.T) {
	t.Parallel()
	sum := new(totals)
	for seed := uint64(1); seed <= 20; seed++ {
		if diff := cmp.Diff(runScenario(t, seed, sum), runScenario(t, seed, sum)); diff != "" {
			t.Errorf("seed %d: %s", seed, diff)
		}
	}
}

// totals are what many lives come to.
type totals struct {
	mu sync.Mutex
	tally
}

type tally struct {
	Scenarios int

	// Of creates: all, those whose batch the service has accepted, those that returned it, those that were uncertain, and
	// those of which another process asked for the candidates.
	Creates, Accepted, Returned, Uncertain, Elsewhere int

	// Of uncertain ones in the end: complete with the batch among the candidates, with only batches of others, without
	// any; and not complete, of these those whose batch was not among the candidates.
	Adopted, Foreign, Free, Undecided, Outside int

	// Lost are accepted batches that nobody told of, and Duplicates those that were accepted twice, or would be if the caller
	// did what Candidates says.
	Lost, Duplicates int

	// Of results: yielded, and readings that were incomplete.
	Results, Incomplete int
}

func (s *totals) add(f func(*tally)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.tally)
}

// live lives one life and returns the calls of it, in order.
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

// A life is that of the batches of one program.
type scenario struct {
	*testing.T
	rng     *rand.Rand // of what the program does
	service *batchtest.Service
	network *network
	watch   *originWatch
	totals  *totals
	client  *client.Client
	again   func() *client.Client // makes another client, as the next process of the program does
	other   *client.Client        // another program's, with batches of the same size
	size    int                   // of each batch
	twice   bool                  // it creates at least once
	ahead   time.Duration         // the service's clock, of this machine's
	alone   bool                  // there are no batches of others while it runs
	marks   bool                  // it takes a watermark before
	dies    bool                  // another process of it looks for lost batches and reads the results
	seen    map[string]bool       // batches that the client has seen
	tries   int

	// What the service and its weather are asked.

	name    string                        // of the program, before the names of its calls
	taken   func(name string) []string    // the ids of the batches that the service has accepted from a call
	foreign time.Duration                 // by how much the clock of a gateway is ahead at most
	clear   func()                        // lets calls meet no more faults
	checks  func(item *client.Item) error // what is wrong with a result
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
	var ids []string // what there is to wait for
	for _, c := range creations {
		if id := l.resolve(c, creations); id != "" {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		l.follow(id)
	}
	<-time.After(time.Hour) // the service has come to the end of what was late
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

// pass lets time pass, in the bubble of a life.
func pass(d time.Duration) { <-time.After(d) }

// chance is true once in n times.
func (l *scenario) chance(n int) bool { return l.rng.IntN(n) == 0 }

// context returns one that may end soon.
func (l *scenario) context(most time.Duration) (context.Context, context.CancelFunc) {
	if l.chance(2) {
		return context.WithTimeout(l.Context(), time.Duration(l.rng.Int64N(int64(most))))
	}
	return context.WithCancel(l.Context())
}

// try counts what the program tries. A program that has tried for long enough meets no more faults.
func (l *scenario) try() {
	if l.tries++; l.tries == 30 {
		l.clear()
	}
	if l.tries == 200 {
		l.Fatal("the life does not end")
	}
}

func named(name string) client.CallOption { return client.WithHeader("x-call", name) }

// follow waits for a batch, reads its results and deletes it.
func (l *scenario) follow(id string) {
	if l.chance(5) {
		l.pause(10 * time.Minute)
		l.client.Cancel(l.Context(), id, named("cancel")) // or not: what it does shows later
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
			l.Errorf("%s was deleted and is still there", id)
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
				l.Fatalf("waiting for %s gives %+v", id, b)
			}
			return b
		}
		var w *client.WaitError
		if !errors.As(err, &w) || w.BatchID != id || b != nil {
			l.Errorf("waiting for %s: %v", id, err)
		}
		var apiErr *client.APIError
		if l.seen[id] && !over && errors.As(err, &apiErr) && apiErr.StatusCode == 404 && apiErr.Detail != nil {
			l.Errorf("waiting for %s was ended by a 404 that passes: %v", id, err)
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
		l.Errorf("%s: %d results of %d, and no word of what is missing: %v", id, len(given), l.size, last)
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
