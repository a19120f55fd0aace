package client

import (
	"io"
	"sync/atomic"
)

// A batchBody is the body of a create call. It encodes one request after the other as it is read, so that the
// batch is never in memory as a whole.
type batchBody struct {
	requests []Request
	next     int    // the request to encode next
	buf      []byte // what is encoded and not yet read
	read     int    // how much of buf has been read
	closed   bool   // the end of the list is in buf

	// whole is set once the last byte has been handed over: from then on the service may have the batch.
	whole atomic.Bool
	// onRead, if not nil, is called at each read.
	onRead func()
}

func (b *batchBody) Read(p []byte) (int, error) {
	if b.onRead != nil {
		b.onRead()
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
	if b.closed && b.read == len(b.buf) {
		b.whole.Store(true)
	}
	return n, nil
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
func (b *batchBody) Close() error { return nil }
