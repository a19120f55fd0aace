// Package memtest measures what a function keeps in memory, and makes long input that takes no memory itself.
package memtest

import (
	"io"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
)

// gcPercent is how much garbage may lie beside what is in use while Peak measures. With Go's own 100 a peak is up to twice
// what is in use, depending on when the collector runs.
const gcPercent = 10

// Peak returns how many bytes f has on the heap at most at one time, beside what is there before. It counts what the whole
// process allocates, so that nothing else may run at the same time.
func Peak(f func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	runtime.GC()
	before := heap()
	most, done := make(chan uint64), make(chan struct{})
	go func() {
		seen := before
		for {
			select {
			case <-done:
				most <- max(seen, heap())
				return
			default:
				seen = max(seen, heap())
				runtime.Gosched()
			}
		}
	}()
	f()
	close(done)
	return <-most - before
}

func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// Repeat returns before, text as often as it takes for at least size bytes, and after, in parts of which most are the same
// string.
func Repeat(before, text string, size int, after string) []string {
	part := strings.Repeat(text, 1+(1<<20)/len(text))
	n := size / len(part)
	parts := []string{before}
	for range n {
		parts = append(parts, part)
	}
	return append(parts, strings.Repeat(text, (size-n*len(part)+len(text)-1)/len(text)), after)
}

// Reader reads parts one after the other.
func Reader(parts []string) io.Reader {
	readers := make([]io.Reader, len(parts))
	for i, p := range parts {
		readers[i] = strings.NewReader(p)
	}
	return io.MultiReader(readers...)
}
