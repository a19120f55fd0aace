package jobs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// TestPlanHashes plans an input of all kinds of lines, and compares its hash with that of the whole file. It then changes
// each byte of it: exactly the batch that has the byte must notice.
func TestPlanHashes(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("\ufeff\n")
	for i := range 30 {
		b.WriteString(strings.TrimSuffix(requestLine(fmt.Sprint("request ", i)), "\n") + []string{"\n", "\r\n", " \t\n", "\n\n \n"}[i%4])
	}
	text := b.String()
	for name, tt := range map[string]struct {
		option  func(*planner)
		batches int
	}{
		"all":    {func(*planner) {}, 4},
		"rest":   {func(p *planner) { p.held = func(i int64) bool { return i == 0 || 7 <= i && i < 15 } }, 3},
		"primed": {func(p *planner) { p.prime = planPrimers(4, 11, 12, 20, 29) }, 4},
		"spread": {func(p *planner) { p.exact, p.avoid = true, []int{10} }, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &input{disk: newMemDisk(), name: worldInput}
			in.disk.(*memDisk).put(worldInput, text)
			out, err := planInput(t.Context(), in.disk, worldInput, "abcdefgh", limits{requests: 10}.defaults(), true, tt.option)
			if err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256([]byte(text)); out.sha256 != hex.EncodeToString(sum[:]) || out.bytes != int64(len(text)) || out.lines != 30 {
				t.Errorf("got hash %s of %d bytes, %d lines", out.sha256, out.bytes, out.lines)
			}
			batches := slices.DeleteFunc(out.batches, func(b *store.Batch) bool { return b.Lines != "" })
			if len(out.batches) != tt.batches {
				t.Errorf("%d batches, want %d", len(out.batches), tt.batches)
			}
			for at := range text {
				data := []byte(text)
				data[at] ^= 1
				in.disk.(*memDisk).put(worldInput, string(data))
				for _, b := range batches {
					plain := *b
					plain.Skip = "" // the hash includes the primers of the range
					plain.Requests = linesBetween(text, b)
					if err, has := lastError(in, t, &plain), b.Offset <= int64(at) && int64(at) < b.End; errors.Is(err, ErrInputChanged) != has {
						t.Fatalf("byte %d changed: batch %d, from %d to %d, returned %v", at, b.Seq, b.Offset, b.End, err)
					}
				}
			}
		})
	}
}

// planPrimers returns primers with these indexes, which are sent as batch 1.
func planPrimers(indexes ...int64) *primers {
	p := &primers{batch: &store.Batch{Seq: 1, Lines: "lists/1"}}
	for _, i := range indexes {
		p.entries = append(p.entries, entry{index: i})
	}
	return p
}

// linesBetween returns the number of lines in the range of a batch.
func linesBetween(text string, b *store.Batch) (n int) {
	for line := range strings.Lines(text[b.Offset:b.End]) {
		if strings.TrimSpace(line) != "" {
			n++
		}
	}
	return n
}

// lastError reads the requests of a batch and returns the error at their end.
func lastError(in *input, t *testing.T, b *store.Batch) (last error) {
	t.Helper()
	for _, err := range in.requests(t.Context(), b) {
		last = err
	}
	return last
}

// TestHashState resumes the hash of "abc" from a state that Go 1.26 encoded: jobs outlive the programs that they began in.
func TestHashState(t *testing.T) {
	t.Parallel()
	h := sha256.New()
	h.Write([]byte("a"))
	state := "736861036a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19" + // the name, and the state after no block
		"61" + strings.Repeat("00", 63) + "0000000000000001" // the block, and the length
	if got := hashState(h); got != state {
		t.Errorf("got state %s", got)
	}
	h, err := resumedHash(state)
	if err != nil {
		t.Fatal(err)
	}
	h.Write([]byte("bc"))
	if got := hex.EncodeToString(h.Sum(nil)); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("got hash %s", got)
	}
	for _, damaged := range []string{"x", "00", state[2:], strings.Replace(state, "73", "", 1)} {
		if _, err := resumedHash(damaged); err == nil || !strings.Contains(err.Error(), "hash state") {
			t.Errorf("state %q: got %v", damaged, err)
		}
	}
}

// A seekHook calls a function before each Seek to the beginning.
type seekHook struct {
	*wireLines
	before func()
}

func (h seekHook) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		h.before()
	}
	return h.wireLines.Seek(offset, whence)
}

// TestInputChangesWhileItIsSent changes the input before the first pass of a create, which counts the requests, or before
// the second one, which sends them. In neither case there may be a batch.
func TestInputChangesWhileItIsSent(t *testing.T) {
	t.Parallel()
	for pass := range 3 {
		t.Run(fmt.Sprint(pass), func(t *testing.T) {
			t.Parallel()
			service := batchtest.New(t)
			disk := newMemDisk()
			text := requestLine("hello")
			disk.put(worldInput, text)
			in := &input{disk: disk, name: worldInput}
			out, err := planInput(t.Context(), disk, worldInput, "abcdefgh", limits{}.defaults(), true)
			if err != nil {
				t.Fatal(err)
			}
			passes := 0
			lines := newWireLines(t.Context(), in, out.batches[0], wireID{job: "abcdefgh", seq: 1, nonce: "aaaaaa"})
			defer lines.close()
			_, err = service.Client(client.WithRetry(client.Retry{MaxAttempts: 1})).CreateLines(t.Context(), seekHook{lines, func() {
				if passes++; passes == pass {
					disk.mu.Lock()
					disk.put(worldInput, strings.Replace(text, "Say hello", "Say jello", 1))
					disk.mu.Unlock()
				}
			}})
			if (err == nil) != (pass == 0) || pass > 0 && !strings.Contains(err.Error(), "changed") {
				t.Errorf("got %v", err)
			}
			if n := len(service.Batches()); (n == 1) != (pass == 0) {
				t.Errorf("%d batches", n)
			}
			if want := 2 - pass%2; passes != want {
				t.Errorf("%d passes, want %d", passes, want)
			}
		})
	}
}
