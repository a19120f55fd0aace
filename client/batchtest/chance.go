package batchtest

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// A chance draws random values. They depend only on the seed and on what they are drawn for, so that a sequence of
// calls can be repeated.
type chance uint64

// key mixes the numbers that name a draw.
func (c chance) key(names ...uint64) uint64 {
	h := scramble(uint64(c))
	for _, n := range names {
		h = scramble(h ^ n)
	}
	return h
}

// happens reports whether an event happens that has the given rate, from 0 to 1.
func (c chance) happens(rate float64, names ...uint64) bool {
	return rate > 0 && float64(c.key(names...)>>11)/(1<<53) < rate
}

// rand returns a source for more than one draw.
func (c chance) rand(names ...uint64) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(c), c.key(names...)))
}

// scramble spreads a number over all 64 bits: each bit of the result depends on all bits of x.
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// number turns a text into a number for a key.
func number(text string) uint64 {
	h := uint64(len(text))
	for ; len(text) >= 8; text = text[8:] {
		h = scramble(h ^ binary.LittleEndian.Uint64([]byte(text[:8])))
	}
	var rest [8]byte
	copy(rest[:], text)
	return scramble(h ^ binary.LittleEndian.Uint64(rest[:]))
}

// within draws a duration greater than 0 and at most the given one.
func within(r *rand.Rand, most time.Duration) time.Duration {
	return 1 + time.Duration(r.Int64N(max(int64(most), 1)))
}
