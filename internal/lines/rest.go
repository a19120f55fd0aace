package lines

// A rest is the part of a line that does not fit into a buffer. It is kept in pieces until the length of the line is
// known, so that a line takes at most twice its length in memory. A buffer that doubles would take up to three times
// its length, and one that append grows even more, with five times its length as garbage.
type rest [][]byte

// pieceSize is the size of a rest's first piece; each further one is twice as large, up to blockSize.
const pieceSize = 64 << 10

// add copies b to the end.
func (r *rest) add(b []byte) {
	for len(b) > 0 {
		if n := len(*r); n == 0 || len((*r)[n-1]) == cap((*r)[n-1]) {
			*r = append(*r, make([]byte, 0, pieceSize<<min(n, 4)))
		}
		last := &(*r)[len(*r)-1]
		n := min(len(b), cap(*last)-len(*last))
		*last, b = append(*last, b[:n]...), b[n:]
	}
}

// join returns buf followed by the rest, in new memory unless the rest is empty.
func (r rest) join(buf []byte) []byte {
	if len(r) == 0 {
		return buf
	}
	n := len(buf)
	for _, piece := range r {
		n += len(piece)
	}
	buf = append(make([]byte, 0, n+min(n, blockSize)), buf...) // the next line may be a little longer
	for _, piece := range r {
		buf = append(buf, piece...)
	}
	return buf
}
