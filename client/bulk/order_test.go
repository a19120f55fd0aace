package bulk_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A brokenStore fails in the way that its fields say.
type brokenStore struct {
	file           []byte
	write, read    error
	loses, garbles bool
}

func (s *brokenStore) Write(p []byte) (int, error) {
	if s.write != nil {
		return 0, s.write
	}
	s.file = append(s.file, p...)
	return len(p), nil
}

func (s *brokenStore) ReadAt(p []byte, offset int64) (int, error) {
	switch {
	case s.read != nil:
		return 0, s.read
	case s.loses:
		return len(p) / 2, nil
	case s.garbles:
		return copy(p, strings.Repeat("?", len(p))), nil
	}
	n := copy(p, s.file[offset:])
	return n, io.EOF // which an io.ReaderAt may say at the end
}

func TestMatchInOrderStore(t *testing.T) {
	t.Parallel()
	failure := errors.New("disk full")
	for name, tt := range map[string]struct {
		store *brokenStore
		want  []string // of "a" with a result and "z" without an input
	}{
		"fine/EOF":           {&brokenStore{}, []string{"a 1 expired", "z 0 expired: " + bulk.ErrUnknown.Error()}},
		"write/fails":        {&brokenStore{write: failure}, []string{" 0: store of results: disk full"}},
		"read/fails":         {&brokenStore{read: failure}, []string{"a 1: store of results: disk full"}},
		"read/short":         {&brokenStore{loses: true}, []string{"a 1: store of results: unexpected EOF"}},
		"read/garbled":       {&brokenStore{garbles: true}, []string{`a 1: store of results: the result of "a" is not there any more`}},
		"write/not at start": {&brokenStore{file: []byte(fmt.Sprintf(expired, "x"))}, []string{`a 1: store of results: the result of "a" is not there any more`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, matchesOf(bulk.MatchInOrder(indexed("a"), tt.store, expiredItems("z", "a")))); diff != "" {
				t.Error(diff)
			}
		})
	}
	large := fmt.Sprintf(succeeded, "a", strings.Repeat("x", 1<<20)) // more than is buffered
	got := matchesOf(bulk.MatchInOrder(indexed("a"), &brokenStore{write: failure}, items(large)))
	if diff := cmp.Diff([]string{"a 0 succeeded: store of results: disk full"}, got); diff != "" {
		t.Error(diff)
	}
}

// Items that the caller made have no line.
func TestMatchInOrderWithoutRaw(t *testing.T) {
	t.Parallel()
	results := func(yield func(*client.Item, error) bool) {
		for _, item := range []*client.Item{
			{CustomID: "a", Result: &gen.BetaMessageBatchExpiredResult{}},
			{CustomID: "b"},
			{Result: &gen.BetaMessageBatchExpiredResult{}},
			{CustomID: "c", Result: &gen.BetaMessageBatchSucceededResult{Message: gen.BetaMessage{ID: "\xff"}}},
		} {
			if !yield(item, nil) {
				return
			}
		}
	}
	var ids []string
	for m, err := range bulk.MatchInOrder(indexed("a", "b"), nil, results) {
		ids = append(ids, fmt.Sprint(m.CustomID, " ", err != nil))
	}
	if diff := cmp.Diff([]string{"b true", " true", "c true", "a false", "b true"}, ids); diff != "" {
		t.Error(diff)
	}
}

// TestMemoryOfMatchInOrder bounds what is kept of results that are in a file. It does not run in parallel with other tests,
// whose memory would count too.
func TestMemoryOfMatchInOrder(t *testing.T) {
	const n, size = 3000, 10_000
	text := strings.Repeat("x", size)
	results := func(yield func(*client.Item, error) bool) {
		for i := range n {
			line := fmt.Sprintf(succeeded, fmt.Sprint("r", n-1-i), text)
			if i%2 == 0 {
				line = strings.Replace(line, `"model":"claude-opus-5"`, `"model":5`, 1)
			}
			for item, err := range items(line) {
				if !yield(item, err) {
					return
				}
			}
		}
	}
	before := liveHeap()
	var peak uint64
	inputs := func(yield func(string, int) bool) {
		for i := range n {
			if i%500 == 0 {
				peak = max(peak, liveHeap())
			}
			if !yield(fmt.Sprint("r", i), i) {
				return
			}
		}
	}
	next := 0
	for m, err := range bulk.MatchInOrder(inputs, tempFile(t), results) {
		var bad *client.LineError
		if (err == nil) != (next%2 == 0) || err != nil && !errors.As(err, &bad) || m.Input != next {
			t.Fatalf("got %+v, %v", m, err)
		}
		next++
	}
	kept := int64(peak) - int64(before)
	t.Logf("%d results of %d MB: %d KB in memory", next, n*size/1_000_000, kept/1000)
	if next != n || kept > 2e6 {
		t.Errorf("%d results, %d KB in memory", next, kept/1000)
	}
}

// liveHeap returns how many bytes of the heap are in use.
func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
