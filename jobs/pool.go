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
	// Client makes the calls. Its key says which organization and workspace the pool serves. Without one, jobs can be read,
	// paused, resumed and canceled, and not be added or served.
	Client *client.Client

	// Temp is a directory of this machine for files that no other machine needs, by default that of the system. Results are
	// there in full while they are collected.
	Temp string

	// Configure, if it is set, returns the options of a job that are not kept: Accept, Again, OnDoubt, MinFreeDisk, Prices,
	// Budget and StrictBudget. All programs that serve a job must agree. Other options are those that the job was added with.
	Configure func(job string) Options
}

// A Pool is jobs that any number of programs on any number of machines serve together, in a store and in blobs that all of
// them reach. Whoever wants to run jobs uses package river, which calls it; it is also for those who write such an engine.
//
// An engine calls [Pool.Advance] for each batch that has something to be done, [Pool.Poll] for those that wait at the
// service, and [Pool.Tend] for each job, again and again. It does not matter who calls, whether two do at the same time,
// and whether a call is made too often: what a step may do is decided by rows of the store, and a batch that is being sent
// belongs to one program until its lease ends, by the clock of the store. It does matter that in the end some program
// calls: a batch that is not advanced is not sent.
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
	served map[string]*served // by the ID of the job
}

// A Ref names a batch of a job.
type Ref struct {
	Job string // its ID
	Seq int64  // number of the batch in the job
}

// served is a job that this program has made steps of.
type served struct {
	*Job
	engine *engine

	mu       sync.Mutex // one Tend at a time
	loop     *loop
	failures map[int64]int // steps of a batch in a row that failed
}

// NewPool returns the jobs that are in a store and in blobs. [Directory] makes blobs of a directory that machines share.
// The store remains the caller's, who closes it last.
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
	host, _ := os.Hostname() // it is for people only
	return &Pool{
		store: s, blobs: b, options: o, owner: fmt.Sprintf("%s %d %s", host, os.Getpid(), newRandomID(nonceLength)), timing: t, clock: c, served: make(map[string]*served),
	}, nil
}

// errNoClient is the error of what needs a client.
var errNoClient = errors.New("the pool has no client")

// Add adds a job and returns its ID. All requests are checked first, as [Job.Run] does; the input is copied to the blobs.
// When Add returns, the job is there and is served; if it fails, nothing is ever sent. The organization's limit of waiting
// requests bounds the batches: it should be set before, see [Pool.SetLimit].
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
	j.options.WithoutPreflight = true // it was made
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
		row.State = store.Canceled // it never begins
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

// job returns a job of the pool, whose files have relative names: they are blobs.
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

// engine returns the engine of a job, beside those of other programs.
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

// serve returns a job to make steps of.
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
		return other, nil // its engine knows what it does
	}
	p.served[id] = s
	return s, nil
}

// forget drops what is kept of a job that has ended.
func (p *Pool) forget(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.served, id)
}

// Affiliation returns the organization and the workspace of the client's key, as far as the service says. It makes one call.
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

// Lease returns how long a batch that is being sent remains that of a program that has died.
func (p *Pool) Lease() time.Duration { return p.timing.lease }

// SetLimit sets how many requests of an organization may wait at the service, of all jobs in the store; 0 is no limit. If
// the service refuses more, less is sent for a while.
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

// Report returns what a job came to. The error is an ErrNotDone if it is not done.
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
