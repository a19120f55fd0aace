package preflight

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"runtime"
	"sync"

	"github.com/seed-111a911e/messagebatches/internal/envelope"
	"github.com/seed-111a911e/messagebatches/internal/lines"
)

const (
	// blockSize is how much of a file is read at a time; a longer line is read as a whole.
	blockSize = 1 << 20

	// bufferSize leaves room for the end of the last line.
	bufferSize = blockSize + 64<<10

	// MaxLine is the longest line that CheckLines takes, in bytes: no batch can hold a longer one.
	MaxLine = envelope.MaxBytes
)

// CheckLines checks a file of requests, one JSON object {"custom_id", "params"} a line; blank lines are passed over.
// Memory does not grow with the file, but for the ids and the issues. The error is that of reading r: the report is
// then about what was read.
//
// The batch's size is counted as the lines stand there, which is a little more than Create sends if they hold white
// space.
func CheckLines(r io.Reader, o Options) (*Report, error) {
	b, workers := newBatch(o), runtime.GOMAXPROCS(0)
	blocks := make(chan block)
	parts := make(chan chan *part, 2*workers) // in the order of the file
	go func() {
		defer close(blocks)
		defer close(parts)
		readBlocks(r, func(bl block) {
			parts <- bl.done
			blocks <- bl
		})
	}()
	for range workers {
		go func() {
			for bl := range blocks {
				bl.done <- bl.check(b.checks)
				bl.release()
			}
		}()
	}
	var err error
	for done := range parts {
		p := <-done
		b.join(p)
		if p.err != nil {
			err = p.err
		}
	}
	return b.finish(), err
}

// A block is some whole lines of a file.
type block struct {
	first int // number of its first line
	lines []byte
	err   error // of reading, behind the lines
	done  chan *part
}

func (bl block) check(c *checks) *part {
	p := &part{checks: c, err: bl.err}
	number := bl.first
	for line := range bytes.Lines(bl.lines) {
		if number == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if line = lines.Trim(line); len(line) > 0 {
			p.check(number, line)
		}
		number++
	}
	return p
}

// readBlocks reads r to its end and calls use for each block.
func readBlocks(r io.Reader, use func(block)) {
	in := bufio.NewReaderSize(r, 64<<10)
	for number := 1; ; {
		bl := block{first: number, done: make(chan *part, 1)}
		bl.lines, bl.err = readBlock(in)
		number += bytes.Count(bl.lines, []byte("\n"))
		end := bl.err != nil
		switch {
		case bl.err == io.EOF:
			bl.err = nil
		case bl.err != nil: // nobody knows how the last line goes on
			bl.lines = bl.lines[:bytes.LastIndexByte(bl.lines, '\n')+1]
		}
		use(bl)
		if end {
			return
		}
	}
}

// buffers keeps the memory of blocks, so that a large file costs no more of it than a small one.
var buffers = sync.Pool{New: func() any { return new(make([]byte, 0, bufferSize)) }}

// release gives the memory of a block back, but for that of a long line.
func (bl block) release() {
	if lines := bl.lines[:0]; cap(lines) == bufferSize {
		buffers.Put(&lines)
	}
}

// readBlock reads about blockSize bytes, to the end of a line. The error that ends the file comes with its last lines.
func readBlock(in *bufio.Reader) (lines []byte, err error) {
	lines = *buffers.Get().(*[]byte)
	for err == nil && len(lines) < blockSize {
		var n int
		n, err = in.Read(lines[len(lines):blockSize])
		lines = lines[:len(lines)+n]
	}
	for err == nil && lines[len(lines)-1] != '\n' {
		var rest []byte
		if rest, err = in.ReadSlice('\n'); err == bufio.ErrBufferFull {
			err = nil
		}
		if lines = append(lines, rest...); len(lines) > blockSize+MaxLine {
			return lines, errLongLine
		}
	}
	return lines, err
}

var errLongLine = errors.New("a line is longer than any batch may be")
