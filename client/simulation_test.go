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
//   - each batch that the service has taken is known to the caller, or reported as uncertain with itself among the
//     candidates;
//   - none is taken twice, unless the caller has asked for that;
//   - each result is given exactly once, or an error says what is missing;
//   - no call has left the origin, and no body is left open.
//
// A life takes minutes of the service's time, one in a hundred more than a day.
func TestSimulation(t *testing.T) {
	t.Parallel()
	if *oneSeed != 0 {
		live(t, *oneSeed)
		return
	}
	workers := uint64(runtime.GOMAXPROCS(0))
	for w := range workers {
		t.Run(fmt.Sprint(w), func(t *testing.T) {
			t.Parallel()
			for seed := w + 1; seed <= *seeds && !t.Failed(); seed += workers {
				live(t, seed)
			}
		})
	}
}

// TestSimulationRepeatsItself checks that a seed gives the same life again.
func TestSimulationRepeatsItself(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 20; seed++ {
		if diff := cmp.Diff(live(t, seed), live(t, seed)); diff != "" {
			t.Errorf("seed %d: %s", seed, diff)
		}
	}
}

// live lives one life and returns the calls of it, in order.
func live(t *testing.T, seed uint64) (calls []string) {
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
		l := newLife(t, seed)
		l.run()
		calls = l.weather.log
		slices.Sort(calls)
		if t.Failed() {
			t.Logf("seed %d: its calls were\n%s", seed, strings.Join(calls, "\n"))
		}
	})
	return calls
}

// A life is that of the batches of one program.
type life struct {
	*testing.T
	rng     *rand.Rand // of what the program does
	service *batchtest.Service
	weather *weather
	watch   *originWatch
	client  *client.Client
	other   *client.Client // another program's, with batches of the same size
	size    int            // of each batch
	twice   bool           // it creates at least once
	tries   int
}

func newLife(t *testing.T, seed uint64) *life {
	rng := rand.New(rand.NewPCG(seed, 0))
	duration := time.Duration(rng.IntN(20*60)) * time.Second
	if seed%100 == 0 {
		duration = time.Duration(20+rng.IntN(10)) * time.Hour // the last ones expire
	}
	l := &life{T: t, rng: rng, size: 1 + rng.IntN(6), twice: rng.IntN(8) == 0}
	l.service = batchtest.Start(batchtest.WithDuration(duration))
	l.service.Advance(time.Duration(rng.IntN(2001)-1000) * time.Minute)
	l.service.Answer("r1", batchtest.Errored(&gen.BetaOverloadedError{Message: "Busy."}))
	l.weather = newWeather(seed, l.service, rng.Float64()*0.9)
	l.watch = watchOrigin(l.service)
	l.other = newClient(t, l.service)
	share := rng.Float64()
	l.client = newClient(t, l.service, client.WithHTTPClient(&http.Client{Transport: l.watch}),
		client.WithRandom(func(n time.Duration) time.Duration { return time.Duration(share * float64(n)) }))
	return l
}

// A creation is a call of Create and what came of it.
type creation struct {
	name         string
	began, ended time.Time // by the service's clock
	batch        *client.Batch
	err          error
}

func (l *life) run() {
	create(l, l.other, l.size)
	l.pause(time.Hour)
	creations := l.create()
	create(l, l.other, l.size)
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
	synctest.Wait()
	l.watch.check(l)
}

func (l *life) pause(most time.Duration) { pass(time.Duration(l.rng.Int64N(int64(most)))) }

// pass lets time pass, in the bubble of a life.
func pass(d time.Duration) { <-time.After(d) }

// chance is true once in n times.
func (l *life) chance(n int) bool { return l.rng.IntN(n) == 0 }

// context returns one that may end soon.
func (l *life) context(most time.Duration) (context.Context, context.CancelFunc) {
	if l.chance(2) {
		return context.WithTimeout(l.Context(), time.Duration(l.rng.Int64N(int64(most))))
	}
	return context.WithCancel(l.Context())
}

// try counts what the program tries. A program that has tried for long enough meets no more faults.
func (l *life) try() {
	if l.tries++; l.tries == 30 {
		l.weather.clear()
	}
	if l.tries == 200 {
		l.Fatal("the life does not end")
	}
}

func named(name string) client.CallOption { return client.WithHeader("x-call", name) }

// create creates one to three batches of the same size at the same time.
func (l *life) create() []*creation {
	var group sync.WaitGroup
	creations := make([]*creation, 1+l.rng.IntN(3))
	for i := range creations {
		c := &creation{name: fmt.Sprint("create-", i)}
		creations[i] = c
		ctx, cancel := l.context(20 * time.Minute)
		opts := []client.CallOption{named(c.name)}
		asLines := l.chance(2)
		if l.twice {
			opts = append(opts, client.WithAtLeastOnceCreate())
		}
		group.Go(func() {
			defer cancel()
			<-time.After(time.Duration(i) * 7 * time.Millisecond) // not at the same instant, so that the life can be repeated
			c.began = l.service.Now()
			if asLines {
				c.batch, c.err = l.client.CreateJSON(ctx, strings.NewReader(jsonLines(l.T, requests(l.size))), opts...)
			} else {
				c.batch, c.err = l.client.Create(ctx, client.BatchParams{Requests: requests(l.size)}, opts...)
			}
			c.ended = l.service.Now()
		})
	}
	group.Wait()
	return creations
}

// resolve finds out whether there is a batch, and returns its id.
func (l *life) resolve(c *creation, all []*creation) string {
	var uncertain *client.UncertainError
	switch {
	case c.batch != nil:
		return c.batch.ID
	case !errors.As(c.err, &uncertain):
		return ""
	}
	for {
		l.try()
		before := l.weather.takenBy(c.name)
		found, err := uncertain.Candidates(l.Context())
		if err != nil {
			if found.Complete {
				l.Errorf("%s: complete with an error: %v", c.name, err)
			}
			l.pause(10 * time.Minute)
			continue
		}
		if found.Complete {
			before = l.weather.takenBy(c.name) // none can have come since
		}
		for _, id := range before {
			if !slices.ContainsFunc(found.Batches, func(b *client.Batch) bool { return b.ID == id }) {
				l.Errorf("%s: %s was taken and is no candidate, complete %v", c.name, id, found.Complete)
			}
		}
		for _, b := range found.Batches {
			const off = 2*time.Minute + time.Second // by what Date says, and when it comes
			if b.CreatedAt.Before(c.began.Add(-2*time.Minute-off)) || b.CreatedAt.After(c.ended.Add(12*time.Minute+off)) ||
				slices.ContainsFunc(all, func(c *creation) bool { return c.batch != nil && c.batch.ID == b.ID }) {
				l.Errorf("%s: %s of %v is a candidate", c.name, b.ID, b.CreatedAt)
			}
		}
		if found.Complete {
			break
		}
		<-time.After(time.Until(found.Until))
	}
	// Which of several candidates it is, the results would tell.
	if taken := l.weather.takenBy(c.name); len(taken) > 0 {
		return taken[0]
	}
	return ""
}

// settle checks in the end what a caller of Create was told.
func (l *life) settle(c *creation) {
	taken := l.weather.takenBy(c.name)
	switch {
	case len(taken) > 1 && !l.twice:
		l.Errorf("%s: %v were taken", c.name, taken)
	case c.batch != nil && !slices.Contains(taken, c.batch.ID):
		l.Errorf("%s: got %s, but %v was taken", c.name, c.batch.ID, taken)
	case c.batch == nil && len(taken) > 0 && !errors.As(c.err, new(*client.UncertainError)):
		l.Errorf("%s: %v was taken, but the caller was told %v", c.name, taken, c.err)
	case c.batch == nil && c.err == nil:
		l.Errorf("%s: neither a batch nor an error", c.name)
	}
}

// follow waits for a batch, reads its results and deletes it.
func (l *life) follow(id string) {
	if l.chance(5) {
		l.pause(10 * time.Minute)
		l.client.Cancel(l.Context(), id, named("cancel")) // or not: what it does shows later
	}
	batch := l.wait(id)
	want := batch.RequestCounts
	if want.Processing != 0 || want.Succeeded+want.Errored+want.Canceled+want.Expired != int64(l.size) {
		l.Errorf("%s has ended with %+v", id, want)
	}
	for {
		l.try()
		if l.results(batch) {
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

func (l *life) wait(id string) *client.Batch {
	for {
		l.try()
		ctx, cancel := l.context(10 * time.Hour)
		b, err := l.client.Wait(ctx, id, client.WaitOptions{}, named("wait"))
		cancel()
		if err == nil {
			if b == nil || b.ID != id || !b.Ended() {
				l.Fatalf("waiting for %s gives %+v", id, b)
			}
			return b
		}
		var w *client.WaitError
		if !errors.As(err, &w) || w.BatchID != id || b != w.Last {
			l.Errorf("waiting for %s: %v", id, err)
		}
		l.pause(10 * time.Minute)
	}
}

// results reads the results once and reports whether that gave all of them.
func (l *life) results(batch *client.Batch) (all bool) {
	ctx, cancel := l.context(10 * time.Minute)
	defer cancel()
	leave := -1
	if l.chance(10) {
		leave = l.rng.IntN(l.size + 1)
	}
	given := make(map[string]bool)
	bad := 0
	var last error
	for item, err := range l.client.Results(ctx, batch.ID, named("results")) {
		if last != nil {
			l.Errorf("%s: something follows %v", batch.ID, last)
		}
		if item != nil && !errors.As(err, new(*client.LineError)) {
			if given[item.CustomID] {
				l.Errorf("%s: %s was given twice", batch.ID, item.CustomID)
			}
			given[item.CustomID] = true
			l.checkItem(item)
		}
		if errors.As(err, new(*client.LineError)) {
			bad++
		} else if err != nil {
			last = err
		}
		if len(given) == leave {
			return false
		}
	}
	var incomplete *client.IncompleteError
	switch {
	case last == nil && len(given)+bad < l.size:
		l.Errorf("%s: %d results and %d bad lines of %d, and no error", batch.ID, len(given), bad, l.size)
	case last != nil && len(given) > 0 && !errors.As(last, &incomplete):
		l.Errorf("%s: %d results of %d, and no word of what is missing: %v", batch.ID, len(given), l.size, last)
	case incomplete != nil:
		got := incomplete.Got
		if incomplete.Want != batch.RequestCounts || got.Succeeded+got.Errored+got.Canceled+got.Expired != int64(len(given)) {
			l.Errorf("%s: %d results, but %+v", batch.ID, len(given), incomplete)
		}
		if len(given) == l.size {
			l.Errorf("%s: all were given, but %v", batch.ID, last)
		}
	}
	return last == nil && len(given) == l.size
}

// checkItem checks that a result is that of its request.
func (l *life) checkItem(item *client.Item) {
	switch err := item.Err(); {
	case item.CustomID == "r1" && errors.Is(err, client.ErrOverloaded):
	case err == nil && item.Text() == "You said: Hello, number "+item.CustomID[1:]:
	case errors.Is(err, client.ErrCanceled) || errors.Is(err, client.ErrExpired):
	default:
		l.Errorf("%s has the result %s", item.CustomID, item.Raw)
	}
}
