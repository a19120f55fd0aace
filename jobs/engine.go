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

// An engine takes the batches of one job through their lifecycle, one step at a time. It is safe for concurrent use; several
// engines may share a store.
type engine struct {
	job    string
	store  store.Store
	blobs  store.Blobs
	disk   disk
	temp   string // directory of files that only this program needs
	input  *input
	client *client.Client
	owner  string // owner of the attempts that this engine makes
	alone  bool   // no other engine has run since this machine booted and still runs: their attempts have ended with them
	pooled bool   // it belongs to a pool
	first  int64  // first run of the job since this machine booted
	epoch  int    // how often the job was rebuilt
	keep   bool   // custom IDs are those of the input
	timing timing
	clock  clock

	newNonce func() string // nonce of an attempt

	version  client.APIVersion
	betas    []client.Beta
	policy   bulk.Policy
	accept   Accept
	again    Again
	schemas  schemaCache
	size     limits // of a batch
	onDoubt  OnDoubt
	freeDisk uint64 // nothing is sent if less is free
	purse    *purse // prices and budget

	mu           sync.Mutex
	active       map[int64]bool              // batches that have a step in progress
	lost         map[attemptKey]func() error // outcomes of creates that the store failed to save
	looks        map[attemptKey]instant      // when the batch of an attempt was last looked for
	absences     map[int64]absence           // batches that the service did not find in the last call
	refusedSince *instant                    // since when the service has refused every call
	polls        map[int64]int               // how often a batch was seen running
	listing      listing                     // result of the last list
}

// An attemptKey identifies an attempt of the job.
type attemptKey struct {
	seq int64
	n   int
}

// An OnDoubt decides what to do about a create whose outcome is unknown.
type OnDoubt string

// The values of [Options.OnDoubt].
const (
	// Wait looks for the batch until the outcome is certain: for 50 minutes, and up to 24 hours more if other batches of the
	// same size may be it. It is the default.
	Wait OnDoubt = ""

	// Resend resends the requests at once. They may be paid for twice; the report counts the cases.
	Resend OnDoubt = "resend"

	// Ask pauses the job. The [PausedError] names the batch, and the batches on the server that may be it: see [Adopt].
	Ask OnDoubt = "ask"
)

// soon is the wait before a step that can be made at once.
const soon = time.Duration(0)

// never is the wait of a batch that needs no further step.
const never = time.Duration(-1)

// advance makes one step with a batch, and returns how long to wait before the next one. If it fails, the batch is
// unchanged, and the step can be retried.
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

// early returns the time until the next step of a batch, by the clock of the store, which is the only clock that all
// programs share.
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

// errMoved is the error of a step with a batch that another step has changed meanwhile.
var errMoved = errors.New("the batch has moved on")

// update changes a batch in one transaction, if its state, attempt and BatchID are unchanged.
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

// event records an event, in the same transaction as the change.
func event(tx store.Tx, b *store.Batch, kind EventKind, format string, args ...any) error {
	return tx.AddEvent(&store.Event{
		Job: b.Job, At: tx.Now(), Kind: string(kind), Seq: b.Seq, Attempt: b.Attempt, BatchID: b.BatchID, Text: fmt.Sprintf(format, args...),
	})
}
