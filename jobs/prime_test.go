package jobs

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs/price"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// handbook is a text of 3,000 tokens, as counted by the fake.
func handbook(name string) string { return strings.Repeat(name+" answers by the book. ", 600) }

// cachedLine returns a request with a system prompt, which is cached except for its last block.
func cachedLine(id, system, ttl string) string {
	return fmt.Sprintf(`{"custom_id":%q,"params":{"model":"claude-opus-5","max_tokens":10,"system":[{"type":"text","text":%q,"cache_control":{"type":"ephemeral","ttl":%q}}],`+
		`"messages":[{"role":"user","content":"Say %s"}]}}`+"\n", id, system, ttl, id)
}

// prime sets the requests of a world so that groups of n share a handbook.
func (w *world) prime(n int, books ...string) {
	var b strings.Builder
	for i := range n {
		for _, book := range books {
			b.WriteString(cachedLine(fmt.Sprintf("%s %d", book, i), handbook(book), "1h"))
		}
	}
	w.disk.put(worldInput, b.String())
}

// TestPriming measures how often concurrent requests find their prefix in the cache, with and without priming.
func TestPriming(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		without   bool
		least     float64 // hit rate
		most      float64
		saves     bool
		firstSize int // requests of the first batch
	}{
		"with":    {false, 0.98, 1, true, 2},
		"without": {true, 0, 0.01, false, 50},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 0, store.NewMemory(), Options{MaxRequests: 50, WithoutPriming: c.without}, batchtest.WithDuration(0))
				w.prime(100, "Ann", "Bob")
				r, err := w.live(newFuse(point{}))
				if err == nil {
					err = w.check(r, 200)
				}
				if err != nil {
					t.Fatal(err)
				}
				cache := r.Costs.Cache
				t.Logf("%.1f %% of %d tokens were read from the cache, which saved %v of %v", 100*cache.HitRate, cache.Read+cache.Written, cache.Saved, r.Costs.Actual)
				if cache.HitRate < c.least || cache.HitRate > c.most || (cache.Saved > 0) != c.saves {
					t.Errorf("%+v", cache)
				}
				batches := w.service.Batches()
				if n := len(w.service.Requests(batches[0].ID)); n > c.firstSize || n < c.firstSize*4/5 {
					t.Errorf("the first of %d batches has %d requests", len(batches), n)
				}
				for _, b := range batches[1:] {
					if !c.without && b.CreatedAt.Before(batches[0].EndedAt) {
						t.Errorf("a batch was created at %v, before that of the primers ended at %v", b.CreatedAt, batches[0].EndedAt)
					}
				}
			})
		})
	}
}

// TestPrimers checks which requests are primers.
func TestPrimers(t *testing.T) {
	t.Parallel()
	repeat := func(n int, system, ttl string) (lines []string) {
		for i := range n {
			lines = append(lines, cachedLine(fmt.Sprintf("%.3s %d %d", system, len(system), i), system, ttl))
		}
		return lines
	}
	nested := func(n int, first, second string) (lines []string) {
		for i := range n {
			line := cachedLine(fmt.Sprintf("nested %s %d", second, i), handbook(first), "1h")
			lines = append(lines, strings.Replace(line, `"}}],`, fmt.Sprintf(`"}},{"type":"text","text":%q,"cache_control":{"type":"ephemeral","ttl":"1h"}}],`, handbook(second)), 1))
		}
		return lines
	}
	for name, c := range map[string]struct {
		lines []string
		want  []int64
	}{
		"shared":        {repeat(20, handbook("Ann"), "1h"), []int64{0}},
		"two prefixes":  {append(repeat(25, handbook("Ann"), "1h"), repeat(20, handbook("Bob"), "1h")...), []int64{0, 25}},
		"nested":        {append(nested(20, "Ann", "Bob"), nested(20, "Ann", "Carl")...), []int64{0, 20}},
		"nested/unique": {append(nested(19, "Ann", "Bob"), nested(19, "Ann", "Carl")...), []int64{0}},
		"none/few":      {repeat(19, handbook("Ann"), "1h"), nil},
		"none/minutes":  {repeat(30, handbook("Ann"), "5m"), nil},
		"none/short":    {repeat(30, "Answer by the book.", "1h"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newMemDisk()
			d.put("/cached.jsonl", "\n\n"+strings.Join(c.lines, "\n"))
			p, err := findPrimers(t.Context(), d, "/cached.jsonl", price.Default(), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, e := range p.entries {
				got = append(got, e.index)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("primers are %v, want %v", got, c.want)
			}
		})
	}
}

// TestPrimersPlan divides random inputs: each request is in one batch, and each batch reads the requests that were planned.
func TestPrimersPlan(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 0, store.NewMemory(), Options{MaxRequests: 1 + random.IntN(30)})
			var lines []string
			books := 1 + random.IntN(4)
			for i := range 20 + random.IntN(80) {
				lines = append(lines, strings.Repeat("\n", random.IntN(2))+cachedLine(fmt.Sprint("request ", i), handbook(fmt.Sprint("Ann ", random.IntN(books))), "1h"))
			}
			w.disk.put(worldInput, strings.Join(lines, ""))
			j, err := w.open(t.Context(), newFuse(point{}))
			if err != nil {
				t.Fatal(err)
			}
			if err := j.plan(t.Context(), worldInput); err != nil {
				t.Fatal(err)
			}
			e := j.engine(w.service.Client(), worldInput)
			seen := make(map[int64]bool)
			var batches []*store.Batch
			_ = w.store.View(t.Context(), func(tx store.Tx) (err error) {
				batches, err = tx.Batches(j.ID(), nil, 0, 0)
				return err
			})
			for _, b := range batches {
				indexes, err := e.indexes(t.Context(), b)
				if err != nil {
					t.Fatal(err)
				}
				for r, err := range e.input.requests(t.Context(), b) {
					if err != nil {
						t.Fatal(err)
					}
					if !strings.Contains(string(r.text), fmt.Sprintf(`"request %d"`, r.index)) || seen[r.index] || indexes[0] != r.index {
						t.Fatalf("batch %d has request %d: %.40s", b.Seq, r.index, r.text)
					}
					seen[r.index], indexes = true, indexes[1:]
				}
			}
			if len(seen) != len(lines) {
				t.Fatalf("%d of %d requests are in batches", len(seen), len(lines))
			}
		})
	}
}

// TestPrimeWait: the others are sent after an hour, or at once if it is unknown whether the primers were accepted.
func TestPrimeWait(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		duration    time.Duration
		fault       batchtest.Fault
		least, most time.Duration // until the second batch is created
	}{
		"primers take 10 hours":   {10 * time.Hour, nil, 59 * time.Minute, 61 * time.Minute},
		"primers take 10 minutes": {10 * time.Minute, nil, 10 * time.Minute, 12 * time.Minute},
		"primers are doubtful":    {10 * time.Hour, batchtest.DropAfter(), 0, 2 * time.Minute},
		"primers are refused":     {10 * time.Minute, batchtest.Status(529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded."}}`), 10 * time.Minute, 13 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 0, store.NewMemory(), Options{MaxRequests: 50}, batchtest.WithDuration(c.duration))
				w.prime(60, "Ann")
				if c.fault != nil {
					w.service.Inject(batchtest.Create, c.fault)
				}
				began := w.service.Now()
				r, err := w.live(newFuse(point{}))
				if err == nil {
					err = w.check(r, 60)
				}
				if err != nil {
					t.Fatal(err)
				}
				batches := w.service.Batches()
				if after := batches[1].CreatedAt.Sub(began); after < c.least || after > c.most {
					t.Errorf("the second batch was created after %v", after)
				}
			})
		})
	}
}

// TestPrimingSurvives kills the program of a job with primers at every point, and checks that each request is accepted once.
func TestPrimingSurvives(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, at point) (points []point, err error) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 0, store.NewMemory(), Options{MaxRequests: 20})
			w.options.OnEvent = nil
			w.prime(22, "Ann", "Bob")
			f := newFuse(at)
			r, first := w.live(f)
			points = f.points
			if f.dead {
				r, first = w.live(newFuse(point{}))
			}
			if err = first; err == nil {
				err = w.check(r, 44)
			}
		})
		return points, err
	}
	points, err := run(t, point{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range points {
		if p.n > 1 || testing.Short() && n > 20 {
			continue
		}
		n++
		if _, err := run(t, p); err != nil && !errors.Is(err, errDead) {
			t.Errorf("killed at %v: %v", p, err)
		}
	}
	if n < 20 {
		t.Errorf("only %d points", n)
	}
	t.Logf("%d kills", n)
}

// TestPrimingRebuilt loses the database of a job with primers, in each state of the batch of the primers or of other
// batches.
func TestPrimingRebuilt(t *testing.T) {
	t.Parallel()
	for _, at := range []point{
		{"response to POST ", 1}, // of the primers
		{"before commit of (*engine).collect", 1},
		{"after commit of (*engine).collect", 1},
		{"response to POST ", 2},
		{"after commit of (*engine).collect", 2},
		{}, // the database is lost when the job is done
	} {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 0, store.NewMemory(), Options{MaxRequests: 20})
				w.prime(22, "Ann", "Bob")
				f := newFuse(at)
				if _, err := w.live(f); f.dead == (err == nil) || f.dead != (at.n > 0) {
					t.Fatalf("the program died: %v, %v", f.dead, err)
				}
				if err := w.lose(); err != nil {
					t.Fatal(err)
				}
				r, err := w.live(newFuse(point{}))
				if err == nil {
					err = w.check(r, 44)
				}
				if err != nil {
					t.Error(err)
				}
			})
		})
	}
}
