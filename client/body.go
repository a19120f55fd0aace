package client

import (
	"errors"
	"io"
	"sync"
)

// A batchBody is the body of a create call. It encodes one request after the other as it is read, so that the
// batch is never in memory as a whole.
type batchBody struct {
	onRead func() // is called at each read

	mu       sync.Mutex
	requests []Request
	next     int    // the request to encode next
	buf      []byte // what is encoded and not yet read
	read     int    // how much of buf has been read
	closed   bool   // the end of the list is in buf

	stopped bool
}

var errStopped = errors.New("the attempt is over")

func (b *batchBody) Read(p []byte) (int, error) {
	b.onRead()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return 0, errStopped
	}
	for b.read == len(b.buf) {
		if b.closed {
			return 0, io.EOF
		}
		if err := b.fill(); err != nil {
			return 0, err
		}
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

// fill encodes the next request into buf.
func (b *batchBody) fill() error {
	b.buf, b.read = b.buf[:0], 0
	if b.next == 0 {
		b.buf = append(b.buf, `{"requests":[`...)
	} else if b.next < len(b.requests) {
		b.buf = append(b.buf, ',')
	}
	if b.next < len(b.requests) {
		var err error
		if b.buf, err = b.requests[b.next].AppendJSON(b.buf); err != nil {
			return err
		}
		b.next++
	}
	if b.next == len(b.requests) {
		b.buf = append(b.buf, `]}`...)
		b.closed = true
	}
	return nil
}

// Close implements io.Closer.
func (b *batchBody) Close() error {
	b.stop()
	return nil
}
