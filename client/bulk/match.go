package bulk

import (
	"errors"
	"fmt"
	"iter"

	"github.com/seed-111a911e/messagebatches/client"
)

// Matched is an input and its result.
type Matched[T any] struct {
	// CustomID is the custom id of both, empty with an error that is about no single result.
	CustomID string

	// Input is what the caller has under the id, a zero T if there is no such input.
	Input T

	// Item is the result, nil if there is none.
	Item *client.Item
}

// ByID gives requests as inputs of Match, each under its custom id.
func ByID(requests iter.Seq[client.Request]) iter.Seq2[string, client.Request] {
	return func(yield func(string, client.Request) bool) {
		for r := range requests {
			if !yield(r.CustomID, r) {
				return
			}
		}
	}
}

// Match gives the results of one or several batches, each with the input that has its custom id. An input is anything: a
// request, a row, an index. Results come as they come, one stream after the other; [MatchInOrder] gives them in the order
// of the inputs.
//
// What does not match is a [*MatchError] that names the id: a result of no input ([ErrUnknown]) and a result whose id has
// one already ([ErrDoubled]), with the item; an input under an id that an earlier one has ([ErrDuplicateID]), which no
// result is matched to; and, in the end, inputs without a result ([ErrMissing]), in their order. A request that was sent
// again in a later batch has a result in each: match each round by itself.
//
// Errors of the results are handed through: a [*client.LineError] together with its match if it has an item. Any other
// error is the end of its stream, and the other streams go on; the inputs that are missing then may have results all the
// same, and may have been paid for.
//
// Memory holds the inputs and no results. Each iteration ranges over all of them anew.
func Match[T any](inputs iter.Seq2[string, T], results ...iter.Seq2[*client.Item, error]) iter.Seq2[Matched[T], error] {
	return func(yield func(Matched[T], error) bool) {
		type entry struct {
			input T
			found bool
		}
		entries := make(map[string]*entry)
		var ids []string
		for id, input := range inputs {
			if _, ok := entries[id]; ok {
				if !yield(Matched[T]{CustomID: id, Input: input}, &MatchError{CustomID: id, Err: ErrDuplicateID}) {
					return
				}
				continue
			}
			entries[id] = &entry{input: input}
			ids = append(ids, id)
		}
		for item, err := range chain(results) {
			m := Matched[T]{CustomID: idOf(item, err), Item: item}
			e, ok := entries[m.CustomID]
			if ok {
				m.Input = e.input
			}
			switch {
			case item == nil:
			case !ok:
				entries[m.CustomID] = &entry{found: true}
				err = mismatch(m.CustomID, ErrUnknown, err)
			case e.found:
				err = mismatch(m.CustomID, ErrDoubled, err)
			default:
				e.found = true
			}
			if !yield(m, err) {
				return
			}
		}
		for _, id := range ids {
			if e := entries[id]; !e.found {
				if !yield(Matched[T]{CustomID: id, Input: e.input}, &MatchError{CustomID: id, Err: ErrMissing}) {
					return
				}
			}
		}
	}
}

// chain gives one stream after the other. Of each it gives nothing behind an error that is not about a line.
func chain(streams []iter.Seq2[*client.Item, error]) iter.Seq2[*client.Item, error] {
	return func(yield func(*client.Item, error) bool) {
		for _, stream := range streams {
			for item, err := range stream {
				if item == nil && err == nil {
					continue
				}
				if !yield(item, err) {
					return
				}
				if item == nil && !errors.As(err, new(*client.LineError)) {
					break
				}
			}
		}
	}
}

// idOf returns the custom id that a result or its error is about.
func idOf(item *client.Item, err error) string {
	var bad *client.LineError
	switch {
	case item != nil:
		return item.CustomID
	case errors.As(err, &bad):
		return bad.CustomID
	}
	return ""
}

func mismatch(id string, kind, err error) error {
	if err != nil {
		kind = fmt.Errorf("%w: %w", kind, err)
	}
	return &MatchError{CustomID: id, Err: kind}
}
