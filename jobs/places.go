package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

// places finds the requests of an input. It holds the offset of every 1024th in memory.
type places struct {
	every []int64 // offsets of the requests whose index is a multiple of stride
	lines int64
	bytes int64
	sum   string // SHA-256 of the input
}

const stride = 1024

// locate reads an input and returns its places.
func locate(ctx context.Context, f file) (*places, error) {
	p, sum := new(places), sha256.New()
	for r := newLineReader(f, 0); ; p.lines++ {
		l, err := r.next(func(raw []byte) { sum.Write(raw) })
		if err == nil {
			err = context.Cause(ctx)
		}
		if err == io.EOF {
			p.bytes, p.sum = r.at, hex.EncodeToString(sum.Sum(nil))
			return p, nil
		}
		if err != nil {
			return nil, fmt.Errorf("input: %w", err)
		}
		if p.lines%stride == 0 {
			p.every = append(p.every, l.offset)
		}
	}
}

// entries calls yield with the entries of requests. The indexes must be in ascending order.
func (p *places) entries(ctx context.Context, f file, indexes []int64, yield func(entry)) error {
	var r *lineReader
	next := int64(0) // index of the request that r reads next
	for _, index := range indexes {
		if index < 0 || index >= p.lines {
			return fmt.Errorf("the input has no request %d: %w", index, ErrInputChanged)
		}
		if r == nil || index-next > stride {
			next = index - index%stride
			offset := p.every[index/stride]
			r = newLineReader(io.NewSectionReader(f, offset, p.bytes-offset), offset)
		}
		for ; next <= index; next++ {
			l, err := r.next(func([]byte) {})
			if err == nil {
				err = context.Cause(ctx)
			}
			if err != nil {
				return fmt.Errorf("input: %w", err)
			}
			if next == index {
				yield(entry{index: index, offset: l.offset, end: l.end})
			}
		}
	}
	return nil
}

// A bitset is a set of request indexes.
type bitset []uint64

func newBitset(n int64) bitset { return make(bitset, (n+63)/64) }

func (b bitset) has(i int64) bool { return b[i/64]&(1<<(i%64)) != 0 }

func (b bitset) add(i int64) { b[i/64] |= 1 << (i % 64) }
