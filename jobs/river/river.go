// Package river runs jobs on any number of machines. The state of the jobs is in PostgreSQL, their files are in blobs that
// all machines can access, and [River] schedules the steps. Any worker may die at any moment, even for good: another one
// takes over its batches within one lease, 15 minutes. The guarantees of package jobs for a job in a directory apply here,
// too.
//
//	package main
//
//	import (
//		"context"
//		"log"
//		"os"
//		"os/signal"
//
//		"github.com/seed-111a911e/messagebatches/client"
//		"github.com/seed-111a911e/messagebatches/jobs"
//		"github.com/seed-111a911e/messagebatches/jobs/river"
//	)
//
//	func main() {
//		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
//		defer stop()
//		if err := work(ctx); err != nil {
//			log.Fatal(err)
//		}
//	}
//
//	func work(ctx context.Context) error {
//		c, err := client.New() // ANTHROPIC_API_KEY
//		if err != nil {
//			return err
//		}
//		blobs, err := jobs.Directory("/mnt/shared/messagebatches")
//		if err != nil {
//			return err
//		}
//		shared, err := river.Open(ctx, os.Getenv("DATABASE_URL"), blobs, river.Options{Client: c, MaxWaiting: 100_000})
//		if err != nil {
//			return err
//		}
//		defer shared.Close()
//		return shared.Work(ctx) // on each machine
//	}
//
// A program adds a job with [Jobs.Add] and waits for its report with [Jobs.Wait].
//
// # How it works
//
// Each batch of a job is a row. A worker that sends a batch has a lease on it, by the clock of the database, and checks the
// lease in the database before it sends the last bytes: a worker that was suspended for longer than its lease finds that it
// no longer owns the batch. River decides which worker runs which step when, but correctness does not depend on that: River
// jobs may be canceled, deleted, run twice or never end, and queues may be paused. Every minute, one of the workers looks
// for rows without a River job, and inserts the missing River jobs.
//
// Each workspace has four queues: submit, poll, collect and tend. A worker serves the workspace of its key. Workers of
// several workspaces may share a database, and workers of one organization share its limit.
//
// River's own user interface shows the queues and the River jobs, and can pause, cancel and delete them:
//
//	go install riverqueue.com/riverui/cmd/riverui@latest
//	DATABASE_URL='postgres://…' riverui -schema messagebatches   # at http://localhost:8080
//
// # Errors
//
// Temporary failures are retried as long as a worker runs. The output of the River job has the error.
//
// [River]: https://riverqueue.com
package river

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/river/postgres"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// Options configure [Jobs].
type Options struct {
	// Client makes the calls. It is required for Add and Work. Its key determines the workspace.
	Client *client.Client

	// MaxWaiting limits how many requests of the organization may be waiting on the server, over all jobs in the database.
	// Each Work and Add with a positive value sets the limit for all programs. Zero does not change it; initially there is
	// no limit.
	MaxWaiting int64

	// Sending and Collecting are the maximum numbers of batches that this program sends and collects at the same time, by
	// default 3 each. Each batch needs memory for the positions of its requests, and a share of the bandwidth.
	Sending    int
	Collecting int

	// Temp is a directory of this machine for results that are being collected, by default the temporary directory of the
	// system.
	Temp string

	// Configure, if it is not nil, returns the options of a job that are not stored, such as Accept: see [jobs.PoolOptions].
	Configure func(job string) jobs.Options

	// Schema is the schema of all tables, by default "messagebatches". It is created if it does not exist.
	Schema string

	// MaxConns is the maximum number of connections to the database, by default 10 and at least 6.
	MaxConns int

	// Sweep is the interval at which a program looks for batches that no River job serves, by default a minute.
	Sweep time.Duration

	// Stop is how long Work waits for steps in progress when its context ends, by default 30 seconds. If a create is
	// interrupted, its batch may have been accepted, and has to be looked for.
	Stop time.Duration

	// Logger logs temporary failures, as warnings, and messages of River. If it is nil, they are discarded.
	Logger *slog.Logger
}

// Jobs is the set of jobs in a database. It is safe for concurrent use.
type Jobs struct {
	*jobs.Pool
	db      *postgres.DB
	options Options
	log     *slog.Logger
}

// Open opens the jobs in a database, with their files in blobs, and creates or migrates the tables if needed. The URL is
// that of [postgres.Open]. Programs that share a database must share the blobs.
func Open(ctx context.Context, url string, blobs store.Blobs, o Options) (*Jobs, error) {
	if o.MaxConns == 0 {
		o.MaxConns = 10
	}
	o.MaxConns = max(o.MaxConns, 6)
	if o.Sending <= 0 {
		o.Sending = 3
	}
	if o.Collecting <= 0 {
		o.Collecting = 3
	}
	if o.Sweep <= 0 {
		o.Sweep = time.Minute
	}
	if o.Stop <= 0 {
		o.Stop = 30 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	db, err := postgres.Open(ctx, url, postgres.Options{Schema: o.Schema, MaxConns: o.MaxConns})
	if err != nil {
		return nil, err
	}
	j, err := open(ctx, db, blobs, o)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return j, nil
}

func open(ctx context.Context, db *postgres.DB, blobs store.Blobs, o Options) (*Jobs, error) {
	err := db.Exclusive(ctx, "migrate river", func(ctx context.Context) error {
		m, err := rivermigrate.New(riverpgxv5.New(db.Pool()), &rivermigrate.Config{Schema: db.Schema(), Logger: o.Logger})
		if err != nil {
			return err
		}
		_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("tables of River: %w", err)
	}
	pool, err := jobs.NewPool(db, blobs, jobs.PoolOptions{Client: o.Client, Temp: o.Temp, Configure: o.Configure})
	if err != nil {
		return nil, err
	}
	return &Jobs{pool, db, o, o.Logger}, nil
}

// Close closes the connections. It must not be called before Work has returned.
func (j *Jobs) Close() error { return j.db.Close() }

// Add adds a job and returns its ID, as [jobs.Pool.Add] does.
func (j *Jobs) Add(ctx context.Context, in jobs.Source, o jobs.Options) (string, error) {
	if err := j.setLimit(ctx); err != nil {
		return "", err
	}
	return j.Pool.Add(ctx, in, o)
}

func (j *Jobs) setLimit(ctx context.Context) error {
	if j.options.MaxWaiting <= 0 {
		return nil
	}
	organization, _, err := j.Affiliation(ctx)
	if err != nil {
		return err
	}
	return j.SetLimit(ctx, organization, j.options.MaxWaiting)
}

// Wait waits until a job is done or canceled, and returns its report. If the job is paused, the error is a
// [*jobs.PausedError]. Wait retries through outages of the database.
func (j *Jobs) Wait(ctx context.Context, job string) (*jobs.Report, error) {
	for {
		var row *store.Job
		err := j.db.View(ctx, func(tx store.Tx) (err error) {
			row, err = tx.Job(job)
			return err
		})
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, store.ErrNotFound):
			return nil, fmt.Errorf("job %.100s: %w", job, err)
		case err != nil:
			j.log.WarnContext(ctx, "waiting for a job", "job", job, "error", err)
		case row.State == store.Paused || row.State == store.Held:
			return nil, &jobs.PausedError{Why: row.Why}
		case row.State != store.Running:
			if r, err := j.Report(ctx, job); !errors.Is(err, jobs.ErrNotDone) {
				return r, err
			}
		}
		if err := sleep(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
