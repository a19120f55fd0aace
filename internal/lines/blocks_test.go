package lines

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// plainly does the same as Blocks, with the stream in memory.
func plainly(text string) (numbers []int, lines []string) {
	for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		if line = strings.Trim(line, " \t\r"); line != "" {
			numbers = append(numbers, i+1)
			lines = append(lines, line)
		}
	}
	return numbers, lines
}

// texts returns small texts, and some whose lines end around the borders of the buffers.
func texts() []string {
	all := []string{"", "\n", "a", "a\n", "\ufeffa\nb", "\ufeff", "\ufeff\n\ufeffa", "a\r\nb\r\n", " \t\n\n a \n\r\n b", "a\n\n\nb"}
	for _, border := range []int{64 << 10, blockSize, bufferSize} {
		for around := -2; around <= 2; around++ {
			line := strings.Repeat("x", border+around)
			all = append(all, line, line+"\n", line+"\r\nb", line[:border/2]+"\n"+line[border/2:]+"\nb\n", " "+line+" \nb")
		}
	}
	var long strings.Builder // in several pieces
	for i := range 5 * blockSize / 8 {
		fmt.Fprintf(&long, "%7d ", i)
	}
	all = append(all, long.String()+"\nb")
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

func TestBlocks(t *testing.T) {
	t.Parallel()
	for _, text := range texts() {
		numbers, want := plainly(text)
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

func TestBlocksEndAtALongLine(t *testing.T) {
	t.Parallel()
	text := "a\n" + strings.Repeat("x", 3*blockSize) + "\nb\n"
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

// TestBlocksOfABrokenStream makes a stream fail in the middle of a line, which must not be returned.
func TestBlocksOfABrokenStream(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	var got bytes.Buffer
	for b := range Blocks(io.MultiReader(strings.NewReader("a\nbb\ncc"), iotest.ErrReader(gone)), 100) {
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
