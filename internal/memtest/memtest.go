// Package memtest measures the memory that a function uses, and makes long input that needs almost no memory itself.
package memtest

import (
	"io"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
)

// gcPercent bounds the garbage on the heap while Peak measures, in percent of the memory in use. With Go's default of
// 100, a peak is up to twice the memory in use, depending on when the collector runs.
const gcPercent = 10

// Peak returns the most bytes that f has on the heap at one time, in addition to those before. It counts what the whole
// process allocates, so nothing else may run at the same time.
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

// Repeat returns before, then text repeated to at least size bytes, then after. Most of the parts are the same string.
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
