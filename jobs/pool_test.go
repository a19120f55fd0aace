package jobs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// serveJob is a minimal engine: it makes the steps of a job until the job is done or the program ends.
func serveJob(ctx context.Context, p *Pool, id string) error {
	var mu sync.Mutex
	due := make(map[int64]time.Time)
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		done, step, err := p.Tend(ctx, id)
		if err = errors.Join(err, step.Outage); err != nil || done {
			return err
		}
		var batches []*store.Batch
		err = p.store.View(ctx, func(tx store.Tx) (err error) {
			batches, err = tx.Batches(id, nil, 0, 0)
			return err
		})
		if err != nil {
			return err
		}
		var proven []Ref
		for _, b := range batches {
			ref := Ref{id, b.Seq}
			switch b.State {
			case store.Proven:
				proven = append(proven, ref)
				continue
			case store.Collected, store.Settled:
				continue
			}
			mu.Lock()
			early := time.Now().Before(due[b.Seq])
			mu.Unlock()
			if !early {
				wg.Go(func() {
					step, _ := p.Advance(ctx, ref)
					mu.Lock()
					due[b.Seq] = time.Now().Add(step.Wait)
					mu.Unlock()
				})
			}
		}
		_, _, _ = p.Poll(ctx, proven)
		if err := sleep(ctx, 30*time.Second); err != nil {
			return err
		}
	}
}

// newPools returns two programs that share a store and a directory, and the fuse of the first.
func newPools(t *testing.T, service *batchtest.Service, f *fuse) (first, second *Pool) {
	t.Helper()
	s := store.NewMemory()
	blobs, err := Directory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := service.Client(client.WithHTTPClient(&http.Client{Transport: fusedTransport{service.HTTPClient().Transport, f}}))
	if first, err = NewPool(fusedStore{s, f}, blobs, PoolOptions{Client: c, Temp: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	if second, err = NewPool(s, blobs, PoolOptions{Client: service.Client(), Temp: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	return first, second
}

// takenOver returns how many attempts of a dead program were taken over, and how long after its death the last one was.
func takenOver(ctx context.Context, p *Pool, id string, died time.Time) (n int, last time.Duration, err error) {
	err = p.store.View(ctx, func(tx store.Tx) error {
		events, err := tx.Events(id, 0, 1000)
		for _, e := range events {
			if !e.At.Before(died) && (e.Kind == "doubt" || e.Kind == string(store.Unsent)) {
				n, last = n+1, max(last, e.At.Sub(died))
			}
		}
		return err
	})
	return n, last, err
}

// TestPool serves a job with two programs, one of which dies for good at some point. The other one takes over its attempts
// when their leases end.
func TestPool(t *testing.T) {
	t.Parallel()
	for _, at := range []point{
		{}, {"before POST ", 2}, {"body of POST , middle", 2}, {"body of POST , end", 2}, {"response to POST ", 1}, {"response to POST ", 3},
		{"before commit of (*engine).record", 2}, {"after commit of (*engine).admit", 1}, {"after commit of (*engine).ended", 1},
	} {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := batchtest.New(t, batchtest.WithDuration(time.Hour))
				f := newFuse(at)
				first, second := newPools(t, service, f)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if err := second.SetLimit(ctx, "org_fake", 40); err != nil {
					t.Fatal(err)
				}
				id, err := second.Add(ctx, Lines(writeInput(t, 100)), Options{MaxRequests: 20})
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				dying, die := context.WithCancel(ctx)
				var died time.Time
				f.die = func() {
					died = time.Now()
					die()
				}
				if at.n == 0 {
					die() // the other program is alone
				}
				var wg sync.WaitGroup
				wg.Go(func() {
					if err := serveJob(dying, first, id); err != nil && dying.Err() == nil {
						t.Error(err)
					}
				})
				<-dying.Done()
				if err := serveJob(ctx, second, id); err != nil {
					t.Error(err)
				}
				wg.Wait()
				if f.dead != (at.n > 0) {
					t.Errorf("the first program died: %v", f.dead)
				}
				r, err := second.Report(ctx, id)
				if err != nil {
					t.Fatal(err)
				}
				n := 0
				for item, err := range second.Results(ctx, id) {
					if err != nil {
						t.Fatal(err)
					}
					if want := fmt.Sprintf("user %d@example.com", n); item.CustomID != want {
						t.Errorf("result %d belongs to %q", n, item.CustomID)
					}
					n++
				}
				if n != 100 || r.Answered != 100 || len(r.Duplicates) > 0 {
					t.Errorf("%d results, report %+v", n, r)
				}
				if err := (&world{t: t, service: service}).duplicates(); err != nil {
					t.Error(err)
				}
				taken, last, err := takenOver(ctx, second, id, died)
				if err != nil || last > second.Lease()+30*time.Second { // serveJob checks every 30 seconds
					t.Errorf("%d attempts taken over, after at most %s, %v", taken, last, err)
				}
				if sent := strings.Contains(at.name, "POST") && !strings.HasPrefix(at.name, "before"); sent && taken == 0 {
					t.Error("no attempt was taken over")
				}
				t.Logf("%d attempts taken over, after at most %s; done after %s", taken, last, time.Since(began))
			})
		})
	}
}
