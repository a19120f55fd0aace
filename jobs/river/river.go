// Package river runs jobs on any number of machines: their state is in PostgreSQL, their files are in blobs that all
// machines reach, and [River] schedules the steps. Any worker may die at any moment, for good: another one takes its batches
// over within one lease, 15 minutes. What package jobs promises of a job in a directory holds for these too.
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
// A program that adds a job calls [Jobs.Add], and [Jobs.Wait] if it wants the report.
//
// # How it works
//
// Each batch of a job is a row. A worker that sends a batch holds a lease on it, by the clock of the database, and asks the
// database before the last bytes leave: a worker that was stopped for longer than its lease finds that the batch is not its
// any more. Who waits and who runs, by which worker, is River's; nothing depends on it: River jobs may be canceled or
// deleted, run twice or never end, and queues may be paused. Every minute one of the workers looks for rows that no River job
// serves, and inserts what is missing.
//
// The queues are those of a workspace: submit, poll, collect and tend. A worker serves the workspace of its key; workers of
// several workspaces may share a database, and those of an organization its limit.
//
// River's own user interface shows the queues and the River jobs, and can pause, cancel and delete them:
//
//	go install riverqueue.com/riverui/cmd/riverui@latest
//	DATABASE_URL='postgres://…' riverui -schema messagebatches   # at http://localhost:8080
//
// # Errors
//
// What fails for a while is tried again, for as long as a worker lives; the output of the River job says what it was.
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

// Options configure Jobs.
type Options struct {
	// Client makes the calls. It is needed to add jobs and to work; its key says for which workspace.
	Client *client.Client

	// MaxWaiting is how many requests of the organization may wait at the service, of all jobs in the database. The last
	// worker that starts or job that is added with one sets it. Zero leaves it as it is: at first, without a limit.
	MaxWaiting int64

	// Sending and Collecting are how many batches this program sends, and collects, at the same time: 3 by default. Each
	// needs memory for its requests' places, and a connection that is not slow.
	Sending    int
	Collecting int

	// Temp is a directory of this machine for results that are being collected, by default that of the system.
	Temp string

	// Configure, if it is set, returns the options of a job that are not kept in the database, such as Accept.
	Configure func(job string) jobs.Options

	// Schema is the schema of all tables, by default "messagebatches". It is made if there is none.
	Schema string

	// MaxConns is how many connections to the database are open at most, by default 10. The least is 6.
	MaxConns int

	// Sweep is how often a program looks for batches that nobody serves, by default every minute.
	Sweep time.Duration

	// Stop is how long Work waits for steps that are under way when its context ends, by default 30 seconds. A create that
	// is cut short may have been accepted, and is looked for then.
	Stop time.Duration

	// Logger gets what fails for a while, as warnings, and what River says. Nil drops it.
	Logger *slog.Logger
}

// Jobs are the jobs in a database. They are safe for concurrent use.
type Jobs struct {
	*jobs.Pool
	db      *postgres.DB
	options Options
	log     *slog.Logger
}

// Open opens the jobs in a database, whose files are in blobs, and makes or renews the tables if needed. The URL is as
// [postgres.Open] takes it. Programs that share a database must share the blobs.
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

// Wait waits until a job is done or canceled and returns its report. The error is a [*jobs.PausedError] if it is paused.
// Outages of the database are waited for.
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
