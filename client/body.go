package client

import (
	"errors"
	"io"
	"sync"

	"github.com/seed-111a911e/messagebatches/internal/envelope"
)

// A batchBody is the body of a create call. It takes one request after the other from its source as it is read, so that
// the batch is never in memory as a whole.
type batchBody struct {
	onRead func() // is called at each read

	mu      sync.Mutex
	source  source
	begun   bool
	sent    int    // requests that are in buf or were
	buf     []byte // what is encoded and not yet read
	read    int    // how much of buf has been read
	closed  bool   // the end of the list is in buf
	err     error  // why the body does not come to its end
	stopped bool
}

// bodyBuffer is how much is encoded at a time, but for what the last request has more: with less a write to the
// connection would be as small as a request may be.
const bodyBuffer = 64 << 10

var errStopped = errors.New("the attempt is over")

func (b *batchBody) Read(p []byte) (int, error) {
	b.onRead()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return 0, errStopped
	}
	if b.read == len(b.buf) && b.err == nil {
		if b.closed {
			return 0, io.EOF
		}
		b.err = b.fill()
	}
	if b.err != nil {
		return 0, b.err
	}
	n := copy(p, b.buf[b.read:])
	b.read += n
	return n, nil
}

// stop ends the reading and reports whether the last byte was handed over: if so, the service may have the batch.
// That is decided once and for all, for net/http may go on reading for a while after it has given up.
func (b *batchBody) stop() (whole bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
	return b.closed && b.read == len(b.buf)
}

// failure returns why the requests could not be read to their end, or nil.
func (b *batchBody) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// fill encodes the next requests into buf.
func (b *batchBody) fill() error {
	b.buf, b.read = b.buf[:0], 0
	if !b.begun {
		b.begun = true
		b.buf = append(b.buf, envelope.Open...)
		if err := b.source.rewind(); err != nil {
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
			b.buf = append(b.buf[:end], envelope.Close...)
			b.closed = true
		case err != nil:
			return err
		default:
			b.sent++
		}
	}
	return nil
}

// Close implements io.Closer.
func (b *batchBody) Close() error {
	b.stop()
	return nil
}
