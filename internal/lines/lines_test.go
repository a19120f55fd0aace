package lines

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// split is what Reader and Blocks do, done simply.
func split(text string) (numbers []int, lines []string) {
	for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		if line = strings.Trim(line, " \t\r"); line != "" {
			numbers = append(numbers, i+1)
			lines = append(lines, line)
		}
	}
	return numbers, lines
}

// texts are small ones, and some whose lines end around the borders of the buffers.
func texts() []string {
	all := []string{"", "\n", "a", "a\n", "\ufeffa\nb", "\ufeff", "\ufeff\n\ufeffa", "a\r\nb\r\n", " \t\n\n a \n\r\n b", "a\n\n\nb"}
	for _, border := range []int{64 << 10, blockSize, bufferSize} {
		for around := -2; around <= 2; around++ {
			line := strings.Repeat("x", border+around)
			all = append(all, line, line+"\n", line+"\r\nb", line[:border/2]+"\n"+line[border/2:]+"\nb\n", " "+line+" \nb")
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		var b strings.Builder
		for range random.IntN(50) {
			b.WriteString(strings.Repeat("y", random.IntN(1<<random.IntN(18))))
			b.WriteString([]string{"\n", "\r\n", "\n\n", " \n"}[random.IntN(4)])
		}
		all = append(all, b.String())
	}
	return all
}

func readers(text string) map[string]io.Reader {
	return map[string]io.Reader{
		"whole":   strings.NewReader(text),
		"halves":  iotest.HalfReader(strings.NewReader(text)),
		"early":   iotest.DataErrReader(strings.NewReader(text)),
		"a block": io.MultiReader(strings.NewReader(text[:len(text)/3]), strings.NewReader(text[len(text)/3:])),
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	for _, text := range texts() {
		numbers, want := split(text)
		for name, r := range readers(text) {
			in := NewReader(r, 1<<30)
			var got []int
			for i := 0; ; i++ {
				line, err := in.Next()
				if err == io.EOF {
					break
				}
				if err != nil || i >= len(want) || string(line.Text) != want[i] {
					t.Fatalf("%s, %.20q of %d bytes: line %d is %.20q, %v", name, text, len(text), i, line.Text, err)
				}
				if section := text[line.Offset:line.End]; strings.TrimSpace(section) != want[i] || line.Cut != (int(line.End) == len(text) && !strings.HasSuffix(section, "\n")) {
					t.Fatalf("%s, %.20q of %d bytes: line %d stands at %d to %d, cut %v", name, text, len(text), i, line.Offset, line.End, line.Cut)
				}
				got = append(got, line.Number)
			}
			if diff := cmp.Diff(numbers, got); diff != "" {
				t.Errorf("%s, %.20q of %d bytes: %s", name, text, len(text), diff)
			}
		}
	}
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	for _, text := range texts() {
		numbers, want := split(text)
		for name, r := range readers(text) {
			var gotNumbers []int
			var got []string
			for b := range Blocks(r, 1<<30) {
				if b.Err != nil {
					t.Fatal(b.Err)
				}
				for number, line := range b.Lines() {
					gotNumbers = append(gotNumbers, number)
					got = append(got, string(line))
				}
				b.Release()
			}
			if !slices.Equal(got, want) || !slices.Equal(gotNumbers, numbers) {
				t.Errorf("%s, %.20q of %d bytes: got lines %v, want %v", name, text, len(text), gotNumbers, numbers)
			}
		}
	}
}

func TestLongLines(t *testing.T) {
	t.Parallel()
	text := "a\n" + strings.Repeat("x", 3*blockSize) + "\nb\n"
	in := NewReader(strings.NewReader(text), blockSize)
	var got []string
	for {
		line, err := in.Next()
		if err != nil {
			break
		}
		if line.Long != (line.Number == 2) || len(line.Text) > blockSize {
			t.Errorf("line %d: long %v, %d bytes", line.Number, line.Long, len(line.Text))
		}
		got = append(got, string(line.Text[:1]))
	}
	if strings.Join(got, "") != "axb" {
		t.Errorf("got %q", got)
	}
	var last Block
	n := 0
	for last = range Blocks(strings.NewReader(text), blockSize) {
		for range last.Lines() {
			n++
		}
	}
	if !errors.Is(last.Err, ErrLong) || last.End() != 2 || n != 1 {
		t.Errorf("got %v in line %d after %d lines", last.Err, last.End(), n)
	}
}

// TestReadErrors has a stream fail in the middle of a line: what was read of it is no line.
func TestReadErrors(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	stream := func() io.Reader {
		return io.MultiReader(strings.NewReader("a\nbb\ncc"), iotest.ErrReader(gone))
	}
	in := NewReader(stream(), 100)
	var got bytes.Buffer
	var err error
	for err == nil {
		var line Line
		line, err = in.Next()
		got.Write(line.Text)
	}
	if got.String() != "abb" || err != gone || in.Number() != 3 {
		t.Errorf("got %q, then %v in line %d", got.String(), err, in.Number())
	}
	got.Reset()
	for b := range Blocks(stream(), 100) {
		for _, line := range b.Lines() {
			got.Write(line)
		}
		if b.Err != gone || b.End() != 3 {
			t.Errorf("got %v in line %d", b.Err, b.End())
		}
	}
	if got.String() != "abb" {
		t.Errorf("got %q", got.String())
	}
}
