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
	// blockSize is how many bytes are read at a time; a longer line is read as a whole.
	blockSize = 1 << 20

	// bufferSize leaves room for the end of the last line.
	bufferSize = blockSize + 64<<10
)

// A Block holds consecutive whole lines of a stream.
type Block struct {
	// First is the number of its first line, from 1.
	First int

	// Err is the error that ended the stream after this block, if any.
	Err error

	text []byte
}

// ErrLong is the error of a stream with a line that is too long.
var ErrLong = errors.New("longer than a batch may be")

// Blocks reads r to its end in blocks, so that several goroutines can process its lines. A line that exceeds longest by
// more than the size of a block ends the stream with ErrLong. The memory of released blocks is reused.
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
			case b.Err != nil: // the last line may be incomplete
				b.text = b.text[:bytes.LastIndexByte(b.text, '\n')+1]
			}
			if !yield(b) || end {
				return
			}
		}
	}
}

// Lines yields the lines that are not blank, without surrounding white space, with their numbers. A byte order mark at
// the start of the stream is skipped.
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

// End returns the number of the line after the block.
func (b Block) End() int { return b.First + bytes.Count(b.text, []byte("\n")) }

// buffers holds the memory of released blocks, so that a large stream needs no more than a small one.
var buffers = sync.Pool{New: func() any { return new(make([]byte, 0, bufferSize)) }}

// Release makes the memory of a block available for reuse, unless it holds a long line. The block's lines become
// invalid.
func (b Block) Release() {
	if text := b.text[:0]; cap(text) == bufferSize {
		buffers.Put(&text)
	}
}

// readBlock reads about blockSize bytes, to the end of a line. The error that ends the stream is returned with its last
// lines.
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
