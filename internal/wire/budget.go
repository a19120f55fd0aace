package wire

import (
	"errors"
	"unsafe"
)

// The memory for decoded values is bounded by the length of the input: without a bound, a list of ones where objects
// are expected would take forty times its length. Measured on whole responses and requests, the values of a result take
// up to 2.6 bytes per byte of JSON (text blocks of one character), and those of requests up to 3.8. The constant part
// is for structs with few properties set, and for the first elements of lists and maps.
const (
	budgetPerByte = 5
	budgetMin     = 1 << 20
)

// ErrBudget is the error of JSON whose values would take many times its length in memory.
var ErrBudget = errors.New("decoding would take too much memory for the length of the JSON")

// Spend counts n bytes that are about to be allocated. If they exceed the budget of the input, decoding ends with
// [ErrBudget], and Spend returns false.
func (d *Decoder) Spend(n int) bool {
	d.left -= n
	return d.left >= 0 || d.overspend()
}

// overspend ends decoding. It is a separate function so that the compiler inlines Spend.
func (d *Decoder) overspend() bool {
	d.overspent = d.overspent || !d.bad
	d.fail()
	return false
}

// New allocates a T and counts it.
func New[T any](d *Decoder) *T {
	d.Spend((size[T]() + 15) &^ 15) // rounds up no more than the allocator does
	return new(T)
}

// spendEntry counts the next entry of a map that has n. The first entry allocates room for eight, and later ones may
// double the room.
func spendEntry[T any](d *Decoder, n int) bool {
	entry := size[string]() + size[T]()
	switch {
	case n == 0:
		return d.Spend(64 + 8*entry)
	case n < 8:
		return !d.bad
	}
	return d.Spend(2 * entry)
}

func size[T any]() int {
	var x T
	return int(unsafe.Sizeof(x))
}
