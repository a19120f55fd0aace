// Package parallel does on several goroutines what comes one after the other.
package parallel

import (
	"iter"
	"sync"
)

// Map gives f of each element of in, in the order of in, and works on about n of them at the same time.
//
// in is ranged over on another goroutine. Whoever leaves the iteration early waits for what has begun.
func Map[T, R any](n int, in iter.Seq[T], f func(T) R) iter.Seq[R] {
	return func(yield func(R) bool) {
		results := make(chan chan R, n) // in the order of in
		stop := make(chan struct{})
		var running sync.WaitGroup
		running.Go(func() {
			defer close(results)
			for x := range in {
				result := make(chan R, 1)
				select {
				case results <- result:
				case <-stop:
					return
				}
				running.Go(func() { result <- f(x) })
			}
		})
		defer running.Wait()
		defer close(stop)
		for result := range results {
			if !yield(<-result) {
				return
			}
		}
	}
}
