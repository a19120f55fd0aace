package parallel

import (
	"slices"
	"sync/atomic"
	"testing"
)

// thousand yields the numbers below 1000.
func thousand(yield func(int) bool) {
	for i := 0; i < 1000 && yield(i); i++ {
	}
}

// TestMap compares results with those of a loop, for several numbers of goroutines.
func TestMap(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 7} {
		var got, want []int
		for x := range Map(n, thousand, func(x int) int { return x * x }) {
			got = append(got, x)
		}
		for x := range thousand {
			want = append(want, x*x)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d goroutines: got %v", n, got)
		}
	}
}

// TestMapLeft leaves early: all calls that have started have then ended, and few have started.
func TestMapLeft(t *testing.T) {
	t.Parallel()
	var begun, ended atomic.Int64
	for x := range Map(4, thousand, func(x int) int {
		begun.Add(1)
		defer ended.Add(1)
		return x
	}) {
		if x == 10 {
			break
		}
	}
	if b, e := begun.Load(), ended.Load(); b != e || b < 11 || b > 20 {
		t.Errorf("%d started, but %d ended", b, e)
	}
}

// TestMapPanics raises a panic where its result would be.
func TestMapPanics(t *testing.T) {
	t.Parallel()
	last := -1
	defer func() {
		if p := recover(); p != "five" || last != 4 {
			t.Errorf("got %v after %d", p, last)
		}
	}()
	for x := range Map(4, thousand, func(x int) int {
		if x == 5 {
			panic("five")
		}
		return x
	}) {
		last = x
	}
}
