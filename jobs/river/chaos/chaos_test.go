//go:build unix

package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/river"
	"github.com/seed-111a911e/messagebatches/jobs/river/internal/pgtest"
)

// A cluster is three workers, their database, a proxy to it, and the service.
type cluster struct {
	t        *testing.T
	service  *batchtest.Service
	jobs     *river.Jobs // of the test itself, which is not struck
	db       *pgxpool.Pool
	schema   string
	proxy    *proxy
	machines []*machine

	order    []int          // order of the strikes
	struck   map[string]int // number of strikes, by name
	mu       sync.Mutex
	takeOver []time.Duration
	watched  sync.WaitGroup
}

const faultTime = 300 * time.Millisecond

// newCluster starts a cluster. The clocks of two workers are wrong by an hour.
func newCluster(t *testing.T, seed uint64) *cluster {
	t.Helper()
	database, schema := pgtest.NewSchema(t)
	c := &cluster{t: t, schema: schema, struck: make(map[string]int)}
	c.service = batchtest.New(t, batchtest.WithSeed(seed), batchtest.WithDuration(time.Second), batchtest.WithListLag(100*time.Millisecond), batchtest.WithGetLag(100*time.Millisecond),
		batchtest.WithFaultTime(faultTime), batchtest.WithRandomFaults(0.15), batchtest.WithErrored(0.05), batchtest.WithExpired(0.05))
	server := httptest.NewServer(c.service)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	at, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	var address string
	c.proxy, address = startProxy(t, at.Host)
	through := *at
	through.Host = address
	dir := t.TempDir()
	blobs, err := jobs.Directory(dir)
	if err != nil {
		t.Fatal(err)
	}
	c.jobs, err = river.Open(t.Context(), database, blobs, river.Options{Client: c.service.Client(), MaxWaiting: 0, Schema: schema, Temp: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.jobs.Close() })
	if c.db, err = pgxpool.New(t.Context(), database); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.db.Close)
	for i, skew := range []string{"0s", "1h", "-1h"} {
		c.machines = append(c.machines, &machine{
			binary: buildWorker(t, skew), log: filepath.Join(t.TempDir(), "log"),
			args: []string{"-url", through.String(), "-schema", schema, "-blobs", dir, "-limit", strconv.Itoa(limit), "-sweep", "500ms"},
			env:  []string{"ANTHROPIC_BASE_URL=" + server.URL, "ANTHROPIC_API_KEY=" + c.service.Key(), "ANTHROPIC_AUTH_TOKEN="},
		})
		c.machines[i].start(t)
	}
	t.Cleanup(func() {
		for _, m := range c.machines {
			m.kill()
			if t.Failed() {
				raw, _ := os.ReadFile(m.log) // it is only for readers
				t.Logf("%s", raw[max(0, len(raw)-3000):])
			}
		}
	})
	return c
}

// add adds a job. It retries after failures, because nothing of a job that could not be added is ever sent.
func (c *cluster) add(requests int) (id string) {
	c.t.Helper()
	var b strings.Builder
	for i := range requests {
		fmt.Fprintf(&b, `{"custom_id":"user %d","params":{"model":"claude-opus-5","max_tokens":10,"messages":[{"role":"user","content":"Say %d"}]}}`+"\n", i, i)
	}
	input := filepath.Join(c.t.TempDir(), "in.jsonl")
	if err := os.WriteFile(input, []byte(b.String()), 0o600); err != nil {
		c.t.Fatal(err)
	}
	for {
		id, err := c.jobs.Add(c.t.Context(), jobs.Lines(input), jobs.Options{MaxRequests: 12})
		if err == nil {
			return id
		}
		if c.t.Context().Err() != nil {
			c.t.Fatal(err)
		}
	}
}

// An outcome adds up what the service accepted for jobs, and their results.
type outcome struct {
	jobs       int
	requests   int // in the inputs
	accepted   int // requests in all batches, of all rounds and including duplicates
	duplicates int // batches whose requests another one has too, by the reports
	canceled   int // duplicates that were canceled; the others had ended
	lost       int // requests that were not accepted or have no result
}

// check adds the outcome of a job, and returns an error if a guarantee is violated.
func (o *outcome) check(c *cluster, id string, requests int) error {
	r, err := c.jobs.Report(c.t.Context(), id)
	if err != nil {
		return err
	}
	times, lines := make(map[string]int), make(map[string]bool)
	for _, b := range c.service.Batches() {
		counted, mine := slices.Contains(r.Duplicates, b.ID), false
		for _, request := range c.service.Requests(b.ID) {
			parts := strings.Split(request.CustomID, "-")
			if len(parts) != 5 || parts[0] != id {
				continue
			}
			o.accepted++
			mine, lines[parts[4]] = true, true
			if !counted {
				times[parts[2]+"-"+parts[4]]++
			}
		}
		if !mine || !counted {
			continue
		}
		o.duplicates++
		if !b.CancelInitiatedAt.IsZero() {
			o.canceled++
		} else if b.EndedAt.IsZero() {
			err = errors.Join(err, fmt.Errorf("batch %s is a duplicate but was not canceled", b.ID))
		}
	}
	for key, n := range times {
		if n != 1 {
			err = errors.Join(err, fmt.Errorf("the service accepted round-request %s of job %s %d times", key, id, n))
		}
	}
	n := 0
	for item, err := range c.jobs.Results(c.t.Context(), id) {
		if err != nil {
			return err
		}
		if want := fmt.Sprintf("user %d", n); item.CustomID != want {
			return fmt.Errorf("result %d belongs to %q", n, item.CustomID)
		}
		n++
	}
	o.jobs, o.requests, o.lost = o.jobs+1, o.requests+requests, o.lost+requests-min(len(lines), n)
	if len(lines) != requests || n != requests || r.Requests != int64(requests) {
		err = errors.Join(err, fmt.Errorf("of %d requests of job %s, the service accepted %d, %d have results, and the report has %d", requests, id, len(lines), n, r.Requests))
	}
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil
	}
	return ctx.Err()
}

// TestChaos strikes three workers on one database, RIVER_STRIKES times, while the service has all kinds of faults. It waits
// until the attempts of dead workers are taken over, and logs how long that took. TestPool of package jobs, where time is
// virtual, checks the bound.
func TestChaos(t *testing.T) {
	t.Parallel()
	most := 12
	if text := os.Getenv("RIVER_STRIKES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		most = n
	}
	c := newCluster(t, uint64(most))
	const requests, each = 120, 6
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute+time.Duration(most)*10*time.Second)
	defer cancel()
	began, struck, all := time.Now(), 0, outcome{}
	for struck < most || all.jobs == 0 {
		var ids []string
		for range 3 {
			ids = append(ids, c.add(requests))
		}
		for range min(each, most-struck) {
			if err := c.strike(ctx, struck); err != nil {
				t.Fatal(err)
			}
			struck++
		}
		for _, id := range ids {
			if err := c.finish(ctx, id); err != nil {
				t.Fatal(err)
			}
			if err := all.check(c, id, requests); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.watched.Wait()
	stats := c.service.Stats()
	for organization, n := range stats.PeakWaiting {
		if n > limit {
			t.Errorf("%d requests of %s waited at one time, more than the limit of %d", n, organization, limit)
		}
	}
	faults := 0
	for _, n := range stats.Faults {
		faults += n
	}
	t.Logf("%s, in %s: %s", t.Name(), time.Since(began).Round(time.Second), counts(c.struck))
	t.Logf("service: %d faults; %d creates sent whole, %d accepted", faults, stats.WholeBodies, stats.Creates)
	t.Logf("%d jobs of %d requests: %d accepted in all rounds, %d duplicate batches, %d of them canceled and the others ended, %d requests lost", all.jobs, all.requests, all.accepted, all.duplicates, all.canceled, all.lost)
	t.Logf("most requests that waited: %v of %d", stats.PeakWaiting, limit)
	if slices.Sort(c.takeOver); len(c.takeOver) > 0 {
		t.Logf("%d attempts of dead workers taken over, with a lease of %s, after at least %s, median %s, at most %s", len(c.takeOver), lease, c.takeOver[0], c.takeOver[len(c.takeOver)/2], c.takeOver[len(c.takeOver)-1])
	}
}

// finish waits for a job. It resumes the job after pauses, which faults of the service cause by false refusals.
func (c *cluster) finish(ctx context.Context, id string) error {
	for {
		_, err := c.jobs.Wait(ctx, id)
		var paused *jobs.PausedError
		if !errors.As(err, &paused) {
			if err != nil {
				err = fmt.Errorf("job %s: %w; %s", id, err, c.where(id))
			}
			return err
		}
		if err := c.jobs.Resume(ctx, id, "the test"); err != nil {
			return err
		}
	}
}

// where returns the states of the batches of a job, and the River jobs.
func (c *cluster) where(id string) (text string) {
	_ = c.db.QueryRow(context.Background(), fmt.Sprintf(`SELECT string_agg(seq || ' ' || state || ' ' || batch_id, ', ') FROM %s.batch WHERE job = $1 AND state <> 'settled'`, c.schema), id).Scan(&text)
	var tasks string
	_ = c.db.QueryRow(context.Background(), fmt.Sprintf(`SELECT string_agg(kind || args || state || scheduled_at, ', ') FROM %s.river_job WHERE state NOT IN ('completed', 'cancelled', 'discarded')`, c.schema)).Scan(&tasks)
	return text + "; " + tasks
}
