package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// PoolOptions configure a Pool.
type PoolOptions struct {
	// Client makes the calls. Its key determines which organization and workspace the pool serves. If it is nil, jobs can be
	// read, paused, resumed and canceled, but not added or served.
	Client *client.Client

	// Temp is a directory of this machine for files that no other machine needs, by default the temporary directory of the
	// system. It must have room for the results of the batches that are being collected.
	Temp string

	// Configure, if it is not nil, returns the options of a job that are not kept: Accept, Again, OnDoubt, MinFreeDisk,
	// Prices, Budget and StrictBudget. All programs that serve a job must return the same ones. The other options are those
	// that the job was added with.
	Configure func(job string) Options
}

// A Pool is a set of jobs that any number of programs on any number of machines serve together, in a store and in blobs that
// all of them can access. Most programs use package river, which is built on Pool. Use Pool directly to build such an
// engine.
//
// An engine repeatedly calls [Pool.Advance] for each batch that needs a step, [Pool.Poll] for the batches that are running
// on the server, and [Pool.Tend] for each job. Any program may call at any time, several at the same time, and more often
// than needed: the rows of the store decide what a step may do, and a batch that is being sent belongs to one program until
// its lease ends, by the clock of the store. But some program must call eventually: a batch that is not advanced is not
// sent.
//
// A Pool is safe for concurrent use.
type Pool struct {
	store   store.Store
	blobs   store.Blobs
	options PoolOptions
	owner   string
	timing  timing
	clock   clock

	mu     sync.Mutex
	served map[string]*served // by job ID
}

// A Ref names a batch of a job.
type Ref struct {
	Job string // job ID
	Seq int64  // number of the batch in the job
}

// served is a job for which this program has made steps.
type served struct {
	*Job
	engine *engine

	mu       sync.Mutex // one Tend at a time
	loop     *loop
	failures map[int64]int // failed steps of a batch in a row
}

// NewPool returns the pool of the jobs in a store and blobs. [Directory] returns blobs in a directory that machines share.
// The caller still owns the store, and must close it last.
func NewPool(s store.Store, b store.Blobs, o PoolOptions) (*Pool, error) {
	t := realTiming
	if testTiming != "" {
		var err error
		if t, err = parseTiming(t, testTiming); err != nil {
			return nil, err
		}
	}
	if o.Temp == "" {
		o.Temp = os.TempDir()
	}
	var err error
	if o.Temp, err = filepath.Abs(o.Temp); err != nil {
		return nil, err
	}
	c := newClock()
	if t.skew != 0 {
		c.wall = func() time.Time { return time.Now().Round(0).Add(t.skew) }
	}
	host, _ := os.Hostname() // it is only for readers
	return &Pool{
		store: s, blobs: b, options: o, owner: fmt.Sprintf("%s %d %s", host, os.Getpid(), newRandomID(nonceLength)), timing: t, clock: c, served: make(map[string]*served),
	}, nil
}

// errNoClient is the error of calls that need a client.
var errNoClient = errors.New("the pool has no client")

// Add adds a job and returns its ID. It checks all requests first, as [Job.Run] does, and copies the input to the blobs.
// When Add has returned, the job exists and is served. If Add fails, nothing is ever sent. The organization's limit of
// waiting requests also limits the size of batches, so set it before: see [Pool.SetLimit].
func (p *Pool) Add(ctx context.Context, in Source, o Options) (id string, err error) {
	if p.options.Client == nil {
		return "", errNoClient
	}
	id = newRandomID(jobIDLength)
	if err := p.add(ctx, id, in, o); err != nil {
		return "", fmt.Errorf("job %s: %w", id, err)
	}
	return id, nil
}

func (p *Pool) add(ctx context.Context, id string, in Source, o Options) (err error) {
	dir, err := os.MkdirTemp(p.options.Temp, "job-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	local, err := in.file(ctx, osDisk{}, dir)
	if err != nil {
		return err
	}
	shared := path.Join(id, spoolName)
	j, err := p.job(id, o)
	if err != nil {
		return err
	}
	j.disk = sharedDisk{osDisk{}, p.blobs, map[string]string{shared: local}}
	j.about = description{Format: 1, ID: id, Created: p.clock.wall(), Options: o.kept()}
	if err := j.preflight(ctx, shared); err != nil {
		return err
	}
	j.options.WithoutPreflight = true // it was done above
	var facts client.Response
	watermark, err := p.options.Client.Watermark(ctx, client.WithResponse(&facts), client.WithVersion(j.about.Options.Version))
	if err != nil {
		return err
	}
	j.inUse = countsInUse(ctx, p.options.Client, j.about.Options.Version)
	j.about.Service = &introduction{facts.OrganizationID, facts.WorkspaceID, watermark}
	var limit store.Limit
	err = p.store.View(ctx, func(tx store.Tx) (err error) {
		limit, err = tx.Limit(facts.OrganizationID)
		return err
	})
	if err != nil {
		return err
	}
	size := limits{j.about.Options.MaxRequests, j.about.Options.MaxBytes}
	j.about.Options.MaxRequests = size.within(o.MaxWaiting).within(limit.Requests).requests
	if err := p.upload(ctx, local, shared); err != nil {
		return err
	}
	row := store.Job{ID: id, State: store.Running, NextSeq: 1, Organization: facts.OrganizationID, Workspace: facts.WorkspaceID}
	if err := p.store.Update(ctx, func(tx store.Tx) error { return tx.PutJob(&row) }); err != nil {
		return err
	}
	if err := j.plan(ctx, shared); err != nil {
		row.State = store.Canceled // the job never begins
		return errors.Join(err, p.store.Update(context.WithoutCancel(ctx), func(tx store.Tx) error { return tx.PutJob(&row) }))
	}
	return nil
}

// upload copies a file of this machine to the blobs.
func (p *Pool) upload(ctx context.Context, local, name string) error {
	from, err := os.Open(local)
	if err != nil {
		return err
	}
	defer from.Close()
	u, err := p.blobs.Create(ctx)
	if err != nil {
		return err
	}
	defer u.Abort()
	if _, err := io.Copy(u, from); err != nil {
		return err
	}
	return u.Commit(name)
}

// job returns a job of the pool. Its files have relative names, because they are blobs.
func (p *Pool) job(id string, o Options) (*Job, error) {
	money, err := newPurse(o)
	if err != nil {
		return nil, err
	}
	return &Job{
		dir: id, options: o, disk: sharedDisk{osDisk{}, p.blobs, nil}, store: p.store, blobs: below{p.blobs, id},
		about: description{ID: id}, timing: p.timing, clock: p.clock, purse: money,
	}, nil
}

// engine returns this program's engine of a job.
func (p *Pool) engine(j *Job) *engine {
	e := j.engine(p.options.Client, path.Join(j.dir, spoolName))
	e.temp, e.owner, e.alone, e.pooled = p.options.Temp, p.owner, false, true
	return e
}

// open returns a job that was added.
func (p *Pool) open(id string) (*Job, error) {
	var o Options
	if p.options.Configure != nil {
		o = p.options.Configure(id)
	}
	j, err := p.job(id, o)
	if err == nil {
		err = j.readDescription()
	}
	if err != nil {
		return nil, fmt.Errorf("job %.100s: %w", id, err)
	}
	return j, nil
}

// serve returns a job for making steps.
func (p *Pool) serve(id string) (*served, error) {
	if p.options.Client == nil {
		return nil, errNoClient
	}
	p.mu.Lock()
	s := p.served[id]
	p.mu.Unlock()
	if s != nil {
		return s, nil
	}
	j, err := p.open(id)
	if err != nil {
		return nil, err
	}
	e := p.engine(j)
	s = &served{Job: j, engine: e, failures: make(map[int64]int)}
	s.loop = newLoop(e, j, p.clock.wall())
	p.mu.Lock()
	defer p.mu.Unlock()
	if other := p.served[id]; other != nil {
		return other, nil // one engine per job
	}
	p.served[id] = s
	return s, nil
}

// forget drops the state of a job that has ended.
func (p *Pool) forget(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.served, id)
}

// Affiliation returns the IDs of the organization and the workspace of the client's key, as far as the service reports them.
// It makes one call.
func (p *Pool) Affiliation(ctx context.Context) (organization, workspace string, err error) {
	if p.options.Client == nil {
		return "", "", errNoClient
	}
	var facts client.Response
	if _, err := p.options.Client.Watermark(ctx, client.WithResponse(&facts)); err != nil {
		return "", "", err
	}
	return facts.OrganizationID, facts.WorkspaceID, nil
}

// Lease returns how long a batch that is being sent still belongs to a program that has died.
func (p *Pool) Lease() time.Duration { return p.timing.lease }

// SetLimit sets how many requests of an organization may be waiting on the server, over all jobs in the store; 0 is no
// limit. If the service refuses more requests, the pool lowers the limit for a while.
func (p *Pool) SetLimit(ctx context.Context, organization string, requests int64) error {
	return p.store.Update(ctx, func(tx store.Tx) error {
		l, err := tx.Limit(organization)
		if err != nil || l.Requests == requests {
			return err
		}
		l.Requests = requests
		return tx.PutLimit(l)
	})
}

// Report returns the report of a job that is done. If the job is not done, the error is [ErrNotDone].
func (p *Pool) Report(ctx context.Context, job string) (*Report, error) {
	j, err := p.open(job)
	if err != nil {
		return nil, err
	}
	r, err := j.report(ctx)
	if errors.Is(err, os.ErrNotExist) {
		err = ErrNotDone
	}
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", job, err)
	}
	return r, nil
}
