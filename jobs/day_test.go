package jobs

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A day is many jobs that many workers serve, with the policy of package river: batches wait in the order of their Seqs,
// some of them check every minute whether they fit, and the first of these when others have ended.
type day struct {
	t       *testing.T
	service *batchtest.Service
	pools   []*Pool // one for each worker

	mu      sync.Mutex
	planned []Ref // planned batches that are not in due
	due     map[Ref]time.Time
	busy    map[Ref]bool
	collect []Ref
	proven  []Ref
	left    map[string]int // number of batches of a job that are not collected
	ended   int            // number of jobs that are done
	first   []time.Duration
	seconds map[int64]int // number of admissions in each second
	began   time.Time
}

const window = 300 // number of batches that check whether they fit

// A meter counts the calls of a client in each minute.
type meter struct {
	http.RoundTripper
	mu      sync.Mutex
	all     int
	minutes map[int64]int
}

// RoundTrip implements http.RoundTripper.
func (m *meter) RoundTrip(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	m.all++
	m.minutes[time.Now().Unix()/60]++
	m.mu.Unlock()
	return m.RoundTripper.RoundTrip(r)
}

// most returns the maximum number of calls in a minute.
func (m *meter) most() (n int) {
	for _, calls := range m.minutes {
		n = max(n, calls)
	}
	return n
}

// worker makes steps with a pool until all jobs are done.
func (d *day) worker(ctx context.Context, p *Pool) {
	for ctx.Err() == nil {
		d.mu.Lock()
		ref, kind := d.take()
		if kind != "" {
			d.busy[ref] = true
		}
		d.mu.Unlock()
		switch kind {
		case "":
			_ = sleep(ctx, 10*time.Second)
			continue
		case "submit":
			d.submit(ctx, p, ref)
		case "collect":
			d.read(ctx, p, ref)
		}
		d.mu.Lock()
		delete(d.busy, ref)
		d.mu.Unlock()
	}
}

// take returns the next task.
func (d *day) take() (Ref, string) {
	if len(d.collect) > 0 {
		ref := d.collect[0]
		d.collect = d.collect[1:]
		return ref, "collect"
	}
	for len(d.due) < window && len(d.planned) > 0 {
		d.due[d.planned[0]] = time.Now()
		d.planned = d.planned[1:]
	}
	var next Ref
	for ref, at := range d.due {
		if !d.busy[ref] && !at.After(time.Now()) && (next == Ref{} || before(ref, next)) {
			next = ref
		}
	}
	if (next == Ref{}) {
		return next, ""
	}
	return next, "submit"
}

func before(a, b Ref) bool { return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Job, b.Job)) < 0 }

func (d *day) submit(ctx context.Context, p *Pool, ref Ref) {
	for {
		step, err := p.Advance(ctx, ref)
		if err != nil && ctx.Err() == nil {
			d.t.Error(err)
		}
		d.mu.Lock()
		if step.State == store.Proven {
			delete(d.due, ref)
			d.proven = append(d.proven, ref)
			d.seconds[time.Now().Unix()]++
			if ref.Seq == 1 {
				d.first = append(d.first, time.Since(d.began))
			}
		} else {
			d.due[ref] = time.Now().Add(step.Wait)
		}
		d.mu.Unlock()
		if step.State == store.Proven || step.Wait > 0 || err != nil {
			return
		}
	}
}

func (d *day) read(ctx context.Context, p *Pool, ref Ref) {
	step := Step{State: store.Ended}
	var err error
	for step.State == store.Ended && ctx.Err() == nil {
		if step, err = p.Advance(ctx, ref); err != nil && ctx.Err() == nil {
			d.t.Error(err)
		}
	}
	d.mu.Lock()
	d.left[ref.Job]--
	last := d.left[ref.Job] == 0
	d.mu.Unlock()
	if last {
		if done, step, err := p.Tend(ctx, ref.Job); !done || err != nil || step.Outage != nil {
			d.t.Errorf("job %s is not done: %v, %v", ref.Job, err, step.Outage)
		}
		d.mu.Lock()
		d.ended++
		d.mu.Unlock()
	}
}

// poller polls for all jobs.
func (d *day) poller(ctx context.Context, p *Pool, end func(), jobs int) {
	for {
		d.mu.Lock()
		refs := slices.Clone(d.proven)
		done := d.ended == jobs
		d.mu.Unlock()
		if done {
			end()
			return
		}
		moved, wait, outage := p.Poll(ctx, refs)
		if outage != nil {
			d.t.Error(outage)
		}
		d.mu.Lock()
		d.proven = slices.DeleteFunc(d.proven, func(ref Ref) bool { return slices.Contains(moved, ref) })
		d.collect = append(d.collect, moved...)
		d.wake(3 + 2*len(moved))
		d.mu.Unlock()
		_ = sleep(ctx, max(wait, time.Second))
	}
}

// wake makes the first waiting batches check at once.
func (d *day) wake(n int) {
	var waiting []Ref
	for ref := range d.due {
		waiting = append(waiting, ref)
	}
	slices.SortFunc(waiting, func(a, b Ref) int { return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Job, b.Job)) })
	for _, ref := range waiting[:min(n, len(waiting))] {
		d.due[ref] = time.Now()
	}
}

// TestDay runs many jobs for a day. With JOBS_DAY=1, it runs 1,000 jobs on 100 workers. Compare the logged calls with the
// limits of the service: 1,000 per minute in the lowest tier.
func TestDay(t *testing.T) {
	t.Parallel()
	jobs, workers, waiting := 40, 10, int64(600)
	if os.Getenv("JOBS_DAY") != "" {
		jobs, workers, waiting = 1000, 100, 15_000
	}
	synctest.Test(t, func(t *testing.T) {
		service := batchtest.New(t, batchtest.WithDuration(6*time.Hour), batchtest.WithLatency(100*time.Millisecond), batchtest.WithQueueLimit(int(waiting)))
		s := store.NewMemory()
		blobs, err := Directory(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		d := &day{t: t, service: service, due: make(map[Ref]time.Time), busy: make(map[Ref]bool), left: make(map[string]int), seconds: make(map[int64]int)}
		newMetered := func(m *meter) *Pool {
			p, err := NewPool(s, blobs, PoolOptions{Client: service.Client(client.WithHTTPClient(&http.Client{Transport: m})), Temp: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		polls := &meter{RoundTripper: service.HTTPClient().Transport, minutes: make(map[int64]int)}
		others := &meter{RoundTripper: service.HTTPClient().Transport, minutes: make(map[int64]int)}
		for range workers {
			d.pools = append(d.pools, newMetered(others))
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if err := d.pools[0].SetLimit(ctx, "org_fake", waiting); err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for i := range 60 {
			text.WriteString(requestLine(fmt.Sprint("user ", i)))
		}
		input := filepath.Join(t.TempDir(), "in.jsonl")
		if err := os.WriteFile(input, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		total := 0
		for range jobs {
			id, err := d.pools[0].Add(ctx, Lines(input), Options{MaxRequests: 20})
			if err != nil {
				t.Fatal(err)
			}
			st, err := d.pools[0].Status(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			d.left[id] = int(st.Rounds[0].Batches)
			for seq := range st.Rounds[0].Batches {
				d.planned = append(d.planned, Ref{id, seq + 1})
			}
			total += d.left[id]
		}
		slices.SortFunc(d.planned, func(a, b Ref) int { return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Job, b.Job)) })
		_ = sleep(ctx, time.Minute) // the jobs were added in earlier minutes
		others.minutes = make(map[int64]int)
		d.began = time.Now()
		var wg sync.WaitGroup
		wg.Go(func() { d.poller(ctx, newMetered(polls), cancel, jobs) })
		for _, p := range d.pools {
			wg.Go(func() { d.worker(ctx, p) })
		}
		wg.Wait()
		stats, most := service.Stats(), 0
		for _, n := range d.seconds {
			most = max(most, n)
		}
		slices.Sort(d.first)
		took := time.Since(d.began)
		if stats.Creates != total || d.ended != jobs || stats.PeakWaiting["org_fake"] > waiting {
			t.Errorf("%d of %d batches accepted, %d of %d jobs done, at most %d requests waiting", stats.Creates, total, d.ended, jobs, stats.PeakWaiting["org_fake"])
		}
		t.Logf("%d jobs, %d workers, %d batches in %s; at most %d requests waiting, limit %d", jobs, workers, total, took.Round(time.Minute), stats.PeakWaiting["org_fake"], waiting)
		t.Logf("at most %d admissions per second; first batches of jobs accepted after at most %s, median %s", most, d.first[len(d.first)-1].Round(time.Second), d.first[len(d.first)/2].Round(time.Second))
		t.Logf("polling calls: %.1f per minute, at most %d; other calls: at most %d per minute", float64(polls.all)/took.Minutes(), polls.most(), others.most())
	})
}
