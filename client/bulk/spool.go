package bulk

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/internal/foreign"
)

// Store holds results until their inputs come, for example an empty *os.File that is open for reading and writing. The
// first byte written must be at offset 0. Nothing is read before everything has been written.
type Store interface {
	io.Writer
	io.ReaderAt
}

// A spool keeps results in a store, one for each custom ID.
type spool struct {
	store   Store
	out     *bufio.Writer
	end     int64 // offset after the last byte written
	places  map[string]place
	unsaved map[string]*client.Item // items that cannot be written
	buf     []byte
	skipped int   // damaged lines with the ID of another line
	broken  bool  // writing failed: the store is not read
	err     error // the first error of the store
}

// A place is where an item is in the store.
type place struct {
	offset  int64
	length  int
	line    int // its number, if it is malformed
	damaged bool
	taken   bool // by an input, even if there is no item
}

func newSpool(store Store) *spool {
	if store == nil {
		store = new(memory)
	}
	return &spool{store: store, out: bufio.NewWriterSize(store, 64<<10), places: make(map[string]place), unsaved: make(map[string]*client.Item)}
}

// put keeps an item, or returns why the item cannot be the result of an input. Of a result and damaged lines with the same
// ID it keeps the result.
func (s *spool) put(item *client.Item) (mismatch error) {
	id := item.CustomID
	other, known := s.places[id]
	switch {
	case id == "":
		return ErrDamaged
	case isDuplicate(item):
		return client.ErrDuplicateResult
	case known && item.Result == nil:
		s.skipped++
		return nil
	case known && other.damaged:
		s.skipped++
		delete(s.unsaved, id)
	case known:
		return client.ErrDuplicateResult
	}
	p := place{offset: s.end, damaged: item.Result == nil}
	if item.Malformed != nil {
		p.line = item.Malformed.Line
	}
	raw, err := item.MarshalJSON()
	if err != nil || p.damaged && len(item.Raw) == 0 {
		s.unsaved[id] = item
	} else {
		_, err := s.out.Write(raw)
		s.wrote(err)
		p.length = len(raw)
		s.end += int64(len(raw))
	}
	s.places[id] = p
	return nil
}

func (s *spool) flush() { s.wrote(s.out.Flush()) }

// wrote records the outcome of a write.
func (s *spool) wrote(err error) {
	s.broken = s.broken || err != nil
	s.fail(err)
}

// fail records an error of the store, if it is the first.
func (s *spool) fail(err error) {
	if err != nil && s.err == nil {
		s.err = fmt.Errorf("store of results: %w", foreign.Error(err))
	}
}

// take returns the item with a custom ID. mismatch is [ErrMissing] if there is none, [ErrDuplicateID] if it was taken
// before, and [ErrUnread] if the store fails.
func (s *spool) take(id string) (item *client.Item, mismatch error) {
	p, ok := s.places[id]
	if ok && p.taken {
		return nil, ErrDuplicateID
	}
	p.taken = true
	s.places[id] = p
	if !ok {
		return nil, ErrMissing
	}
	if item, ok := s.unsaved[id]; ok {
		delete(s.unsaved, id)
		return item, nil
	}
	if item := s.read(id, p); item != nil {
		return item, nil
	}
	return nil, ErrUnread
}

// read returns an item from the store, nil if that fails.
func (s *spool) read(id string, p place) *client.Item {
	if s.broken {
		return nil
	}
	s.buf = slices.Grow(s.buf[:0], p.length)[:p.length]
	if n, err := s.store.ReadAt(s.buf, p.offset); n < p.length {
		s.fail(cmp.Or(err, io.ErrUnexpectedEOF))
		return nil
	}
	item := client.ParseItem(s.buf, p.line)
	if item.CustomID != id || (item.Result == nil) != p.damaged {
		s.fail(errChanged)
		return nil
	}
	return &item
}

var errChanged = errors.New("the data read differs from the data written")

// left returns the IDs of the items that no input has taken, in the order of the items.
func (s *spool) left() []string {
	var ids []string
	for id, p := range s.places {
		if !p.taken {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		p, q := s.places[a], s.places[b]
		return cmp.Or(cmp.Compare(p.offset, q.offset), cmp.Compare(p.length, q.length), cmp.Compare(a, b)) // unsaved items have no length
	})
	return ids
}

// memory is a Store.
type memory struct{ b []byte }

func (m *memory) Write(p []byte) (int, error) {
	m.b = append(m.b, p...)
	return len(p), nil
}

func (m *memory) ReadAt(p []byte, offset int64) (int, error) {
	return copy(p, m.b[offset:]), nil
}
