package bulk

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/seed-111a911e/messagebatches/client"
)

// Store is a place for results that wait for their turn, such as an empty *os.File that was opened for reading and
// writing. What was written first is read at offset 0. Nothing is read before everything was written.
type Store interface {
	io.Writer
	io.ReaderAt
}

// MatchInOrder is [Match] in the order of the inputs. It first reads all results, in whatever order they come, and writes
// their lines into store; then it ranges over the inputs. A nil store is memory.
//
// Errors without an item, and results doubled, come while the results are read, without their inputs. Missing results and
// duplicate inputs come in their places among the inputs, results of no input in the end. An error of the store is the
// last thing given.
//
// Memory holds a custom id and a position for each result, and no inputs. Each iteration ranges over everything anew, and
// needs a store of its own.
func MatchInOrder[T any](inputs iter.Seq2[string, T], store Store, results ...iter.Seq2[*client.Item, error]) iter.Seq2[Matched[T], error] {
	return func(yield func(Matched[T], error) bool) {
		store := store
		if store == nil {
			store = new(memory)
		}
		kept := &shelf{store: store, out: bufio.NewWriterSize(store, 64<<10), places: make(map[string]place), odd: make(map[string]error)}
		for item, err := range chain(results) {
			m := Matched[T]{CustomID: idOf(item, err), Item: item}
			var broken error
			if item != nil {
				if err, broken = kept.put(item, err); broken != nil {
					yield(m, broken)
					return
				}
			}
			if err != nil && !yield(m, err) {
				return
			}
		}
		if err := kept.out.Flush(); err != nil {
			yield(Matched[T]{}, storeError(err))
			return
		}
		for id, input := range inputs {
			m := Matched[T]{CustomID: id, Input: input}
			p, ok := kept.places[id]
			err := error(&MatchError{CustomID: id, Err: ErrMissing})
			if ok && p.taken {
				err = &MatchError{CustomID: id, Err: ErrDuplicateID}
			} else if ok {
				var broken error
				if m.Item, err, broken = kept.get(id, p); broken != nil {
					yield(m, broken)
					return
				}
			}
			p.taken = true
			kept.places[id] = p
			if !yield(m, err) {
				return
			}
		}
		for _, id := range kept.left() {
			item, odd, broken := kept.get(id, kept.places[id])
			if broken != nil {
				yield(Matched[T]{CustomID: id}, broken)
				return
			}
			if !yield(Matched[T]{CustomID: id, Item: item}, mismatch(id, ErrUnknown, odd)) {
				return
			}
		}
	}
}

// A shelf keeps results in a store.
type shelf struct {
	store  Store
	out    *bufio.Writer
	end    int64 // of what was written
	places map[string]place
	odd    map[string]error // that came with an item
}

// A place is where a result is.
type place struct {
	offset int64
	length int
	taken  bool // by an input; also if there is no result
}

var errNoResult = errors.New("item is no result: custom_id or result is empty, or cannot be written")

// put keeps an item and the error that came with it. It returns an error about an item that it does not keep, or the
// failure of the store.
func (s *shelf) put(item *client.Item, err error) (odd, broken error) {
	if _, ok := s.places[item.CustomID]; ok {
		return mismatch(item.CustomID, ErrDoubled, err), nil
	}
	raw, encodeErr := item.MarshalJSON()
	if encodeErr != nil || !isWhole(item, nil) {
		return mismatch(item.CustomID, errNoResult, cmp.Or(encodeErr, err)), nil
	}
	if _, err := s.out.Write(raw); err != nil {
		return nil, storeError(err)
	}
	s.places[item.CustomID] = place{offset: s.end, length: len(raw)}
	s.end += int64(len(raw))
	if bad, ok := err.(*client.LineError); ok { //nolint:errorlint // one that is wrapped cannot be replaced
		light := *bad
		light.Raw = nil // get puts it back
		err = &light
	}
	if err != nil {
		s.odd[item.CustomID] = err
	}
	return nil, nil
}

// get returns an item and the error that came with it, or the failure of the store.
func (s *shelf) get(id string, p place) (item *client.Item, odd, broken error) {
	raw := make([]byte, p.length)
	if n, err := s.store.ReadAt(raw, p.offset); n < len(raw) {
		return nil, nil, storeError(cmp.Or(err, io.ErrUnexpectedEOF))
	}
	item = new(client.Item)
	if err := item.UnmarshalJSON(raw); !isWhole(item, err) || item.CustomID != id {
		return nil, nil, storeError(fmt.Errorf("the result of %q is not there any more", id))
	}
	odd = s.odd[id]
	delete(s.odd, id)
	if bad, ok := odd.(*client.LineError); ok { //nolint:errorlint // put made it
		bad.Raw = item.Raw
	}
	return item, odd, nil
}

// left returns the ids of results that no input has taken, in the order in which they came.
func (s *shelf) left() []string {
	var ids []string
	for id, p := range s.places {
		if !p.taken {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Compare(s.places[a].offset, s.places[b].offset) })
	return ids
}

func storeError(err error) error { return fmt.Errorf("store of results: %w", err) }

// memory is a Store.
type memory struct{ b []byte }

func (m *memory) Write(p []byte) (int, error) {
	m.b = append(m.b, p...)
	return len(p), nil
}

func (m *memory) ReadAt(p []byte, offset int64) (int, error) {
	return copy(p, m.b[offset:]), nil
}
