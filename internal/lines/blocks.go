package lines

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"
	"sync"
)

const (
	// blockSize is how much is read at a time; a longer line is read as a whole.
	blockSize = 1 << 20

	// bufferSize leaves room for the end of the last line.
	bufferSize = blockSize + 64<<10
)

// A Block is some whole lines of a stream.
type Block struct {
	// First is the number of its first line, from 1.
	First int

	// Err is why nothing comes behind it: nil, if the stream has come to its end or goes on.
	Err error

	text []byte
}

// ErrLong is the error of a stream with a line that is too long.
var ErrLong = errors.New("longer than a batch may be")

// Blocks reads r to its end in blocks, so that several goroutines can work on its lines. A line longer than longest, by
// more than what a block has, is ErrLong. Memory is used again when blocks are released.
func Blocks(r io.Reader, longest int) iter.Seq[Block] {
	return func(yield func(Block) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		for number := 1; ; {
			b := Block{First: number}
			b.text, b.Err = readBlock(in, longest)
			number += bytes.Count(b.text, []byte("\n"))
			end := b.Err != nil
			switch {
			case b.Err == io.EOF:
				b.Err = nil
			case b.Err != nil: // nobody knows how the last line goes on
				b.text = b.text[:bytes.LastIndexByte(b.text, '\n')+1]
			}
			if !yield(b) || end {
				return
			}
		}
	}
}

// Lines gives the lines that are not blank, without the white space around them, with their numbers. A byte order mark at
// the start of the stream is left out.
func (b Block) Lines() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		number := b.First
		for line := range bytes.Lines(b.text) {
			if number == 1 {
				line = bytes.TrimPrefix(line, []byte("\ufeff"))
			}
			if line = Trim(line); len(line) > 0 && !yield(number, line) {
				return
			}
			number++
		}
	}
}

// End returns the number of the line behind the block.
func (b Block) End() int { return b.First + bytes.Count(b.text, []byte("\n")) }

// buffers keeps the memory of blocks, so that a large stream costs no more of it than a small one.
var buffers = sync.Pool{New: func() any { return new(make([]byte, 0, bufferSize)) }}

// Release gives the memory of a block back, but for that of a long line. Its lines are not good any more.
func (b Block) Release() {
	if text := b.text[:0]; cap(text) == bufferSize {
		buffers.Put(&text)
	}
}

// readBlock reads about blockSize bytes, to the end of a line. The error that ends the stream comes with its last lines.
func readBlock(in *bufio.Reader, longest int) (text []byte, err error) {
	text = *buffers.Get().(*[]byte)
	for err == nil && len(text) < blockSize {
		var n int
		n, err = in.Read(text[len(text):blockSize])
		text = text[:len(text)+n]
	}
	var more rest
	ended := err != nil || text[len(text)-1] == '\n'
	for size := len(text); !ended; {
		var part []byte
		part, err = in.ReadSlice('\n')
		if ended = err != bufio.ErrBufferFull; !ended {
			err = nil
		}
		if size += len(part); size > blockSize+longest {
			return text, ErrLong
		}
		fit := min(len(part), cap(text)-len(text))
		text = append(text, part[:fit]...)
		more.add(part[fit:])
	}
	return more.join(text), err
}
