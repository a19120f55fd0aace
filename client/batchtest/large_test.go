package batchtest_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// TestMemoryOfLargeBatch takes the largest batch through its lifecycle and bounds the memory that the service uses for
// it. It does not run in parallel with other tests because it measures the heap.
func TestMemoryOfLargeBatch(t *testing.T) {
	n := 100_000
	if raceDetector {
		n /= 20 // it takes twenty times as long
	}
	text := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 11)
	request := func(i int) string {
		return fmt.Sprintf(`{"custom_id":"request-%d","params":{"model":"claude-opus-5","max_tokens":1024,"messages":[{"role":"user","content":"%s"}]}}`, i, text)
	}
	for name, tt := range map[string]struct {
		options []batchtest.Option
		limit   func(body, results uint64) uint64 // of what is kept, beside a fixed amount per request
	}{
		"with history":    {nil, func(body, results uint64) uint64 { return body + results }},
		"without history": {[]batchtest.Option{batchtest.WithoutHistory()}, func(body, results uint64) uint64 { return max(body, results) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := batchtest.New(t, append(tt.options, batchtest.WithDuration(0))...)
			small := strings.NewReader(`{"requests":[` + request(0) + `]}`)
			batch := send[gen.BetaMessageBatch](t, s, "POST", "", small)
			send[gen.BetaMessageBatch](t, s, "GET", "/"+batch.ID, nil) // loads the contract
			before := liveHeap()
			var peak uint64
			measure := func(i int) {
				if i%(n/5) == n/10 || i == n-1 {
					peak = max(peak, liveHeap())
				}
			}
			answered := 0
			s.AnswerAll(func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
				measure(answered)
				answered++
				return batchtest.Text("You said something.")(r)
			})

			began := time.Now()
			in, out := io.Pipe()
			var bodySize uint64
			go func() {
				w := bufio.NewWriter(out)
				io.WriteString(w, `{"requests":[`)
				for i := range n {
					if i > 0 {
						w.WriteByte(',')
					}
					m, _ := io.WriteString(w, request(i))
					bodySize += uint64(m)
					measure(i)
				}
				io.WriteString(w, `]}`)
				w.Flush()
				out.Close()
			}()
			batch = send[gen.BetaMessageBatch](t, s, "POST", "", in)
			created := time.Since(began)
			batch = send[gen.BetaMessageBatch](t, s, "GET", "/"+batch.ID, nil)
			ended := time.Since(began)
			if want := (gen.BetaRequestCounts{Succeeded: int64(n)}); batch.RequestCounts != want {
				t.Errorf("got %+v", batch.RequestCounts)
			}
			resp := do(t, s, "GET", "/"+batch.ID+"/results", nil)
			lines, resultsSize := 0, uint64(0)
			for scanner := bufio.NewScanner(resp.Body); scanner.Scan(); lines++ {
				resultsSize += uint64(len(scanner.Bytes()))
				measure(lines)
			}
			resp.Body.Close()
			if lines != n || resp.StatusCode != http.StatusOK {
				t.Errorf("%d results, status %d", lines, resp.StatusCode)
			}
			kept := peak - before
			t.Logf("%d requests of %d MB: created after %v, ended after %v, %d MB of results read after %v; at most %d MB in memory",
				n, bodySize>>20, created, ended, resultsSize>>20, time.Since(began), kept>>20)
			if limit := tt.limit(bodySize, resultsSize)*11/10 + uint64(250*n); kept > limit {
				t.Errorf("%d MB in memory, want at most %d MB", kept>>20, limit>>20)
			}
		})
	}
}

// liveHeap returns the bytes of the heap in use.
func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
