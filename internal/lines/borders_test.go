package lines

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"testing"
	"testing/iotest"
)

// split is the simplest form of Reader, with the stream in memory.
func split(stream []byte, longest int) (all []Line) {
	at := int64(0)
	for number := 1; len(stream) > 0; number++ {
		end := bytes.IndexByte(stream, '\n') + 1
		cut := end == 0
		if cut {
			end = len(stream)
		}
		l := Line{Number: number, Offset: at, End: at + int64(end), Cut: cut}
		text := stream[:end]
		if number == 1 && bytes.HasPrefix(text, []byte("\ufeff")) {
			text, l.Offset = text[3:], 3
		}
		if l.Text = Trim(text); len(l.Text) > longest {
			l.Text, l.Long = Trim(l.Text[:longest]), true
		}
		if len(l.Text) > 0 || l.Long {
			all = append(all, l)
		}
		stream, at = stream[end:], l.End
	}
	return all
}

func read(l *Reader) (all []Line, err error) {
	for {
		line, err := l.Next()
		if err != nil {
			return all, err
		}
		line.Text = bytes.Clone(Trim(line.Text)) // the kept part of a line that is too long may end in white space
		all = append(all, line)
	}
}

// TestBorders reads lines that end just before, at and just after the ends of buffers, in pieces of several sizes.
func TestBorders(t *testing.T) {
	t.Parallel()
	const buffer, longest = 64 << 10, 200_000
	random := rand.New(rand.NewPCG(1, 2))
	sizes := []int{0, 1, 2, 100, buffer - 3, buffer - 2, buffer - 1, buffer, buffer + 1, 2*buffer - 1, 2 * buffer, 2*buffer + 1, longest - 1, longest, longest + 1, longest + 2*buffer}
	edges := []string{"", "", " ", "\r", " \t\r", string(bytes.Repeat([]byte(" "), buffer))}
	for round := range 15 {
		var stream []byte
		if round%3 == 0 {
			stream = append(stream, "\ufeff"...)
		}
		for n := range 8 {
			if n > 0 {
				stream = append(stream, '\n')
			}
			stream = append(stream, edges[random.IntN(len(edges))]...)
			text := bytes.Repeat([]byte{'a' + byte(n)}, sizes[random.IntN(len(sizes))])
			if len(text) > 10 && random.IntN(2) == 0 {
				text[len(text)-2], text[len(text)/2] = ' ', '\r'
			}
			stream = append(append(stream, text...), edges[random.IntN(len(edges))]...)
		}
		want := split(stream, longest)
		reused := NewReader(bytes.NewReader(stream[:len(stream)/2]), longest)
		if _, err := read(reused); err != io.EOF {
			t.Fatal(err)
		}
		for name, r := range map[string]io.Reader{
			"whole":         bytes.NewReader(stream),
			"halves":        iotest.HalfReader(bytes.NewReader(stream)),
			"with EOF":      iotest.DataErrReader(bytes.NewReader(stream)),
			"larger buffer": bufio.NewReaderSize(bytes.NewReader(stream), 1<<20),
			"reset":         nil,
		} {
			l := reused
			if r != nil {
				l = NewReader(r, longest)
			} else {
				l.Reset(bytes.NewReader(stream))
			}
			got, err := read(l)
			if diff := difference(want, got); err != io.EOF || diff != "" {
				t.Fatalf("round %d, %s: %v: %s", round, name, err, diff)
			}
		}
	}
}

// difference returns where lines differ, without their texts.
func difference(want, got []Line) string {
	if len(want) != len(got) {
		return fmt.Sprintf("%d lines, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		same := bytes.Equal(w.Text, g.Text)
		w.Text, g.Text = nil, nil
		if !same || !reflect.DeepEqual(w, g) {
			return fmt.Sprintf("line %d: same text %v, want %+v, got %+v", i, same, w, g)
		}
	}
	return ""
}

// TestReadError expects the whole lines before a failure, and nothing of the line that contains it.
func TestReadError(t *testing.T) {
	t.Parallel()
	failure := errors.New("the disk is gone")
	for part, want := range map[string]int{"": 0, "a": 0, "a\n": 1, "a\nb": 1, "a\n\n": 1, "a\nb\n" + string(bytes.Repeat([]byte("c"), 1<<17)): 2} {
		l := NewReader(io.MultiReader(bytes.NewReader([]byte(part)), iotest.ErrReader(failure)), 1<<20)
		if got, err := read(l); len(got) != want || err != failure {
			t.Errorf("%.10q: got %d lines, %v", part, len(got), err)
		} else if line := bytes.Count([]byte(part), []byte("\n")) + 1; l.Number() != line {
			t.Errorf("%.10q: the failure is in line %d, not %d", part, l.Number(), line)
		}
	}
}
