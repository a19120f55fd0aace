package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A fate decides what happens to the programs of one simulated job.
type fate struct {
	random  *rand.Rand
	mu      sync.Mutex
	deaths  int // number left
	stops   int // number left
	log     []string
	exposed bool // a program was suspended between its fence and the end of the body, which is a documented exception
}

// meets decides what happens to a program at a point.
func (f *fate) meets(name string) (dies bool, stops time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rare := 60
	if strings.Contains(name, "POST") || strings.Contains(name, "fence") || strings.Contains(name, "record") || strings.Contains(name, "conclude") {
		rare = 6
	}
	if f.random.IntN(rare) > 0 {
		return false, 0
	}
	switch {
	case f.deaths > 0 && f.random.IntN(2) == 0:
		f.deaths--
		f.log = append(f.log, fmt.Sprint(time.Now().Format("02 15:04:05"), " died at ", name))
		return true, 0
	case f.stops > 0 && f.random.IntN(2) == 0:
		f.stops--
		stops = time.Duration(f.random.Int64N(int64(3 * time.Hour)))
		switch name {
		case "after commit of (*engine).fence", "body of POST , middle", "body of POST , last byte", "body of POST , end":
			f.exposed = f.exposed || stops > realTiming.lease
		}
		f.log = append(f.log, fmt.Sprint(time.Now().Format("02 15:04:05"), " stopped for ", stops, " at ", name))
		return false, stops
	}
	return false, 0
}

// simulate runs a job of two batches of the same size with two owners that do not know of each other, until both have
// nothing left to do. It returns the number of duplicate batches.
func simulate(t *testing.T, seed uint64) (duplicates int, fate *fate, err error) {
	fate = newFate(seed)
	synctest.Test(t, func(t *testing.T) {
		const requests = 6
		random := fate.random
		w := newWorld(t, requests, store.NewMemory(), Options{MaxRequests: 3},
			batchtest.WithSeed(seed), batchtest.WithDuration(time.Duration(random.Int64N(int64(5*time.Hour)))), batchtest.WithListLag(time.Duration(random.Int64N(int64(5*time.Minute)))),
			batchtest.WithGetLag(time.Duration(random.Int64N(int64(5*time.Minute)))), batchtest.WithClockSkew(time.Second),
			batchtest.WithRandomFaults(0.05, "dropped", "lost", "held", "hidden-502", "500", "529", "omitted", "broken"),
		)
		w.options.OnEvent = nil
		if random.IntN(2) == 0 {
			w.service.Inject(batchtest.Create, batchtest.DropThenAct(time.Duration(random.Int64N(int64(29*time.Minute)))))
		}
		var j *Job
		if j, err = w.planned(t.Context()); err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*24*time.Hour)
		defer cancel()
		go func() { // foreign batches
			for range 3 {
				_ = sleep(ctx, time.Duration(rand.Int64N(int64(2*time.Hour))))
				if ctx.Err() == nil {
					w.service.Seed(3, time.Time{})
				}
			}
		}()
		if err = errors.Join(w.ownTwice(ctx, j, fate)...); err == nil {
			duplicates, err = w.judge(ctx, j, requests, fate)
		}
		cancel()
		if err != nil {
			w.dump(fate)
		}
		_ = sleep(context.Background(), 4*time.Hour) // until the last suspended program has ended
	})
	return duplicates, fate, err
}

// dump logs the events.
func (w *world) dump(fate *fate) {
	_ = w.store.View(context.Background(), func(tx store.Tx) error {
		ids, err := tx.Jobs()
		if err != nil {
			return err
		}
		events, err := tx.Events(ids[0], 0, 0)
		for _, e := range events {
			fate.log = append(fate.log, fmt.Sprint(e.At.Format("02 15:04:05"), " ", e.Kind, " ", e.Seq, " attempt ", e.Attempt, ": ", e.Text))
		}
		return err
	})
	for _, b := range w.service.Batches() {
		fate.log = append(fate.log, fmt.Sprint(b.CreatedAt.Format("02 15:04:05"), " service: ", b.ID, " ", w.service.Requests(b.ID)[0].CustomID))
	}
	slices.Sort(fate.log)
	w.t.Log(strings.Join(fate.log, "\n"))
}

func newFate(seed uint64) *fate {
	random := rand.New(rand.NewPCG(seed, 7))
	return &fate{random: random, deaths: random.IntN(5), stops: random.IntN(3)}
}

// planned opens the job and divides its input.
func (w *world) planned(ctx context.Context) (*Job, error) {
	j, err := w.open(ctx, newFuse(point{}))
	if err == nil {
		err = j.plan(ctx, worldInput)
	}
	return j, err
}

// ownTwice has two machines run the job, until both have nothing left to do, and then ends the faults of the service.
func (w *world) ownTwice(ctx context.Context, j *Job, fate *fate) []error {
	errs := make([]error, 2)
	var owners sync.WaitGroup
	for i := range errs {
		owners.Go(func() { errs[i] = w.own(ctx, j, i, fate) })
	}
	owners.Wait()
	w.service.StopFaults()
	return errs
}

// own simulates one machine: it runs the job in one program after the other, until one has nothing left to do.
func (w *world) own(ctx context.Context, j *Job, machine int, fate *fate) error {
	for life := 0; ; life++ {
		mine, die := context.WithCancel(ctx)
		f := newFuse(point{})
		f.die = die
		f.meets = fate.meets
		job := *j
		job.store = fusedStore{w.store, f}
		c := w.service.Client(client.WithHTTPClient(&http.Client{Transport: fusedTransport{w.service.HTTPClient().Transport, f}}))
		e := job.engine(c, worldInput)
		e.owner, e.alone = fmt.Sprintf("machine %d, life %d", machine, life), false
		err := newLoop(e, &job, time.Time{}).run(mine)
		die()
		f.mu.Lock()
		dead := f.dead
		f.mu.Unlock()
		if !dead || ctx.Err() != nil {
			return err
		}
		if err := sleep(ctx, time.Duration(rand.Int64N(int64(time.Hour)))); err != nil {
			return err
		}
	}
}

// judge finishes the job and checks what the service accepted: duplicates are counted, and no foreign batches were canceled.
func (w *world) judge(ctx context.Context, j *Job, requests int64, fate *fate) (duplicates int, err error) {
	j.store = fusedStore{w.store, newFuse(point{})}
	e := j.engine(w.service.Client(), worldInput)
	// A suspended program may have continued after the other one was done.
	l := newLoop(e, j, time.Time{})
	if err := l.run(ctx); err != nil {
		return 0, err
	}
	if err := j.finish(ctx, e, requests, l.doubles); err != nil {
		return 0, err
	}
	r, err := j.report(ctx)
	if err != nil {
		return 0, err
	}
	if err := w.complete(r.Output); err != nil {
		return 0, err
	}
	batches := make(map[string][]string) // batches on the server, by request and round
	ours := make(map[string]bool)
	for _, b := range w.service.Batches() {
		for _, q := range w.service.Requests(b.ID) {
			if id, ok := parseWireID(q.CustomID); ok {
				key := fmt.Sprint(id.line, " in round ", id.round)
				batches[key], ours[b.ID] = append(batches[key], b.ID), true
			}
		}
	}
	for _, c := range w.service.Calls(batchtest.Cancel) {
		if !ours[c.BatchID] {
			return 0, fmt.Errorf("foreign batch %s was canceled", c.BatchID)
		}
	}
	for key, ids := range batches {
		counted := 0
		for _, id := range ids {
			if slices.Contains(r.Duplicates, id) || slices.Contains(r.PossibleDuplicates, id) {
				counted++
			}
		}
		if len(ids)-counted != 1 {
			return 0, fmt.Errorf("request %s is in the batches %v, of which %d are counted as duplicates", key, ids, counted)
		}
		if len(ids) > 1 && !fate.exposed {
			return 0, fmt.Errorf("request %s is in the batches %v", key, ids)
		}
		duplicates = max(duplicates, len(ids)-1)
	}
	return duplicates, nil
}

// TestSimulation runs jobs with two owners each, which die and are suspended anywhere, on a service that loses responses,
// acts late and lists late, and that has foreign batches of the same sizes. JOBS_SEEDS is the number of jobs.
func TestSimulation(t *testing.T) {
	t.Parallel()
	seeds := 150
	if text := os.Getenv("JOBS_SEEDS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		seeds = n
	}
	exposed, duplicates := 0, 0
	for range seeds {
		seed := rand.Uint64()
		n, fate, err := simulate(t, seed)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		duplicates += n
		if fate.exposed {
			exposed++
		}
	}
	t.Logf("%d jobs; in %d a program was suspended after its fence, in %d of these a duplicate batch was counted", seeds, exposed, duplicates)
}
