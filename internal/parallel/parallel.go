// Package parallel does on several goroutines what comes one after the other.
package parallel

import (
	"iter"
	"sync"
)

// Map gives f of each element of in, in the order of in, and works on about n of them at the same time.
//
// in is ranged over on another goroutine. Whoever leaves the iteration early waits for what has begun. A panic of in or f
// is raised in its place among the results, as a [*Panic].
func Map[T, R any](n int, in iter.Seq[T], f func(T) R) iter.Seq[R] {
	type outcome struct {
		value R
		panic *Panic
	}
	return func(yield func(R) bool) {
		results := make(chan chan outcome, n) // in the order of in
		stop := make(chan struct{})
		var running sync.WaitGroup
		// promise makes place for the next result. It returns nil if there is nobody to take it.
		promise := func() chan outcome {
			result := make(chan outcome, 1)
			select {
			case results <- result:
				return result
			case <-stop:
				return nil
			}
		}
		running.Add(1)
		Go(func() {
			for x := range in {
				result := promise()
				if result == nil {
					return
				}
				running.Add(1)
				var o outcome
				Go(func() { o.value = f(x) }, func(p *Panic) {
					o.panic = p
					result <- o
					running.Done()
				})
			}
		}, func(p *Panic) {
			if p != nil {
				if result := promise(); result != nil {
					result <- outcome{panic: p}
				}
			}
			close(results)
			running.Done()
		})
		defer running.Wait()
		defer close(stop)
		for result := range results {
			o := <-result
			if o.panic.Raise(); !yield(o.value) {
				return
			}
		}
	}
}
