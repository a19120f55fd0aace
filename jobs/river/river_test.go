package river_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/river"
	"github.com/seed-111a911e/messagebatches/jobs/river/internal/pgtest"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// writeInput writes a file of n requests.
func writeInput(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"custom_id":"user %d","params":{"model":"claude-opus-5","max_tokens":10,"messages":[{"role":"user","content":"Say %d"}]}}`+"\n", i, i)
	}
	name := filepath.Join(t.TempDir(), "requests.jsonl")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// An env is the environment that the workers of a test share.
type env struct {
	service     *batchtest.Service
	url, schema string
	blobs       store.Blobs
}

func newEnv(t *testing.T, o ...batchtest.Option) *env {
	t.Helper()
	url, schema := pgtest.NewSchema(t)
	blobs, err := jobs.Directory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e := &env{batchtest.New(t, o...), url, schema, blobs}
	t.Cleanup(func() {
		if t.Failed() {
			e.dump(t)
		}
	})
	return e
}

// dump logs the states of the batches and the River jobs, and the last events.
func (e *env) dump(t *testing.T) {
	t.Helper()
	c := pgtest.Connect(t, e.url)
	for _, query := range []string{
		"SELECT job || ' ' || seq || ' ' || state || ' ' || attempt || ' ' || failures FROM %s.batch ORDER BY job, seq",
		"SELECT kind || ' ' || args || ' ' || state || ' ' || scheduled_at || ' ' || metadata FROM %s.river_job ORDER BY id DESC LIMIT 50",
		"SELECT kind || ' ' || job || ' ' || seq || ' ' || text FROM %s.event ORDER BY id DESC LIMIT 50",
	} {
		rows, err := c.Query(context.Background(), fmt.Sprintf(query, e.schema))
		if err != nil {
			t.Log(err)
			continue
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		t.Log(err, "\n"+strings.Join(lines, "\n"))
	}
}

func (e *env) open(t *testing.T, o river.Options) *river.Jobs {
	t.Helper()
	o.Client, o.Schema, o.Temp = e.service.Client(), e.schema, t.TempDir()
	o.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	j, err := river.Open(t.Context(), e.url, e.blobs, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// work starts a worker that ends with the test.
func work(t *testing.T, j *river.Jobs) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := j.Work(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}

// TestWork runs two jobs, which share a limit, on three workers at the same time.
func TestWork(t *testing.T) {
	t.Parallel()
	e := newEnv(t, batchtest.WithDuration(time.Second))
	options := river.Options{MaxWaiting: 50, Sweep: time.Second}
	var workers []*river.Jobs
	for range 3 {
		j := e.open(t, options)
		work(t, j)
		workers = append(workers, j)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var ids []string
	for range 2 {
		id, err := workers[0].Add(ctx, jobs.Lines(writeInput(t, 60)), jobs.Options{MaxRequests: 20})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	for i, id := range ids {
		r, err := workers[i].Wait(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if r.Requests != 60 || r.Answered != 60 || len(r.Duplicates) > 0 {
			t.Errorf("report %+v", r)
		}
		n := 0
		for item, err := range workers[2].Results(ctx, id) {
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("user %d", n); item.CustomID != want {
				t.Errorf("result %d belongs to %q", n, item.CustomID)
			}
			n++
		}
		if n != 60 {
			t.Errorf("%d results", n)
		}
	}
}

// TestPriority: a job of a higher priority that was added later sends its batches first.
func TestPriority(t *testing.T) {
	t.Parallel()
	e := newEnv(t, batchtest.WithDuration(time.Second))
	j := e.open(t, river.Options{MaxWaiting: 20, Sweep: time.Second})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var ids []string
	for _, priority := range []int{4, 1} {
		id, err := j.Add(ctx, jobs.Lines(writeInput(t, 30)), jobs.Options{MaxRequests: 20})
		if err == nil {
			err = j.SetPriority(ctx, id, priority)
		}
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	work(t, j)
	for _, id := range ids {
		if _, err := j.Wait(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := pgtest.Connect(t, e.url).Query(ctx, "SELECT job FROM "+e.schema+".event WHERE kind = 'accepted' ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	order, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(order) < 4 || order[0] != ids[1] || order[len(order)-1] != ids[0] {
		t.Errorf("batches of %q were accepted in the order %q, %v", ids, order, err)
	}
}

// TestNothingGivenUp repeatedly deletes and cancels River jobs: batches are served anyway.
func TestNothingGivenUp(t *testing.T) {
	t.Parallel()
	e := newEnv(t, batchtest.WithDuration(time.Second))
	j := e.open(t, river.Options{Sweep: time.Second})
	work(t, j)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	id, err := j.Add(ctx, jobs.Lines(writeInput(t, 60)), jobs.Options{MaxRequests: 20})
	if err != nil {
		t.Fatal(err)
	}
	c := pgtest.Connect(t, e.url)
	var wg sync.WaitGroup
	lost := int64(0)
	wg.Go(func() {
		for range 20 {
			for _, statement := range []string{
				"DELETE FROM " + e.schema + ".river_job WHERE state IN ('available', 'scheduled') AND id % 2 = 0",
				"UPDATE " + e.schema + ".river_job SET state = 'discarded', finalized_at = now() WHERE state IN ('available', 'scheduled')",
			} {
				tag, err := c.Exec(ctx, statement)
				if err != nil {
					t.Error(err)
				}
				lost += tag.RowsAffected()
			}
			select {
			case <-time.After(300 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	})
	r, err := j.Wait(ctx, id)
	if err != nil || r.Answered != 60 {
		t.Errorf("report %+v, %v", r, err)
	}
	if wg.Wait(); lost == 0 {
		t.Error("no River job was lost")
	}
}

// TestStop stops a worker while it sends: the create in progress is completed, so that its outcome is known.
func TestStop(t *testing.T) {
	t.Parallel()
	sends := make(chan struct{}, 1)
	e := newEnv(t, batchtest.WithMiddleware(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				sends <- struct{}{}
				select {
				case <-r.Context().Done(): // the call was interrupted
				case <-time.After(time.Second):
				}
			}
			next.ServeHTTP(w, r)
		})
	}))
	j := e.open(t, river.Options{Sweep: time.Second, Stop: 5 * time.Minute})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	id, err := j.Add(ctx, jobs.Lines(writeInput(t, 20)), jobs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- j.Work(ctx) }()
	<-sends
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	var state string
	query := "SELECT state FROM " + e.schema + ".batch WHERE job = $1"
	if err := pgtest.Connect(t, e.url).QueryRow(t.Context(), query, id).Scan(&state); err != nil || state != "proven" && state != "ended" {
		t.Errorf("the batch is %s, %v", state, err)
	}
}
