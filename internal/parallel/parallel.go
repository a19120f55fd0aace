// Package parallel maps a sequence concurrently and keeps its order.
package parallel

import (
	"iter"
	"sync"
)

// Map yields f of each element of in, in the order of in. It processes about n elements at the same time.
//
// Map ranges over in on another goroutine. Leaving the iteration early waits for the elements in progress. A panic of
// in or f is raised, as a [*Panic], in its place among the results.
func Map[T, R any](n int, in iter.Seq[T], f func(T) R) iter.Seq[R] {
	type outcome struct {
		value R
		panic *Panic
	}
	return func(yield func(R) bool) {
		results := make(chan chan outcome, n) // in the order of in
		stop := make(chan struct{})
		var running sync.WaitGroup
		// promise reserves a place for the next result. It returns nil if the iteration has ended.
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
