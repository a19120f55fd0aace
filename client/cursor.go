package client

import (
	"errors"
	"fmt"
	"hash/maphash"
)

const (
	// mostEmptyPages is how many empty pages in a row make a list that continues an error.
	mostEmptyPages = 10

	// cursorsKept is how many page cursors a list remembers, to detect a cycle. A longer cycle is not detected.
	cursorsKept = 100_000
)

// A pager moves through the pages of a list, and detects a list that does not end.
type pager struct {
	call  *call
	empty int                 // pages in a row
	seen  map[uint64]struct{} // hashes of cursors
	seed  maphash.Seed
}

func newPager(cl *call) *pager {
	return &pager{call: cl, seen: make(map[uint64]struct{}), seed: maphash.MakeSeed()}
}

// turn moves the call's page cursor to the next page. The current page has the given number of batches, the first and the
// last of which have the given IDs.
func (g *pager) turn(batches int, first, last string) error {
	cursor, next := &g.call.after, last
	if g.call.before != "" {
		cursor, next = &g.call.before, first
	}
	if len(g.seen) == 0 {
		g.visit(*cursor)
	}
	if g.empty++; batches > 0 {
		g.empty = 0
	}
	var err error
	switch {
	case next == "":
		err = errors.New("has_more is set but the page has no cursor")
	case len(next) > longestID:
		err = fmt.Errorf("the page has a cursor of %d bytes", len(next))
	case g.empty >= mostEmptyPages:
		err = fmt.Errorf("the last %d pages are empty, and has_more is still set", g.empty)
	case !g.visit(next):
		err = errors.New("the list does not end: a page has the cursor of an earlier page")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", g.call.op, err)
	}
	*cursor = next
	return nil
}

// visit remembers a cursor. It returns false if it was visited before.
func (g *pager) visit(cursor string) bool {
	key := maphash.String(g.seed, cursor)
	if _, known := g.seen[key]; known {
		return false
	}
	if len(g.seen) == cursorsKept {
		clear(g.seen)
	}
	g.seen[key] = struct{}{}
	return true
}
