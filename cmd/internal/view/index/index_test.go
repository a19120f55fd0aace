package index

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

// succeeded returns a line of results.
func succeeded(id, text string) string {
	return fmt.Sprintf(`{"custom_id":%q,"result":{"type":"succeeded","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-haiku-4-5","content":[{"type":"text","text":%q}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1000,"output_tokens":200,"cache_read_input_tokens":50}}}}`, id, text)
}

const errored = `{"custom_id":"e-1","result":{"type":"errored","error":{"type":"error","error":{"type":"invalid_request_error","message":"no"}}}}`

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, path, dir string) *Index {
	t.Helper()
	x, err := Open(t.Context(), path, Options{Kind: Results, Table: price.Default(), Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.data.Close(); x.index.Close() })
	return x
}

// ids returns the custom IDs of the lines of an index.
func ids(t *testing.T, x *Index) (all []string) {
	t.Helper()
	for row := range x.Len() {
		r, err := x.At(row)
		if err != nil {
			t.Fatal(err)
		}
		line, err := x.Line(r)
		if err != nil {
			t.Fatal(err)
		}
		item := client.ParseItem(line, 0)
		if item.CustomID != "" && Hash(item.CustomID) != r.ID {
			t.Errorf("row %d: the ID is not %q", row, item.CustomID)
		}
		all = append(all, item.CustomID)
	}
	return all
}

func TestRecords(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "results.jsonl")
	write(t, path, "\ufeff"+succeeded("a", "hello")+"\r\n\n  "+errored+"  \n{\"broken\"\n"+`{"custom_id":"x","result":{"type":"expired"}}`+"\n")
	x := open(t, path, t.TempDir())
	type row struct {
		Line                        int64
		Outcome, Stop, Model, Error string
		Input, CacheRead, Output    int64
		Cost                        string
		HasID, HasAnswer            bool
	}
	var got []row
	err := x.Scan(t.Context(), func(_ int, r Record) bool {
		got = append(got, row{r.Line, x.Name(r.Outcome), x.Name(r.Stop), x.Name(r.Model), x.Name(r.Error), r.Input, r.CacheRead, r.Output, r.Cost.String(), r.ID != 0, r.Answer != 0})
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []row{
		{1, "succeeded", "end_turn", "claude-haiku-4-5", "", 1050, 50, 200, "0.0010025", true, true},
		{3, "errored", "", "", "invalid_request_error", 0, 0, 0, "0.00", true, false},
		{4, "damaged", "", "", "", 0, 0, 0, "0.00", false, false},
		{5, "expired", "", "", "", 0, 0, 0, "0.00", true, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a", "e-1", "", "x"}, ids(t, x)); diff != "" {
		t.Error(diff)
	}
	if row, found, err := x.Find(t.Context(), "x"); row != 3 || !found || err != nil {
		t.Errorf("x is in row %d, %v, %v", row, found, err)
	}
	if _, found, err := x.Find(t.Context(), "none"); found || err != nil {
		t.Errorf("found a missing ID: %v", err)
	}
}

// TestReuse changes a file in various ways and checks what is read again.
func TestReuse(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3*edge)
	base := succeeded("a", "1") + "\n" + succeeded("b", long) + "\n"
	for name, tt := range map[string]struct {
		first, then string
		reused      int // bytes
		want        []string
	}{
		"same":            {base, base, len(base), []string{"a", "b"}},
		"grown":           {base, base + succeeded("c", "3") + "\n", len(base), []string{"a", "b", "c"}},
		"grown/in a line": {base + succeeded("c", "3")[:50], base + succeeded("c", "3") + "\n", len(base), []string{"a", "b", "c"}},
		"grown/no break":  {base + succeeded("c", "3"), base + succeeded("c", "3") + "\n" + errored, len(base), []string{"a", "b", "c", "e-1"}},
		"shorter":         {base, succeeded("a", "1") + "\n", 0, []string{"a"}},
		"other head":      {base, strings.Replace(base, `"a"`, `"A"`, 1) + errored, 0, []string{"A", "b", "e-1"}},
		"other tail":      {base, base[:len(base)-60] + strings.Repeat(" ", 60) + errored, 0, nil},
		"empty":           {"", errored, 0, []string{"e-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, dir := filepath.Join(t.TempDir(), "results.jsonl"), t.TempDir()
			write(t, path, tt.first)
			first := open(t, path, dir)
			if first.Reused() != 0 || first.Changed() {
				t.Errorf("%d bytes of a new index are reused", first.Reused())
			}
			if name != "same" {
				write(t, path, tt.then)
				later := time.Now().Add(time.Hour)
				if err := os.Chtimes(path, later, later); err != nil {
					t.Fatal(err)
				}
				if !first.Changed() {
					t.Error("the change was not noticed")
				}
			}
			x := open(t, path, dir)
			if x.Reused() != int64(tt.reused) {
				t.Errorf("%d bytes were reused, want %d", x.Reused(), tt.reused)
			}
			if tt.want != nil {
				if diff := cmp.Diff(tt.want, ids(t, x)); diff != "" {
					t.Error(diff)
				}
			}
			var numbers, fresh []Record
			keep := func(to *[]Record) func(int, Record) bool {
				return func(_ int, r Record) bool { *to = append(*to, r); return true }
			}
			whole := open(t, path, t.TempDir())
			if err := x.Scan(t.Context(), keep(&numbers)); err != nil {
				t.Fatal(err)
			}
			if err := whole.Scan(t.Context(), keep(&fresh)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(fresh, numbers); diff != "" {
				t.Errorf("the records differ from those of a new index: %s", diff)
			}
		})
	}
}

// TestChangedUnderneath reads lines of a file that has become shorter.
func TestChangedUnderneath(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "results.jsonl")
	write(t, path, succeeded("a", "1")+"\n"+succeeded("b", "2")+"\n")
	x := open(t, path, t.TempDir())
	r, err := x.At(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 10); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Line(r); err != ErrChanged {
		t.Errorf("got %v", err)
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	path, dir := filepath.Join(t.TempDir(), "results.jsonl"), t.TempDir()
	write(t, path, succeeded("a", "1"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, path, Options{Kind: Results, Table: price.Default(), Dir: dir}); err == nil {
		t.Error("no error")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left %v, %v", entries, err)
	}
}

func TestNotAFile(t *testing.T) {
	t.Parallel()
	if _, err := Open(t.Context(), t.TempDir(), Options{Kind: Results, Table: price.Default(), Dir: t.TempDir()}); err == nil {
		t.Error("a directory has no error")
	}
}

func TestManyNames(t *testing.T) {
	t.Parallel()
	n := newNames(nil)
	for i := range 3 * mostNames {
		n.id(fmt.Sprint("model-", i))
	}
	if len(n.all) != mostNames || n.all[n.id("model-2999")] != Others || n.all[n.id("model-5")] != "model-5" {
		t.Errorf("%d names", len(n.all))
	}
	m := newNames(nil)
	if got := m.all[m.id(strings.Repeat("é", 5000))]; len(got) > mostName {
		t.Errorf("a name has %d bytes", len(got))
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"old.index", "old.part", "old.txt", "new.index"} {
		write(t, filepath.Join(dir, name), "x")
		if strings.HasPrefix(name, "old") {
			then := time.Now().Add(-unused - time.Hour)
			if err := os.Chtimes(filepath.Join(dir, name), then, then); err != nil {
				t.Fatal(err)
			}
		}
	}
	sweep(dir, time.Now())
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) != 2 || filepath.Base(left[0]) != "new.index" || filepath.Base(left[1]) != "old.txt" {
		t.Errorf("left %v, %v", left, err)
	}
}

// FuzzIndex indexes any file in two parts, and compares the result with an index made in one go. It also reads any index.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(succeeded("a", "1")+"\n"+errored+"\n"), uint16(30), []byte("mbindex1\x01\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\ufeff\n{}\r\n  [1]"), uint16(4), []byte("mbindex1\xff\xff\xff\xff\xff\xff\xff\x7f"))
	f.Fuzz(func(t *testing.T, text []byte, cut uint16, index []byte) {
		path, dir := filepath.Join(t.TempDir(), "f"), t.TempDir()
		write(t, path, string(text[:min(int(cut), len(text))]))
		first := open(t, path, dir)
		write(t, path, string(text))
		grown, whole := open(t, path, dir), open(t, path, t.TempDir())
		for row := range whole.Len() {
			want, err := whole.At(row)
			if err != nil {
				t.Fatal(err)
			}
			got, err := grown.At(row)
			if err != nil {
				t.Fatal(err)
			}
			if got.ID != want.ID || got.Offset != want.Offset || got.Length != want.Length || got.Line != want.Line || grown.Name(got.Outcome) != whole.Name(want.Outcome) {
				t.Fatalf("row %d: got %+v, want %+v", row, got, want)
			}
			if _, err := whole.Line(want); err != nil {
				t.Fatal(err)
			}
		}
		if grown.Len() != whole.Len() {
			t.Fatalf("%d rows, want %d", grown.Len(), whole.Len())
		}
		name, err := first.indexPath()
		if err != nil {
			t.Fatal(err)
		}
		write(t, name, string(index)) // the cache has been tampered with
		if x := open(t, path, dir); x.Len() != whole.Len() && x.Reused() == 0 {
			t.Fatalf("%d rows after an invalid index, want %d", x.Len(), whole.Len())
		}
	})
}

// BenchmarkOpen indexes 100 MB of results.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "results.jsonl")
	line := succeeded("question-1", strings.Repeat("The Scheldt is a river of Belgium. ", 55)) + "\n"
	if err := os.WriteFile(path, []byte(strings.Repeat(line, 100_000_000/len(line))), 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(100_000_000)
	for b.Loop() {
		if _, err := Open(b.Context(), path, Options{Kind: Results, Table: price.Default(), Dir: b.TempDir()}); err != nil {
			b.Fatal(err)
		}
	}
}
