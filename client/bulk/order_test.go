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
	return n, io.EOF // which an io.ReaderAt may return at the end
}

func TestMatchInOrderStore(t *testing.T) {
	t.Parallel()
	failure := errors.New("disk full")
	unknown, unread := ": "+bulk.ErrUnknown.Error(), ": "+bulk.ErrUnread.Error()
	for name, tt := range map[string]struct {
		store *brokenStore
		want  []string // of "a" with a result, "b" without one, and "z" without an input
	}{
		"fine/EOF":           {&brokenStore{}, []string{"a 1 expired", "b 2: " + bulk.ErrMissing.Error(), "z 0 expired" + unknown, "last:"}},
		"write/fails":        {&brokenStore{write: failure}, []string{"a 1" + unread, "b 2" + unread, "z 0" + unknown, "last: store of results: disk full"}},
		"read/fails":         {&brokenStore{read: failure}, []string{"a 1" + unread, "b 2: " + bulk.ErrMissing.Error(), "z 0" + unknown, "last: store of results: disk full"}},
		"read/short":         {&brokenStore{loses: true}, []string{"a 1" + unread, "b 2: " + bulk.ErrMissing.Error(), "z 0" + unknown, "last: store of results: unexpected EOF"}},
		"read/garbled":       {&brokenStore{garbles: true}, []string{"a 1" + unread, "b 2: " + bulk.ErrMissing.Error(), "z 0" + unknown, "last: store of results: the data read differs from the data written"}},
		"write/not at start": {&brokenStore{file: []byte(fmt.Sprintf(expired, "x"))}, []string{"a 1" + unread, "b 2: " + bulk.ErrMissing.Error(), "z 0" + unknown, "last: store of results: the data read differs from the data written"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, matchesOf(t, bulk.MatchInOrder(indexed("a", "b"), tt.store, expiredItems("z", "a")))); diff != "" {
				t.Error(diff)
			}
		})
	}
	// A store that refuses to be written ends the reading of results, and those read so far are ignored.
	large := fmt.Sprintf(succeeded, "a", strings.Repeat("x", 1<<20)) // larger than the buffer
	asked := 0
	results := func(yield func(*client.Item, error) bool) {
		for asked++; yield(item(t, large), nil); asked++ {
		}
	}
	got := matchesOf(t, bulk.MatchInOrder(indexed("b", "a"), &brokenStore{write: failure}, results, results))
	if diff := cmp.Diff([]string{"b 1" + unread, "a 2" + unread, "last: store of results: disk full"}, got); diff != "" || asked != 1 {
		t.Errorf("%d results were read: %s", asked, diff)
	}
}

// Items that the caller made have no line, and some cannot be encoded as one.
func TestMatchInOrderWithoutRaw(t *testing.T) {
	t.Parallel()
	good := &client.Item{CustomID: "a", Result: &client.ExpiredResult{}}
	bare := &client.Item{CustomID: "b"}
	unencodable := &client.Item{CustomID: "c", Result: &client.SucceededResult{Message: client.Message{ID: "\xff"}}}
	nameless := &client.Item{Result: &client.ExpiredResult{}}
	matched, err := collect(t, bulk.MatchInOrder(indexed("a", "b", "c"), nil, listed(unencodable, nameless, bare, good)))
	if err != nil || len(matched) != 4 {
		t.Fatalf("got %v, %v", matched, err)
	}
	if matched[0].Item != nameless || matched[0].Mismatch != bulk.ErrDamaged || !errors.Is(matched[0].Err(), bulk.ErrDamaged) {
		t.Errorf("got %+v", matched[0])
	}
	if m := matched[1]; m.Input != 1 || m.Mismatch != nil || !errors.Is(m.Err(), client.ErrExpired) {
		t.Errorf("got %+v", m)
	}
	if matched[2].Item != bare || matched[3].Item != unencodable || matched[3].Err() != nil {
		t.Errorf("got %+v", matched)
	}
	later := &client.Item{CustomID: "b", Result: &client.CanceledResult{}}
	matched, err = collect(t, bulk.MatchInOrder(indexed("b"), nil, listed(bare, later)))
	if err != nil || len(matched) != 1 || !errors.Is(matched[0].Err(), client.ErrCanceled) {
		t.Errorf("got %v, %v", matched, err)
	}
}

// TestMemoryOfMatchInOrder bounds the memory for results that are in a file. It does not run in parallel with other tests,
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
			item := client.ParseItem([]byte(line), n-i)
			if !yield(&item, nil) {
				return
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
		if odd := next%2 == 1; err != nil || m.Mismatch != nil || odd != (m.Item.Malformed != nil) || odd && m.Item.Malformed.Line != next+1 || m.Input != next {
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
