// Package parallel does on several goroutines what comes one after the other.
package parallel

import (
	"iter"
	"sync"
)

// Map yields f of each element of in, in the order of in, and works on about n of them at the same time. Whoever leaves the
// iteration early waits for what has begun. A panic of f is raised in its place among the results.
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
