package convert_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/cmd/internal/convert"
)

// A generator is a file that is generated while it is read.
type generator struct {
	part func(n int) string // returns "" at the end
	n    int
	rest string
}

func (g *generator) Read(p []byte) (int, error) {
	if g.rest == "" {
		if g.rest = g.part(g.n); g.rest == "" {
			return 0, io.EOF
		}
		g.n++
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}

// A gauge discards what is written. It measures the heap from time to time.
type gauge struct {
	bytes, every int
	peak         uint64
}

func (g *gauge) Write(p []byte) (int, error) {
	if g.bytes/g.every != (g.bytes+len(p))/g.every {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		g.peak = max(g.peak, m.HeapAlloc)
	}
	g.bytes += len(p)
	return len(p), nil
}

// TestMemoryOfConversions checks that the heap stays small while 15 MB pass through each conversion.
func TestMemoryOfConversions(t *testing.T) {
	const rows = 8000
	filler := strings.Repeat("many words ", 180)
	for name, run := range map[string]func(w io.Writer, n *convert.Notes) (convert.Summary, error){
		"rows": func(w io.Writer, n *convert.Notes) (convert.Summary, error) {
			return convert.Rows(w, &generator{part: func(i int) string {
				switch {
				case i == 0:
					return "id,text\n"
				case i > rows:
					return ""
				}
				return fmt.Sprintf("T-%d,\"%s\n\"\n", i, filler)
			}}, convert.RowOptions{Template: []byte(`{"messages":[{"role":"user","content":"{text}"}]}`), ID: convert.RowID{Column: "id"}}, n)
		},
		"array": func(w io.Writer, n *convert.Notes) (convert.Summary, error) {
			return convert.Array(w, &generator{part: func(i int) string {
				switch {
				case i == 0:
					return "{\"requests\": [\n"
				case i > rows:
					return ""
				case i == rows:
					return fmt.Sprintf(`{"custom_id":"T-%d","params":{"text":"%s"}}]}`, i, filler)
				}
				return fmt.Sprintf("{\"custom_id\": \"T-%d\",\n \"params\": {\"text\": \"%s\"}},\n", i, filler)
			}}, n)
		},
		"openai": func(w io.Writer, n *convert.Notes) (convert.Summary, error) {
			return convert.OpenAI(w, &generator{part: func(i int) string {
				if i == rows {
					return ""
				}
				return strings.Replace(aLine(`"seed":1,"messages":[{"role":"user","content":"`+filler+`"}]`), `"x"`, fmt.Sprintf(`"T-%d"`, i), 1) + "\n"
			}}, convert.OpenAIOptions{Models: map[string]string{"": "claude-opus-5"}, MaxTokens: 5}, n)
		},
		"results": func(w io.Writer, n *convert.Notes) (convert.Summary, error) {
			return convert.Results(w, &generator{part: func(i int) string {
				if i == rows {
					return ""
				}
				return succeeded(fmt.Sprintf("T-%d", i), filler)
			}}, convert.ResultOptions{Fields: []string{"x"}}, n)
		},
	} {
		g := gauge{every: 3 << 20}
		var n convert.Notes
		s, err := run(&g, &n)
		if err != nil || s.Written != rows || g.bytes < 14<<20 {
			t.Errorf("%s: %v, %+v, %d bytes", name, err, s, g.bytes)
		}
		if g.peak == 0 || g.peak > 6<<20 {
			t.Errorf("%s: the heap grew to %d KB", name, g.peak>>10)
		}
		t.Logf("%s: %d MB written, at most %d KB of heap", name, g.bytes>>20, g.peak>>10)
	}
}

// TestMemoryOfOneRow checks that an endless row is refused before it fills memory.
func TestMemoryOfOneRow(t *testing.T) {
	filler := strings.Repeat("x", 1<<20)
	g := &generator{part: func(i int) string {
		if i == 0 {
			return "id,text\n1,\""
		}
		return filler
	}}
	var n convert.Notes
	_, err := convert.Rows(new(bytes.Buffer), g, convert.RowOptions{Template: []byte(`{}`), ID: convert.RowID{Column: "id"}}, &n)
	if err == nil || !strings.Contains(err.Error(), "line 2 is longer than 16 MB") || g.n > 20 {
		t.Errorf("%v after %d MB", err, g.n)
	}
}
