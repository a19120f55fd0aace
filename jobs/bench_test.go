package jobs

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeLarge writes n requests of about 1 KB.
func writeLarge(t testing.TB, n int) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "requests.jsonl")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriterSize(f, 1<<20)
	text := strings.Repeat("Where is my parcel? It should be here by now. ", 20)
	for i := range n {
		fmt.Fprintf(out, `{"custom_id":"ticket-%d","params":{"model":"claude-haiku-4-5","max_tokens":10,"messages":[{"role":"user","content":"%s"}]}}`+"\n", i, text)
	}
	err = out.Flush()
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// BenchmarkPlan divides an input into batches and computes all hashes.
func BenchmarkPlan(b *testing.B) {
	const n = 200_000
	name := writeLarge(b, n)
	info, err := os.Stat(name)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	b.ReportAllocs()
	for b.Loop() {
		out, err := planInput(b.Context(), osDisk{}, name, "abcdefgh", limits{}.defaults(), true)
		if err != nil || out.lines != n {
			b.Fatal(out, err)
		}
	}
}
