package bulk

import (
	"errors"
	"fmt"
	"iter"

	"github.com/seed-111a911e/messagebatches/client"
)

// Matched is an input and its result, or one of them if Mismatch is set.
type Matched[T any] struct {
	// CustomID is the custom ID of both. It is empty for a damaged result whose ID could not be read.
	CustomID string

	// Input is the caller's input with that ID, the zero T if there is none.
	Input T

	// Item is the result, nil if there is none.
	Item *client.Item

	// Mismatch is nil for one input with one result, even if that is damaged. Otherwise it is [ErrMissing] or [ErrUnread]
	// for an input without a result, [ErrDuplicateID] for an input whose custom ID an earlier input has, [ErrUnknown] for
	// a result without an input, [client.ErrDuplicateResult] for a result whose input already has one, and [ErrDamaged] for
	// a result without a custom ID.
	Mismatch error
}

// Err returns nil for an input with a result that succeeded. It wraps Mismatch if that is set, and is Err of the item
// otherwise.
func (m Matched[T]) Err() error {
	switch {
	case m.Mismatch == nil:
		return m.Item.Err()
	case m.CustomID == "" && m.Item != nil && m.Item.Malformed != nil:
		return fmt.Errorf("%w: %w", m.Mismatch, m.Item.Malformed)
	}
	return &client.ItemError{CustomID: m.CustomID, Err: m.Mismatch}
}

// ByID yields requests as inputs of Match, each with its custom ID.
func ByID(requests iter.Seq[client.Request]) iter.Seq2[string, client.Request] {
	return func(yield func(string, client.Request) bool) {
		for r := range requests {
			if !yield(r.CustomID, r) {
				return
			}
		}
	}
}

// Match yields the results of one or several batches, each with the input that has its custom ID. An input can be any
// value: a request, a row, an index. The results keep their order, one sequence after the other; [MatchInOrder] yields them
// in the order of the inputs.
//
// Every input is yielded once, and so is every result. Those without a counterpart have a Mismatch: first duplicate inputs,
// then results that are unknown, duplicate or without a readable custom ID, and at the end inputs without a result, in
// their order. A damaged line that has a custom ID but no result is also yielded at the end, with its input, unless there
// is a result with its ID: then it is skipped. A request that was resent in a later batch has a result in each: match each
// round separately.
//
// An error is the last thing Match yields, a [*MatchError]: it counts the mismatches, and holds the errors of the results.
// A sequence of results ends with its error, and the other sequences are still read. Inputs without a result then have
// [ErrUnread] instead of [ErrMissing]: their results may exist and may have been paid for.
//
// Memory holds the inputs and no results, except for damaged lines: their Raw is dropped after 16 MiB. Each iteration
// ranges over the inputs and results anew.
func Match[T any](inputs iter.Seq2[string, T], results ...iter.Seq2[*client.Item, error]) iter.Seq2[Matched[T], error] {
	return func(yield func(Matched[T], error) bool) {
		m := matcher[T]{index: make(map[string]int), unknown: make(map[string]struct{})}
		send := func(match Matched[T]) bool {
			m.last.add(match.CustomID, match.Mismatch)
			return yield(match, nil)
		}
		for id, input := range inputs {
			if !m.addInput(id, input) && !send(Matched[T]{CustomID: id, Input: input, Mismatch: ErrDuplicateID}) {
				return
			}
		}
		for item, err := range chain(results) {
			if err != nil {
				m.last.Errs = append(m.last.Errs, err)
			} else if match, ok := m.match(item); ok && !send(match) {
				return
			}
		}
		for match := range m.rest {
			if !send(match) {
				return
			}
		}
		if err := m.last.last(); err != nil {
			yield(Matched[T]{}, err)
		}
	}
}

// A matcher matches results with inputs.
type matcher[T any] struct {
	inputs  []entry[T]
	index   map[string]int      // of inputs, by custom ID
	unknown map[string]struct{} // custom IDs of results without an input
	damaged damagedItems
	last    MatchError
}

// An entry is an input.
type entry[T any] struct {
	id    string
	input T
	found bool // its result was yielded
}

// addInput reports whether the custom ID is new.
func (m *matcher[T]) addInput(id string, input T) bool {
	if _, ok := m.index[id]; ok {
		return false
	}
	m.index[id] = len(m.inputs)
	m.inputs = append(m.inputs, entry[T]{id: id, input: input})
	return true
}

// match returns an item with its input. ok is false for a damaged item, which is held back because a result may follow.
func (m *matcher[T]) match(item *client.Item) (match Matched[T], ok bool) {
	match = Matched[T]{CustomID: item.CustomID, Item: item}
	i, known := m.index[item.CustomID]
	_, found := m.unknown[item.CustomID]
	if known {
		match.Input, found = m.inputs[i].input, m.inputs[i].found
	}
	switch {
	case item.CustomID == "":
		match = Matched[T]{Item: item, Mismatch: ErrDamaged}
	case isDuplicate(item):
		match.Mismatch = client.ErrDuplicateResult
	case item.Result == nil:
		if found || !m.damaged.put(item) {
			m.last.Damaged++
		}
		return match, false
	case found:
		match.Mismatch = client.ErrDuplicateResult
	default:
		if known {
			m.inputs[i].found = true
		} else {
			match.Mismatch = ErrUnknown
			m.unknown[item.CustomID] = struct{}{}
		}
		if m.damaged.take(item.CustomID) != nil {
			m.last.Damaged++
		}
	}
	return match, true
}

// rest yields the inputs without a result, and then the damaged items without an input.
func (m *matcher[T]) rest(yield func(Matched[T]) bool) {
	missing := ErrMissing
	if len(m.last.Errs) > 0 {
		missing = ErrUnread
	}
	for _, e := range m.inputs {
		if e.found {
			continue
		}
		match := Matched[T]{CustomID: e.id, Input: e.input, Item: m.damaged.take(e.id)}
		if match.Item == nil {
			match.Mismatch = missing
		}
		if !yield(match) {
			return
		}
	}
	for _, id := range m.damaged.ids {
		if item := m.damaged.take(id); item != nil && !yield(Matched[T]{CustomID: id, Item: item, Mismatch: ErrUnknown}) {
			return
		}
	}
}

// isDuplicate reports whether [client.Client.Results] marked an item as a duplicate.
func isDuplicate(item *client.Item) bool {
	return item.Malformed != nil && errors.Is(item.Malformed, client.ErrDuplicateResult)
}

// maxDamaged is how many bytes of damaged lines Match keeps.
const maxDamaged = 16 << 20

// damagedItems are items with a custom ID and without a result, one for each ID.
type damagedItems struct {
	items map[string]*client.Item
	ids   []string // in order, including those of items that were taken
	bytes int      // of Raw
}

// put reports whether it keeps an item.
func (d *damagedItems) put(item *client.Item) bool {
	if _, ok := d.items[item.CustomID]; ok {
		return false
	}
	if d.bytes+len(item.Raw) > maxDamaged {
		short := *item
		short.Raw = nil
		item = &short
	}
	if d.items == nil {
		d.items = make(map[string]*client.Item)
	}
	d.items[item.CustomID] = item
	d.ids = append(d.ids, item.CustomID)
	d.bytes += len(item.Raw)
	return true
}

// take returns the item with a custom ID, or nil, and forgets it.
func (d *damagedItems) take(id string) *client.Item {
	item, ok := d.items[id]
	if ok {
		delete(d.items, id)
		d.bytes -= len(item.Raw)
	}
	return item
}

// chain yields one sequence after the other. An error ends only its own.
func chain(sequences []iter.Seq2[*client.Item, error]) iter.Seq2[*client.Item, error] {
	return func(yield func(*client.Item, error) bool) {
		for _, sequence := range sequences {
			for item, err := range sequence {
				if item == nil && err == nil {
					continue
				}
				if !yield(item, err) {
					return
				}
				if err != nil {
					break
				}
			}
		}
	}
}
