package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/seed-111a911e/messagebatches/internal/parallel"
)

// A batchBody is the body of a create call. It encodes requests as it is read, so that the batch is never in memory as a
// whole: while one piece is read, the next one is encoded.
type batchBody struct {
	encoder encoder
	cancel  context.CancelFunc
	ending  atomic.Bool  // the encoder's context has ended because the attempt is over
	onRead  func()       // called at each read
	fence   func() error // called once, before the last fencedBytes; may be nil

	mu      lock // not held while the fence runs
	fenced  bool
	buf     []byte          // the piece that is read
	read    int             // how much of buf was read
	last    bool            // buf holds the end of the body
	at      int64           // how much of the body was read
	spare   []byte          // for the next piece
	ahead   chan piece      // will have the next piece; nil if it is not being encoded
	err     error           // why the body will not be completed
	panic   *parallel.Panic // of the source or the fence, which net/http must not see
	stopped bool
}

// A piece is the outcome of encoding a piece of the body.
type piece struct {
	bytes []byte
	last  bool
	err   error
	panic *parallel.Panic
}

const (
	// fencedBytes is how much of a body is held back until its fence has returned.
	fencedBytes = 64 << 10

	// aheadBytes is the largest buffer that may be read while another piece is encoded. A request can be as large as the
	// body, and two such buffers would take twice the memory.
	aheadBytes = 4 << 20
)

var errStopped = errors.New("the attempt is over")

// A lock is a mutex made of a channel, so that testing/synctest sees that a goroutine waits for it: the source may be in a
// Read for a while.
type lock chan struct{}

func (l lock) Lock()   { l <- struct{}{} }
func (l lock) Unlock() { <-l }

func newBatchBody(ctx context.Context, src source, size int64, fence func() error) *batchBody {
	b := &batchBody{mu: make(lock, 1), onRead: func() {}, fence: fence}
	ctx, b.cancel = context.WithCancel(ctx)
	b.encoder = encoder{source: src, ctx: ctx, size: size}
	return b
}

// Read implements io.Reader. The last byte of the announced size is returned only after the source has ended exactly as it
// was checked.
func (b *batchBody) Read(p []byte) (int, error) {
	b.onRead()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil && !b.stopped && b.read == len(b.buf) {
		if b.last {
			return 0, io.EOF
		}
		b.err = b.advance()
	}
	if b.err == nil && !b.stopped && b.fence != nil && !b.fenced {
		if free := b.encoder.size - fencedBytes - b.at; free > 0 {
			p = p[:min(int64(len(p)), free)]
		} else {
			b.err = b.ask()
		}
	}
	switch {
	case b.err != nil:
		return 0, b.err
	case b.stopped:
		return 0, errStopped
	}
	n := copy(p, b.buf[b.read:])
	b.read += n
	b.at += int64(n)
	return n, nil
}

// advance makes the next piece the one that is read, and starts encoding the piece after it.
func (b *batchBody) advance() error {
	if b.ahead == nil {
		b.buf, b.spare = b.spare, b.buf
		b.encode()
	}
	next := b.await()
	if err := b.reason(next.err, next.panic); err != nil {
		return err
	}
	b.buf, b.spare = next.bytes, b.buf
	b.read, b.last = 0, next.last
	if !b.last && cap(b.buf) <= aheadBytes {
		b.encode()
	}
	return nil
}

// encode starts encoding the next piece into the spare buffer, on another goroutine.
func (b *batchBody) encode() {
	var p piece
	buf, done := b.spare, make(chan piece, 1)
	parallel.Go(func() { p.bytes, p.last, p.err = b.encoder.next(buf) }, func(caught *parallel.Panic) {
		p.panic = caught
		done <- p
	})
	b.ahead = done
}

// await returns the piece that is being encoded, once it is.
func (b *batchBody) await() piece {
	p := <-b.ahead
	b.ahead = nil
	return p
}

// ask calls the fence.
func (b *batchBody) ask() error {
	b.fenced = true
	b.mu.Unlock()
	var err error
	done := make(chan *parallel.Panic, 1)
	parallel.Go(func() { err = b.fence() }, func(p *parallel.Panic) { done <- p })
	caught := <-done
	b.mu.Lock()
	if err != nil {
		err = fmt.Errorf("fence: %w", err)
	}
	return b.reason(err, caught)
}

// reason returns why the body will not be completed after the caller's code has returned err or has panicked, or nil.
func (b *batchBody) reason(err error, p *parallel.Panic) error {
	switch {
	case p != nil:
		b.panic = p
		return p
	case err != nil && b.ending.Load():
		return errStopped // err may be a consequence
	}
	return err
}

// stop ends the reading and reports whether the last byte was handed to net/http: if so, the service may have the batch.
// This does not change later, although net/http may continue to read for a while after it has given up.
//
// It waits until the source is no longer read, but not for a blocked reader.
func (b *batchBody) stop() (whole bool) {
	b.ending.Store(true)
	b.cancel()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
	if b.ahead != nil {
		if p := b.await(); p.panic != nil {
			b.panic = p.panic
		}
	}
	return b.last && b.read == len(b.buf)
}

// finish stops the body, and raises the panic that ended it, if one did.
func (b *batchBody) finish() {
	b.stop()
	b.mu.Lock()
	p := b.panic
	b.mu.Unlock()
	p.Raise()
}

// failure returns why the body was not completed, or nil if it was stopped.
func (b *batchBody) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == errStopped {
		return nil
	}
	return b.err
}

// Close implements io.Closer.
func (b *batchBody) Close() error {
	b.stop()
	return nil
}
