package parallel

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func numbers(n int) []int {
	x := make([]int, n)
	for i := range x {
		x[i] = i
	}
	return x
}

func TestOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		got := slices.Collect(Map(4, slices.Values(numbers(1000)), func(x int) int {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			<-time.After(time.Duration(rand.IntN(1000)))
			now.Add(-1)
			return 2 * x
		}))
		for i, x := range got {
			if x != 2*i {
				t.Fatalf("element %d is %d", i, x)
			}
		}
		if len(got) != 1000 || most.Load() < 2 || most.Load() > 6 {
			t.Errorf("%d elements, %d at the same time", len(got), most.Load())
		}
	})
}

// TestLeaving checks that all goroutines end: the bubble would not end otherwise.
func TestLeaving(t *testing.T) {
	t.Parallel()
	for _, after := range []int{0, 1, 7} {
		synctest.Test(t, func(t *testing.T) {
			asked, given := 0, 0
			in := func(yield func(int) bool) {
				for yield(asked) {
					asked++
				}
			}
			for range Map(3, in, func(x int) int { return x }) {
				if given == after {
					break
				}
				given++
			}
			if asked > after+10 {
				t.Errorf("left after %d, %d were asked for", after, asked)
			}
		})
	}
}

func TestNothing(t *testing.T) {
	t.Parallel()
	for range Map(3, slices.Values([]int{}), func(x int) int { return x }) {
		t.Error("a result was yielded")
	}
}
