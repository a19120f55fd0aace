package client

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/seed-111a911e/messagebatches/internal/parallel"
)

// graceOfRead is how long a Read or Seek of the caller's reader may still take after its context has ended. Those of files
// return in that time, so that the reader is the caller's again.
const graceOfRead = 100 * time.Millisecond

var errStuck = errors.New("an earlier Read or Seek of the reader has not returned")

// A guardedReader is a reader of the caller's. It reads while its context lasts, and does not wait for a Read that does not
// return: the buffer of such a Read is not reused. Panics are raised where the guardedReader is used.
type guardedReader struct {
	from  io.ReadSeeker
	ctx   context.Context // of the attempt that reads
	buf   []byte
	stuck bool // a Read or Seek of from has not returned
}

// Read implements io.Reader.
func (g *guardedReader) Read(p []byte) (int, error) {
	n := min(len(p), 1<<20)
	if len(g.buf) < n {
		g.buf = make([]byte, n)
	}
	buf := g.buf[:n]
	got, err := g.call(func() (int64, error) {
		n, err := g.from.Read(buf)
		return int64(n), err
	})
	return copy(p, buf[:got]), err
}

// Seek implements io.Seeker.
func (g *guardedReader) Seek(offset int64, whence int) (int64, error) {
	return g.call(func() (int64, error) { return g.from.Seek(offset, whence) })
}

func (g *guardedReader) call(f func() (int64, error)) (int64, error) {
	if g.stuck {
		return 0, errStuck
	}
	if g.ctx.Err() != nil {
		return 0, contextError(g.ctx)
	}
	type outcome struct {
		n     int64
		err   error
		panic *parallel.Panic
	}
	var o outcome
	done := make(chan outcome, 1)
	parallel.Go(func() { o.n, o.err = f() }, func(p *parallel.Panic) {
		o.panic = p
		done <- o
	})
	var result outcome
	select {
	case result = <-done:
	case <-g.ctx.Done():
		grace := time.NewTimer(graceOfRead)
		defer grace.Stop()
		select {
		case result = <-done:
		case <-grace.C:
			g.stuck, g.buf = true, nil
			return 0, contextError(g.ctx)
		}
	}
	result.panic.Raise()
	return result.n, result.err
}
