// Package parallel maps a sequence concurrently and keeps its order.
package parallel

import (
	"iter"
	"sync"
)

// Map yields f of each element of in, in the order of in, and computes about n of them at the same time. Leaving the
// iteration early waits for the calls of f in progress. A panic of f is raised in its place among the results.
func Map[T, R any](n int, in iter.Seq[T], f func(T) R) iter.Seq[R] {
	type outcome struct {
		value  R
		panics any
	}
	return func(yield func(R) bool) {
		results, stop := make(chan chan outcome, n), make(chan struct{})
		var running sync.WaitGroup
		defer running.Wait()
		defer close(stop)
		running.Go(func() {
			defer close(results)
			for x := range in {
				result := make(chan outcome, 1)
				select {
				case results <- result:
				case <-stop:
					return
				}
				running.Go(func() {
					var o outcome
					defer func() {
						o.panics = recover()
						result <- o
					}()
					o.value = f(x)
				})
			}
		})
		for result := range results {
			o := <-result
			if o.panics != nil {
				panic(o.panics)
			}
			if !yield(o.value) {
				return
			}
		}
	}
}
