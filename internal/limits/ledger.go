package limits

import "fmt"

// A Ledger counts the requests of a batch and the bytes of its body, and records custom IDs. The zero Ledger is an
// empty batch.
type Ledger struct {
	// Requests is the number of requests added.
	Requests int

	bytes  int64          // of the requests, with the commas between them
	places map[string]int // of custom ids
}

// Add counts a request whose JSON has the given size.
func (l *Ledger) Add(size int) {
	if l.Requests > 0 {
		l.bytes++ // the comma
	}
	l.Requests++
	l.bytes += int64(size)
}

// AddAll counts n requests whose JSON has the given total size.
func (l *Ledger) AddAll(n int, size int64) {
	if n == 0 {
		return
	}
	commas := n
	if l.Requests == 0 {
		commas--
	}
	l.Requests += n
	l.bytes += size + int64(commas)
}

// Bytes returns the length of the body.
func (l *Ledger) Bytes() int64 { return int64(len(Open+Close)) + l.bytes }

// BytesWith returns the length of the body with another request of the given size.
func (l *Ledger) BytesWith(size int64) int64 {
	n := l.Bytes() + size
	if l.Requests > 0 {
		n++
	}
	return n
}

// Note records a custom ID and its place, an index or a line number. If the ID was recorded before, it returns the
// place of its first appearance, and true.
func (l *Ledger) Note(id string, place int) (first int, duplicate bool) {
	if first, duplicate = l.places[id]; duplicate {
		return first, true
	}
	if l.places == nil {
		l.places = make(map[string]int)
	}
	l.places[id] = place
	return place, false
}

// Next begins another batch. It keeps the custom IDs of earlier batches.
func (l *Ledger) Next() { l.Requests, l.bytes = 0, 0 }

// CheckCount returns an error if the number of requests is not allowed.
func (l *Ledger) CheckCount() error {
	switch {
	case l.Requests > MaxRequests:
		return fmt.Errorf("a batch has 1 to %d requests, and there are more: split it", MaxRequests)
	case l.Requests == 0:
		return fmt.Errorf("a batch has 1 to %d requests, and there are none", MaxRequests)
	}
	return nil
}

// CheckSize returns an error if the body is too long.
func (l *Ledger) CheckSize() error {
	if n := l.Bytes(); n > MaxBytes {
		return fmt.Errorf("the batch has %d bytes, and %d are allowed: split it", n, MaxBytes)
	}
	return nil
}
