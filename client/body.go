package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/seed-111a911e/messagebatches/internal/limits"
	"github.com/seed-111a911e/messagebatches/internal/parallel"
)

// A batchBody is the body of a create call. It encodes requests as it is read, so that the batch is never in memory as a
// whole.
type batchBody struct {
	source source
	ctx    context.Context // for reading the source
	cancel context.CancelFunc
	ending atomic.Bool  // ctx has ended because the attempt is over
	size   int64        // of the whole body, as it was announced
	onRead func()       // called at each read
	fence  func() error // called once, before the last fencedBytes; may be nil

	mu      lock // not held while the fence runs
	fenced  bool
	begun   bool
	sent    int             // requests written to buf so far
	buf     []byte          // encoded bytes
	read    int             // how much of buf was read
	at      int64           // how much of the body was read
	closed  bool            // buf holds the end of the list
	err     error           // why the body will not be completed
	panic   *parallel.Panic // of the source or the fence, which net/http must not see
	stopped bool
}

const (
	// bodyBuffer is how many bytes are encoded at a time; the last request may exceed it. With a smaller buffer, writes to
	// the connection could be as small as a request.
	bodyBuffer = 64 << 10

	// fencedBytes is how much of a body is held back until its fence has returned.
	fencedBytes = 64 << 10
)

var errStopped = errors.New("the attempt is over")

// A lock is a mutex made of a channel, so that testing/synctest sees that a goroutine waits for it: the source may be in a
// Read for a while.
type lock chan struct{}

func (l lock) Lock()   { l <- struct{}{} }
func (l lock) Unlock() { <-l }

func newBatchBody(ctx context.Context, src source, size int64, fence func() error) *batchBody {
	b := &batchBody{mu: make(lock, 1), source: src, size: size, onRead: func() {}, fence: fence}
	b.ctx, b.cancel = context.WithCancel(ctx)
	return b
}

// Read implements io.Reader. The last byte of the announced size is returned only after the source has ended exactly as it
// was checked.
func (b *batchBody) Read(p []byte) (int, error) {
	b.onRead()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil && !b.stopped && b.read == len(b.buf) {
		if b.closed {
			return 0, io.EOF
		}
		b.err = b.protect(b.fill)
	}
	if b.err == nil && !b.stopped && b.fence != nil && !b.fenced {
		if free := b.size - fencedBytes - b.at; free > 0 {
			p = p[:min(int64(len(p)), free)]
		} else {
			b.err = b.protect(b.ask)
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

// protect calls f, and keeps its panic from net/http: f runs the caller's code on a goroutine of net/http.
func (b *batchBody) protect(f func() error) (err error) {
	if b.panic = parallel.Catch(func() { err = f() }); b.panic != nil {
		return b.panic
	}
	if err != nil && b.ending.Load() {
		return errStopped // err may be a consequence
	}
	return err
}

// ask calls the fence.
func (b *batchBody) ask() error {
	b.fenced = true
	b.mu.Unlock()
	defer b.mu.Lock()
	var err error
	done := make(chan *parallel.Panic, 1)
	parallel.Go(func() { err = b.fence() }, func(p *parallel.Panic) { done <- p })
	if (<-done).Raise(); err != nil {
		return fmt.Errorf("fence: %w", err)
	}
	return nil
}

// fill encodes the next requests into buf.
func (b *batchBody) fill() error {
	b.buf, b.read = b.buf[:0], 0
	if !b.begun {
		b.begun = true
		b.buf = append(b.buf, limits.Open...)
		if err := b.source.rewind(b.ctx); err != nil {
			return err
		}
	}
	for !b.closed && len(b.buf) < bodyBuffer {
		end := len(b.buf)
		if b.sent > 0 {
			b.buf = append(b.buf, ',')
		}
		var err error
		switch b.buf, err = b.source.next(b.buf); {
		case err == io.EOF:
			b.buf = append(b.buf[:end], limits.Close...)
			b.closed = true
		case err != nil:
			return err
		default:
			b.sent++
		}
	}
	if ends := b.at + int64(len(b.buf)); ends > b.size || (ends == b.size) != b.closed {
		return errChanged // the service would accept an incomplete body as the whole one
	}
	return nil
}

// stop ends the reading and reports whether the last byte was handed to net/http: if so, the service may have the batch.
// This does not change later, although net/http may continue to read for a while after it has given up.
//
// It does not wait for a blocked reader.
func (b *batchBody) stop() (whole bool) {
	b.ending.Store(true)
	b.cancel()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
	return b.closed && b.read == len(b.buf)
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
