package jobs

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// wireLines reads the requests of a batch as they are sent: as JSON Lines with our custom IDs. The first pass checks that
// they are the planned ones. Later ones need not: a create compares them with the first one.
type wireLines struct {
	requests, again iter.Seq2[request, error] // of the first pass, and of later ones
	id              wireID
	keep            bool // keep the custom IDs of the input

	mu   sync.Mutex // a Read may still be in progress after a create has returned
	next func() (request, error, bool)
	stop func()
	buf  []byte
	read int
	err  error
}

func newWireLines(ctx context.Context, in *input, b *store.Batch, id wireID) *wireLines {
	return &wireLines{requests: in.requests(ctx, b), again: in.unverified(ctx, b, io.Discard), id: id}
}

// Seek implements io.Seeker as far as a create needs it: to check that the position is the beginning, and to return there.
func (w *wireLines) Seek(offset int64, whence int) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if offset != 0 || whence != io.SeekStart && (whence != io.SeekCurrent || w.next != nil) {
		return 0, errors.New("lines can only be read from the beginning")
	}
	w.rewind()
	return 0, nil
}

// Read implements io.Reader.
func (w *wireLines) Read(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.next == nil {
		w.next, w.stop = iter.Pull2(w.requests)
	}
	for w.read == len(w.buf) && w.err == nil {
		w.buf, w.read = w.buf[:0], 0
		w.err = w.fill()
	}
	if w.read < len(w.buf) {
		n := copy(p, w.buf[w.read:])
		w.read += n
		return n, nil
	}
	return 0, w.err
}

// fill adds lines to buf.
func (w *wireLines) fill() error {
	for len(w.buf) < 64<<10 {
		r, err, ok := w.next()
		switch {
		case !ok:
			w.requests = w.again
			return io.EOF
		case err != nil:
			return err
		}
		if w.keep {
			w.buf = append(append(w.buf, r.text...), '\n')
			continue
		}
		o, err := scanLine(r.text)
		if err != nil {
			return err
		}
		w.id.line = r.index
		w.buf = o.appendWithID(w.buf, r.text, `"`+w.id.String()+`"`)
		w.buf = append(w.buf, '\n')
	}
	return nil
}

// close releases the source of the lines.
func (w *wireLines) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rewind()
}

func (w *wireLines) rewind() {
	if w.stop != nil {
		w.stop()
	}
	w.next, w.stop, w.buf, w.read, w.err = nil, nil, w.buf[:0], 0, nil
}
