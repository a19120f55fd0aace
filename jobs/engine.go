package jobs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// An engine takes the batches of one job through their lives, one step at a time. It is safe for concurrent use; several
// engines may share a store.
type engine struct {
	job    string
	store  store.Store
	blobs  store.Blobs
	disk   disk
	temp   string // directory of files that no other program needs
	input  *input
	client *client.Client
	owner  string // of the attempts that this engine makes
	alone  bool   // no other engine lives on this boot of this machine: the attempts of those owners have ended with them
	pooled bool   // it is one of a pool's
	first  int64  // run of the job on this boot
	epoch  int    // how often the job was rebuilt
	keep   bool   // custom IDs are those of the input
	timing timing
	clock  clock

	newNonce func() string // of an attempt

	version  client.APIVersion
	betas    []client.Beta
	policy   bulk.Policy
	accept   Accept
	again    Again
	schemas  schemaCache
	size     limits // of a batch
	onDoubt  OnDoubt
	freeDisk uint64 // nothing is sent if there is less
	purse    *purse // what it knows about money

	mu           sync.Mutex
	active       map[int64]bool              // batches that a step is about
	lost         map[attemptKey]func() error // outcomes of creates that the store has not taken
	looks        map[attemptKey]instant      // when an attempt was looked for last
	absences     map[int64]absence           // batches that the service did not find when it was asked last
	refusedSince *instant                    // nothing but refusals were heard
	polls        map[int64]int               // how often a batch was seen running
	listing      listing                     // what the last list showed
}

// An attemptKey names an attempt of the job.
type attemptKey struct {
	seq int64
	n   int
}

// OnDoubt says what happens to a create whose outcome is not known.
type OnDoubt string

// What may happen.
const (
	// Wait looks for the batch until its outcome is certain: 50 minutes, and up to 24 hours more if there are other batches
	// of the same size that it may be. It is the default.
	Wait OnDoubt = ""

	// Resend sends the requests again at once. They may be paid for twice; the report counts how often they may have been.
	Resend OnDoubt = "resend"

	// Ask pauses the job and names the batch, and what it may be at the service.
	Ask OnDoubt = "ask"
)

// soon is a wait that is none: there is another step to be made.
const soon = time.Duration(0)

// never is the wait of a batch that needs no other step.
const never = time.Duration(-1)

// advance makes one step with a batch, and returns how long to wait before the next one. An error is what kept it from the
// step; the batch is as it was, and the step can be made again.
func (e *engine) advance(ctx context.Context, seq int64) (time.Duration, error) {
	if !e.enter(seq) {
		return e.timing.poll, nil // another step is under way
	}
	defer e.leave(seq)
	var b *store.Batch
	err := e.store.View(ctx, func(tx store.Tx) (err error) {
		b, err = tx.Batch(e.job, seq)
		return err
	})
	if err != nil {
		return 0, err
	}
	switch b.State {
	case store.Planned:
		return e.submit(ctx, b)
	case store.Submitting:
		return e.takeOver(ctx, b)
	case store.Doubtful, store.Unproven:
		return e.doubt(ctx, b)
	case store.Proven:
		return e.poll(ctx, b)
	case store.Ended:
		return e.collect(ctx, b)
	case store.Gone:
		return e.bury(ctx, b)
	case store.Collected, store.Settled:
		return never, nil
	}
	return 0, fmt.Errorf("batch %d is in state %q, which this version does not know", seq, b.State)
}

// early returns how long it is until the next step of a batch, by the clock of the store: no other one is that of all programs.
func (e *engine) early(ctx context.Context, b *store.Batch) (wait time.Duration, err error) {
	if b.NotBefore.IsZero() {
		return 0, nil
	}
	err = e.store.View(ctx, func(tx store.Tx) error {
		wait = min(b.NotBefore.Sub(tx.Now()), e.timing.most)
		return nil
	})
	return wait, err
}

func (e *engine) enter(seq int64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.active[seq] {
		return false
	}
	e.active[seq] = true
	return true
}

func (e *engine) leave(seq int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.active, seq)
}

// errMoved is the error of a step about a batch that another one has moved meanwhile.
var errMoved = errors.New("the batch has moved on")

// update changes a batch in one transaction, if it still is where it was.
func (e *engine) update(ctx context.Context, was *store.Batch, f func(tx store.Tx, b *store.Batch) error) error {
	return e.store.Update(ctx, func(tx store.Tx) error {
		b, err := tx.Batch(was.Job, was.Seq)
		if err != nil {
			return err
		}
		if b.State != was.State || b.Attempt != was.Attempt || b.BatchID != was.BatchID {
			return errMoved
		}
		return f(tx, b)
	})
}

// event notes what has happened, in the transaction in which it does.
func event(tx store.Tx, b *store.Batch, kind EventKind, format string, args ...any) error {
	return tx.AddEvent(&store.Event{
		Job: b.Job, At: tx.Now(), Kind: string(kind), Seq: b.Seq, Attempt: b.Attempt, BatchID: b.BatchID, Text: fmt.Sprintf(format, args...),
	})
}
