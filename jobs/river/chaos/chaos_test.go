//go:build unix

package chaos

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
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

// A cluster is three workers, their database, the way to it, and the service.
type cluster struct {
	t        *testing.T
	service  *batchtest.Service
	jobs     *river.Jobs // of the test, which nothing happens to
	db       *pgxpool.Pool
	schema   string
	proxy    *proxy
	machines []*machine

	mu       sync.Mutex
	takeOver []time.Duration
	watched  sync.WaitGroup
	did      map[string]int
}

const faultTime = 300 * time.Millisecond

// newCluster starts a cluster. Two of the clocks are wrong by an hour.
func newCluster(t *testing.T, seed uint64) *cluster {
	t.Helper()
	database, schema := pgtest.NewSchema(t)
	c := &cluster{t: t, schema: schema, did: make(map[string]int)}
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
				raw, _ := os.ReadFile(m.log) // it is for people only
				t.Logf("%s", raw[max(0, len(raw)-3000):])
			}
		}
	})
	return c
}

// add adds a job. Nothing of one that could not be added is ever sent.
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

// strike does something bad to the cluster.
func (c *cluster) strike(ctx context.Context) error {
	m := c.machines[rand.IntN(len(c.machines))]
	switch n := rand.IntN(20); {
	case n < 11:
		c.count("kills")
		c.awaitSending(ctx, m)
		m.kill()
		c.watch(ctx, m.owner())
		m.start(c.t) // with another directory, as another machine
	case n < 13:
		c.count("kills of all")
		for _, m := range c.machines {
			m.kill()
		}
		for _, m := range c.machines {
			m.start(c.t)
		}
	case n < 16:
		c.count("stops beyond the lease")
		c.awaitSending(ctx, m)
		m.stop()
		if err := pause(ctx, 4*time.Second); err != nil {
			return err
		}
		m.continueIt()
	case n < 17:
		c.count("losses of River jobs")
		if err := c.loseTasks(ctx); err != nil {
			return err
		}
	case n < 19:
		c.count("cuts of the way to the database")
		c.proxy.setCut(true)
		if err := pause(ctx, time.Duration(rand.Int64N(int64(3*time.Second)))); err != nil {
			return err
		}
		c.proxy.setCut(false)
	default:
		return c.restart()
	}
	return pause(ctx, time.Duration(rand.Int64N(int64(time.Second))))
}

// loseTasks cancels some River jobs and deletes others, as people may do.
func (c *cluster) loseTasks(ctx context.Context) error {
	_, err := c.db.Exec(ctx, fmt.Sprintf(`DELETE FROM %[1]s.river_job WHERE state <> 'running' AND id %% 2 = 0`, c.schema))
	if err == nil {
		_, err = c.db.Exec(ctx, fmt.Sprintf(`UPDATE %[1]s.river_job SET state = 'cancelled', finalized_at = now() WHERE state IN ('available', 'scheduled')`, c.schema))
	}
	return err
}

// restart kills the database and starts it again.
func (c *cluster) restart() error {
	command := os.Getenv("POSTGRES_RESTART")
	if command == "" {
		return nil // it is somebody else's
	}
	c.count("restarts of the database")
	if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func (c *cluster) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.did[what]++
}

// sending returns how many attempts of a worker are under way.
func (c *cluster) sending(ctx context.Context, owner string) (n int, err error) {
	err = c.db.QueryRow(ctx, fmt.Sprintf(`SELECT count(*) FROM %[1]s.batch b JOIN %[1]s.attempt a ON a.job = b.job AND a.seq = b.seq AND a.n = b.attempt
		WHERE b.state = 'submitting' AND position($1 in a.owner) > 0`, c.schema), owner).Scan(&n)
	return n, err
}

// awaitSending waits a while for the moment in which a worker sends.
func (c *cluster) awaitSending(ctx context.Context, m *machine) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if n, err := c.sending(ctx, m.owner()); err == nil && n > 0 {
			return
		}
		_ = pause(ctx, time.Millisecond)
	}
}

// watch measures how long the attempts of a dead worker remain its own.
func (c *cluster) watch(ctx context.Context, owner string) {
	began := time.Now()
	c.watched.Go(func() {
		found := false
		for ctx.Err() == nil {
			n, err := c.sending(ctx, owner)
			switch {
			case err == nil && n > 0:
				found = true
			case err == nil && found:
				c.mu.Lock()
				defer c.mu.Unlock()
				c.takeOver = append(c.takeOver, time.Since(began).Round(time.Millisecond))
				return
			case err == nil:
				return
			}
			_ = pause(ctx, 20*time.Millisecond)
		}
	})
}

// check checks what the service has accepted for a job, and its output.
func (c *cluster) check(id string, requests int) (accepted, doubled int, err error) {
	r, err := c.jobs.Report(c.t.Context(), id)
	if err != nil {
		return 0, 0, err
	}
	times, lines := make(map[string]int), make(map[string]bool)
	for _, b := range c.service.Batches() {
		counted := slices.Contains(r.Doubled, b.ID)
		mine := false
		for _, request := range c.service.Requests(b.ID) {
			parts := strings.Split(request.CustomID, "-")
			if len(parts) != 5 || parts[0] != id {
				continue
			}
			accepted++
			mine, lines[parts[4]] = true, true
			if !counted {
				times[parts[2]+"-"+parts[4]]++
			}
		}
		if mine && counted {
			doubled++
			if b.CancelInitiatedAt.IsZero() && b.EndedAt.IsZero() {
				err = errors.Join(err, fmt.Errorf("batch %s is doubled and was not canceled", b.ID))
			}
		}
	}
	for key, n := range times {
		if n != 1 {
			err = errors.Join(err, fmt.Errorf("the service has accepted round-request %s of job %s %d times", key, id, n))
		}
	}
	if len(lines) != requests || r.Requests != int64(requests) {
		err = errors.Join(err, fmt.Errorf("the service has accepted %d requests of %d, and %d have results", len(lines), requests, r.Requests))
	}
	n := 0
	for item, err := range c.jobs.Results(c.t.Context(), id) {
		if err != nil {
			return accepted, doubled, err
		}
		if want := fmt.Sprintf("user %d", n); item.CustomID != want {
			return accepted, doubled, fmt.Errorf("result %d is that of %q", n, item.CustomID)
		}
		n++
	}
	if n != requests {
		err = errors.Join(err, fmt.Errorf("%d results", n))
	}
	return accepted, doubled, err
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

// TestChaos strikes three workers on one database, while the service has all faults that there are. RIVER_STRIKES is how
// often.
func TestChaos(t *testing.T) {
	t.Parallel()
	strikes := 12
	if text := os.Getenv("RIVER_STRIKES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		strikes = n
	}
	c := newCluster(t, uint64(strikes))
	const requests, each = 120, 6
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute+time.Duration(strikes)*10*time.Second)
	defer cancel()
	began, accepted, doubled, done := time.Now(), 0, 0, 0
	for struck := 0; struck < strikes || done == 0; {
		var ids []string
		for range 3 {
			ids = append(ids, c.add(requests))
		}
		for range min(each, strikes-struck) {
			struck++
			if err := c.strike(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range ids {
			if err := c.finish(ctx, id); err != nil {
				t.Fatal(err)
			}
			a, d, err := c.check(id, requests)
			if err != nil {
				t.Fatal(err)
			}
			accepted, doubled, done = accepted+a, doubled+d, done+1
		}
	}
	c.watched.Wait()
	peak := c.service.Stats().PeakWaiting
	for organization, n := range peak {
		if n > limit {
			t.Errorf("%d requests of %s waited at one time, and the limit is %d", n, organization, limit)
		}
	}
	slices.Sort(c.takeOver)
	var longest time.Duration
	if n := len(c.takeOver); n > 0 {
		longest = c.takeOver[n-1]
	}
	if longest > 8*time.Second { // 3 of the lease, 3 of a database that was away, 2 of a busy machine
		t.Errorf("a batch was taken over after %s", longest)
	}
	t.Logf("%s; %d jobs, %d requests accepted, %d batches doubled, counted and canceled; peak of waiting requests %v; %d batches taken over, after at most %s: %v; %s",
		counts(c.did), done, accepted, doubled, peak, len(c.takeOver), longest.Round(time.Millisecond), c.takeOver, time.Since(began).Round(time.Second))
}

// finish waits for a job. A pause is one that the service's faults have brought about: a refusal that was none.
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

// where says where the batches of a job are.
func (c *cluster) where(id string) (text string) {
	_ = c.db.QueryRow(context.Background(), fmt.Sprintf(`SELECT string_agg(seq || ' ' || state || ' ' || batch_id, ', ') FROM %s.batch WHERE job = $1 AND state <> 'settled'`, c.schema), id).Scan(&text)
	var tasks string
	_ = c.db.QueryRow(context.Background(), fmt.Sprintf(`SELECT string_agg(kind || args || state || scheduled_at, ', ') FROM %s.river_job WHERE state NOT IN ('completed', 'cancelled', 'discarded')`, c.schema)).Scan(&tasks)
	return text + "; " + tasks
}

func counts(m map[string]int) string {
	var all []string
	for _, what := range slices.Sorted(maps.Keys(m)) {
		all = append(all, fmt.Sprint(m[what], " ", what))
	}
	return strings.Join(all, ", ")
}
