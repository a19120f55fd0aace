package parallel

import (
	"errors"
	"io"
	"iter"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// TestPanics ranges over results while other goroutines panic: it must get the results before the panic, and then the
// panic.
func TestPanics(t *testing.T) {
	t.Parallel()
	fails := func(how func()) iter.Seq[int] {
		return func(yield func(int) bool) {
			for i := range 100 {
				if i == 50 {
					how()
				}
				if !yield(i) {
					return
				}
			}
		}
	}
	value := func() { panic("boom") }
	failure := func() { panic(io.ErrNoProgress) }
	for name, tt := range map[string]struct {
		in    func(func()) iter.Seq[int]
		f     func(int, func())
		how   func()
		leave int // after this many results
		want  any
	}{
		"input/value":       {fails, nil, value, 0, "boom"},
		"input/error":       {fails, nil, failure, 0, io.ErrNoProgress},
		"input/exit":        {fails, nil, runtime.Goexit, 0, errExited},
		"input/left before": {fails, nil, value, 10, nil},
		"function/value":    {nil, at50, value, 0, "boom"},
		"function/error":    {nil, at50, failure, 0, io.ErrNoProgress},
		"function/exit":     {nil, at50, runtime.Goexit, 0, errExited},
		"function/nested":   {nil, at50, func() { (&Panic{Value: "inner"}).Raise() }, 0, "inner"},
		"function/left":     {nil, at50, value, 10, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in := slices.Values(numbers(100))
				if tt.in != nil {
					in = tt.in(tt.how)
				}
				n := 0
				p := Catch(func() {
					for x := range Map(3, in, func(x int) int {
						if tt.f != nil {
							tt.f(x, tt.how)
						}
						return x
					}) {
						if n++; x != n-1 {
							t.Errorf("result %d is %d", n-1, x)
						}
						if n == tt.leave {
							return
						}
					}
				})
				switch {
				case tt.want == nil && (p != nil || n != tt.leave):
					t.Errorf("%d results, %v", n, p)
				case tt.want != nil && (p == nil || p.Value != tt.want || n != 50):
					t.Errorf("%d results, %v", n, p)
				}
				if err, ok := tt.want.(error); ok && !errors.Is(p, err) {
					t.Errorf("%v does not wrap %v", p, err)
				}
				if tt.want == "boom" && !strings.Contains(p.Error(), "panic_test.go") {
					t.Errorf("does not say where it came from: %v", p)
				}
			})
		})
	}
}

func at50(x int, how func()) {
	if x == 50 {
		how()
	}
}
