package batchtest_test

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

var manyRequests = flag.Int("requests", 100_000, "how many requests of 1 KB TestMemoryOfManyRequests sends")

// TestMemoryOfManyRequests sends many requests of 1 KB to a service with a state directory, 100,000 per batch, and
// reads all results. The memory of the service must not grow with their number. It does not run in parallel with other
// tests because it measures the heap.
func TestMemoryOfManyRequests(t *testing.T) {
	n, size := *manyRequests, 100_000
	if raceDetector {
		n = min(n, 5_000)
	}
	size = min(size, n/4) // four batches at least
	s := batchtest.New(t, state(t, t.TempDir()), batchtest.WithoutHistory(), batchtest.WithDuration(0), batchtest.WithErrored(0.02))
	first := send[gen.BetaMessageBatch](t, s, "POST", "", manyBody(1, 0)) // loads the contract
	resultsOf(t, s, first.ID)
	before := liveHeap()
	var peak uint64
	measure := func(i int) {
		if i%(size/2) == size/4 {
			peak = max(peak, liveHeap())
		}
	}
	var accepting, reading time.Duration
	var bytesOut int64
	for sent := 0; sent < n; sent += size {
		began := time.Now()
		batch := send[gen.BetaMessageBatch](t, s, "POST", "", manyBodyMeasured(size, sent, measure))
		accepting += time.Since(began)
		began = time.Now()
		batch = send[gen.BetaMessageBatch](t, s, "GET", "/"+batch.ID, nil)
		if c := batch.RequestCounts; c.Succeeded+c.Errored != int64(size) || c.Errored == 0 {
			t.Errorf("got %+v", c)
		}
		resp := do(t, s, "GET", "/"+batch.ID+"/results", nil)
		lines := 0
		for in := bufio.NewScanner(resp.Body); in.Scan(); lines++ {
			bytesOut += int64(len(in.Bytes()))
			measure(lines)
		}
		resp.Body.Close()
		if lines != size || resp.StatusCode != http.StatusOK {
			t.Errorf("%d results of %d, status %d", lines, size, resp.StatusCode)
		}
		reading += time.Since(began)
	}
	kept := max(peak, before) - before
	t.Logf("%d requests: accepted in %v, %d MB of results made and read in %v, at most %d MB in memory", n, accepting, bytesOut>>20, reading, kept>>20)
	if limit := uint64(24 << 20); kept > limit {
		t.Errorf("%d MB in memory, want at most %d MB", kept>>20, limit>>20)
	}
}

// manyBody returns the body of a create call with n requests of 1 KB, numbered from first.
func manyBody(n, first int) io.Reader { return manyBodyMeasured(n, first, func(int) {}) }

func manyBodyMeasured(n, first int, measure func(int)) io.Reader {
	text := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 19)
	in, out := io.Pipe()
	go func() {
		w := bufio.NewWriterSize(out, 64<<10)
		w.WriteString(`{"requests":[`)
		for i := range n {
			if i > 0 {
				w.WriteByte(',')
			}
			fmt.Fprintf(w, `{"custom_id":"request-%d","params":{"model":"claude-opus-5","max_tokens":1024,"messages":[{"role":"user","content":"%s"}]}}`, first+i, text)
			measure(i)
		}
		w.WriteString(`]}`)
		w.Flush()
		out.Close()
	}()
	return in
}
