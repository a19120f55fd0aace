package memtest_test

import (
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/internal/memtest"
)

// TestPeak is not parallel, because the memory of other tests would count. The bounds leave a quarter for the runtime
// itself, but are exceeded if garbage is counted, or memory is counted twice.
func TestPeak(t *testing.T) { //nolint:paralleltest // see above
	var kept []byte
	for name, tt := range map[string]struct {
		f           func()
		least, most uint64 // in MiB
	}{
		"nothing": {func() {}, 0, 16},
		"kept":    {func() { kept = make([]byte, 64<<20) }, 60, 80},
		"used for a moment": {func() {
			b := make([]byte, 64<<20)
			for range 1000 {
				runtime.Gosched()
			}
			runtime.KeepAlive(b)
		}, 60, 80},
		"garbage": {func() {
			for range 256 {
				kept = make([]byte, 1<<20)
			}
		}, 1, 32},
	} {
		t.Run(name, func(t *testing.T) {
			kept = nil
			if got := memtest.Peak(tt.f) >> 20; got < tt.least || got > tt.most {
				t.Errorf("%d MiB, want %d to %d", got, tt.least, tt.most)
			}
		})
	}
	runtime.KeepAlive(kept)
}

func TestRepeat(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 2, 3, 1 << 20, 3<<20 + 1} {
		all, err := io.ReadAll(memtest.Reader(memtest.Repeat("[", "1,", size, "1]")))
		if want := "[" + strings.Repeat("1,", (size+1)/2) + "1]"; err != nil || string(all) != want {
			t.Errorf("%d bytes: %d bytes, want %d; %v", size, len(all), len(want), err)
		}
	}
}
