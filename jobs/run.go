package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A PausedError is the error of a run when the job is paused and everything that was sent has been collected. The next Run
// resumes sending, unless the job was paused by [Pause].
type PausedError struct {
	Why string // human-readable
}

// Error includes Why.
func (e *PausedError) Error() string { return "the job is paused: " + e.Why }

// Run sends the requests that have not been sent, waits, collects the results, and writes the output when each request has
// its final result. It may take days. However a run ends, calling Run again with the same input continues the job.
//
// When ctx ends, Run returns the error of ctx. The job does not end: batches that were sent continue to run on the server.
// Run retries through outages. It pauses the job when a person has to act, for example because a key was revoked, and
// returns a [*PausedError] when everything that was sent has been collected.
//
// The first run checks all requests before it sends anything: an [*InputError] or a [*preflight.IssuesError] lists the
// faults. If the client belongs to another organization or workspace than the job, the error is a [*StrangerError].
//
// Requests that failed for good are not an error: the report counts them.
func (j *Job) Run(ctx context.Context, c *client.Client, in Source) (*Report, error) {
	r, err := j.run(ctx, c, in)
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err) // such as the error of an interrupted transaction
	}
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", j.dir, err)
	}
	return r, nil
}

func (j *Job) run(ctx context.Context, c *client.Client, in Source) (*Report, error) {
	began := j.clock.wall()
	if j.about.Pruned != nil {
		return j.report(ctx)
	}
	name, err := in.file(ctx, j.disk, j.dir)
	if err != nil {
		return nil, err
	}
	if j.about.Input == nil {
		j.inUse = countsInUse(ctx, c, j.about.Options.Version)
	}
	if err := j.plan(ctx, name); err != nil {
		return nil, err
	}
	if err := j.resume(ctx); err != nil {
		return nil, err
	}
	e := j.engine(c, name)
	l := newLoop(e, j, began)
	for {
		row, err := j.row(ctx)
		if err != nil {
			return nil, err
		}
		if row.State == store.Done {
			if err := j.restoreOutput(ctx, e, row.Lines); err != nil {
				return nil, err
			}
			return j.whenDone(ctx, c)
		}
		if err := l.check(ctx); err != nil {
			return nil, err
		}
		if row.State == store.Rebuilding {
			if err := l.rebuild(ctx); err != nil {
				return nil, err
			}
			continue
		}
		if err := e.checkPrices(ctx); err != nil {
			return nil, err
		}
		if err := l.run(ctx); err != nil {
			return nil, err
		}
		err = errors.Join(j.finish(ctx, e, row.Lines, l.doubles), l.report(context.WithoutCancel(ctx)))
		if err == nil && row.State == store.Canceled {
			return j.whenDone(ctx, c)
		}
		var damaged *damagedError
		if errors.As(err, &damaged) {
			err = e.readAgain(ctx, damaged)
		}
		if err != nil {
			return nil, err
		}
	}
}

// resume ends a pause that was not requested by Pause.
func (j *Job) resume(ctx context.Context) error {
	return j.store.Update(ctx, func(tx store.Tx) error {
		row, err := tx.Job(j.about.ID)
		if err != nil || row.State != store.Paused {
			return err
		}
		row.State, row.Why = store.Running, ""
		return tx.PutJob(row)
	})
}

// row returns the row of the job.
func (j *Job) row(ctx context.Context) (row *store.Job, err error) {
	err = j.store.View(ctx, func(tx store.Tx) error {
		row, err = tx.Job(j.about.ID)
		return err
	})
	return row, err
}

func (j *Job) engine(c *client.Client, name string) *engine {
	free := uint64(256 << 20)
	if j.options.MinFreeDisk != 0 {
		free = uint64(max(0, j.options.MinFreeDisk))
	}
	return &engine{
		job: j.about.ID, store: guarded{j.store}, blobs: j.blobs, disk: j.disk, temp: filepath.Join(j.dir, temporaries),
		input: &input{j.disk, name, j.blobs}, client: c, owner: owner(j.about.ID, j.runs), alone: true, first: j.first, epoch: j.about.Epoch, keep: j.about.Options.KeepIDs, timing: j.timing, clock: j.clock,
		newNonce: func() string { return newRandomID(nonceLength) },
		version:  j.about.Options.Version, betas: j.about.Options.Betas, policy: j.about.Options.FollowUp, accept: j.options.Accept, again: j.options.Again,
		size: limits{j.about.Options.MaxRequests, j.about.Options.MaxBytes}.within(j.options.MaxWaiting), onDoubt: j.options.OnDoubt, freeDisk: free, purse: j.purse,
		active: make(map[int64]bool), lost: make(map[attemptKey]func() error), looks: make(map[attemptKey]instant), absences: make(map[int64]absence), polls: make(map[int64]int),
	}
}

// plan divides the input into batches in the first run. In later runs it checks that the input is the same.
func (j *Job) plan(ctx context.Context, name string) error {
	row, err := j.row(ctx)
	if err != nil {
		return err
	}
	if row.Planned || row.State == store.Rebuilding && j.about.Input != nil {
		return j.checkInput(name)
	}
	if err := j.preflight(ctx, name); err != nil || row.State == store.Rebuilding {
		return err
	}
	size := limits{j.about.Options.MaxRequests, j.about.Options.MaxBytes}.within(j.options.MaxWaiting)
	avoid := j.inUse
	if was := j.about.Input; was != nil { // an earlier run may have stored some of the batches
		size, avoid = size.within(was.Most), was.Avoided
	}
	out, err := planInput(ctx, j.disk, name, j.about.ID, size, j.options.WithoutPreflight, func(p *planner) { p.seq, p.avoid = firstSeq(j.about.Epoch), avoid })
	if err != nil {
		return err
	}
	if out.lines == 0 {
		return errors.New("the input has no requests")
	}
	primed := out.hours && !j.options.WithoutPriming
	if was := j.about.Input; was != nil {
		primed = was.Primed
	}
	if primed {
		prime, err := j.primers(ctx, name, size)
		if err != nil {
			return err
		}
		out, err = planInput(ctx, j.disk, name, j.about.ID, size, false, func(p *planner) { p.seq, p.avoid, p.prime = firstSeq(j.about.Epoch), avoid, prime })
		if err != nil {
			return err
		}
	}
	j.about.Input = &inputDescription{
		Name: name, Bytes: out.bytes, SHA256: out.sha256, Lines: out.lines, Modified: modified(name), Most: int64(size.requests), Avoided: avoid, Primed: primed,
	}
	if err := j.writeDescription(); err != nil {
		return err
	}
	return j.putPlan(ctx, out)
}

// putPlan stores the batches of the input.
func (j *Job) putPlan(ctx context.Context, out *outline) error {
	for rest := out.batches; len(rest) > 0; {
		some := rest[:min(len(rest), 500)]
		rest = rest[len(some):]
		err := j.store.Update(ctx, func(tx store.Tx) error {
			for _, b := range some {
				if err := tx.PutBatch(b); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return j.store.Update(ctx, func(tx store.Tx) error {
		row, err := tx.Job(j.about.ID)
		if err != nil {
			return err
		}
		row.Planned, row.Lines, row.NextSeq = true, out.lines, firstSeq(j.about.Epoch)+int64(len(out.batches))
		return errors.Join(tx.PutJob(row), tx.AddEvent(&store.Event{
			Job: row.ID, At: tx.Now(), Kind: "planned", Text: plural(out.lines, "request") + " in " + plural(len(out.batches), "batch"),
		}))
	})
}

// modified returns when a file was last changed, or the zero time if that is unknown.
func modified(name string) time.Time {
	info, err := os.Stat(name)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// checkInput checks that an input is that of the job. If name, size and time are the same, it does not read the file: each
// part is checked again when it is sent.
func (j *Job) checkInput(name string) error {
	f, err := j.disk.Open(name)
	if err != nil {
		return fmt.Errorf("input: %w", err)
	}
	defer f.Close()
	was := j.about.Input
	size, err := f.Size()
	if err != nil {
		return fmt.Errorf("input: %w", err)
	}
	if size != was.Bytes {
		return fmt.Errorf("%w: %w", ErrInputChanged, &OptionsError{"input, of another size", was.Bytes, size})
	}
	if at := modified(name); name == was.Name && at.Equal(was.Modified) {
		return nil
	}
	sum, err := hashOf(f)
	if err != nil {
		return fmt.Errorf("input: %w", err)
	}
	if sum != was.SHA256 {
		return fmt.Errorf("%w: %w", ErrInputChanged, &OptionsError{"input, with another SHA-256", was.SHA256, sum})
	}
	return nil
}

// preflight checks all requests in the form in which they will be sent.
func (j *Job) preflight(ctx context.Context, name string) error {
	if j.options.WithoutPreflight {
		return nil
	}
	f, err := j.disk.Open(name)
	if err != nil {
		return fmt.Errorf("input: %w", err)
	}
	defer f.Close()
	report, err := preflight.CheckLines(&numberedLines{ctx: ctx, in: newLineReader(f, 0), keep: j.about.Options.KeepIDs}, preflight.Options{
		Version: j.about.Options.Version, Betas: j.about.Options.Betas,
		Disable: []preflight.Rule{preflight.BatchCount, preflight.BatchSize, preflight.DuplicateID},
	})
	if err != nil {
		return fmt.Errorf("input: %w", err)
	}
	for i := range report.Issues {
		if !j.about.Options.KeepIDs {
			report.Issues[i].CustomID = "" // it is generated
		}
	}
	return report.Err()
}

// numberedLines reads the lines of an input with valid custom IDs in place of theirs. It keeps blank lines, so that line
// numbers are right.
type numberedLines struct {
	ctx     context.Context
	in      *lineReader
	buf     []byte
	read    int
	written int64 // lines
	keep    bool  // keep the custom IDs, which are then checked too
	err     error
}

// Read implements io.Reader.
func (n *numberedLines) Read(p []byte) (int, error) {
	for n.read == len(n.buf) && n.err == nil {
		n.buf, n.read = n.buf[:0], 0
		n.err = n.fill()
	}
	if n.read == len(n.buf) {
		return 0, n.err
	}
	c := copy(p, n.buf[n.read:])
	n.read += c
	return c, nil
}

func (n *numberedLines) fill() error {
	for len(n.buf) < 64<<10 {
		l, err := n.in.next(func([]byte) {})
		if err == nil {
			err = context.Cause(n.ctx)
		}
		if err != nil {
			return err
		}
		for ; n.written < l.number-1; n.written++ {
			n.buf = append(n.buf, '\n')
		}
		o, err := scanLine(l.text)
		if err != nil || n.keep {
			n.buf = append(n.buf, l.text...) // the preflight reports the fault
		} else {
			n.buf = o.appendWithID(n.buf, l.text, fmt.Sprintf(`"line-%d"`, l.number))
		}
		n.buf = append(n.buf, '\n')
		n.written++
	}
	return nil
}

// readAgain makes a batch whose part is damaged read its results again, after a minute: the disk may damage every part.
func (e *engine) readAgain(ctx context.Context, damaged *damagedError) error {
	return e.store.Update(ctx, func(tx store.Tx) error {
		b, err := tx.Batch(e.job, damaged.seq)
		if err != nil {
			return err
		}
		if b.Part = (store.File{}); b.State == store.Settled {
			b.State, b.Cut, b.Tries, b.Failures, b.NotBefore = store.Ended, true, 0, 0, tx.Now().Add(e.timing.look)
		}
		return errors.Join(tx.PutBatch(b), event(tx, b, "damaged", "%v", damaged.err))
	})
}
