package bulk

import (
	"iter"

	"github.com/seed-111a911e/messagebatches/client"
)

// MatchInOrder is [Match] in the order of the inputs. It first reads all results, in any order, and writes their lines to
// store; then it ranges over the inputs and reads each result back. A nil store means memory.
//
// It yields what Match yields. Duplicate results, and damaged ones without a custom ID, come first, without their inputs.
// Missing results, damaged lines and duplicate inputs come in their places among the inputs, and results without an input
// at the end, in order. If a result cannot be read back from the store, its input has [ErrUnread]. If the store cannot be
// written, no more results are read, and all inputs have ErrUnread. The error of the store is in the [*MatchError].
//
// Memory holds a custom ID and a position for each result, and no inputs. Each iteration ranges over the inputs and
// results anew, and needs its own store.
func MatchInOrder[T any](inputs iter.Seq2[string, T], store Store, results ...iter.Seq2[*client.Item, error]) iter.Seq2[Matched[T], error] {
	return func(yield func(Matched[T], error) bool) {
		var last MatchError
		send := func(m Matched[T]) bool {
			last.add(m.CustomID, m.Mismatch)
			return yield(m, nil)
		}
		s := newSpool(store)
		for item, err := range chain(results) {
			if err != nil {
				last.Errs = append(last.Errs, err)
				continue
			}
			if mismatch := s.put(item); mismatch != nil && !send(Matched[T]{CustomID: item.CustomID, Item: item, Mismatch: mismatch}) {
				return
			}
			if s.err != nil {
				break
			}
		}
		s.flush()
		missing := ErrMissing
		if s.err != nil || len(last.Errs) > 0 {
			missing = ErrUnread
		}
		for id, input := range inputs {
			m := Matched[T]{CustomID: id, Input: input}
			m.Item, m.Mismatch = s.take(id)
			if m.Mismatch == ErrMissing {
				m.Mismatch = missing
			}
			if !send(m) {
				return
			}
		}
		for _, id := range s.left() {
			item, _ := s.take(id)
			if !send(Matched[T]{CustomID: id, Item: item, Mismatch: ErrUnknown}) {
				return
			}
		}
		last.Damaged += s.skipped
		if s.err != nil {
			last.Errs = append(last.Errs, s.err)
		}
		if err := last.last(); err != nil {
			yield(Matched[T]{}, err)
		}
	}
}
