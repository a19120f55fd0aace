package client

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/seed-111a911e/messagebatches/internal/envelope"
)

var errLongLine = errors.New("line is longer than the bound that WithMaxLine sets")

// A lineReader splits a stream into lines of any length up to max.
type lineReader struct {
	r      *bufio.Reader
	max    int
	number int    // of the line that next returned
	last   bool   // that line had no line break: the stream ends with it
	long   []byte // holds lines that do not fit r's buffer
}

func newLineReader(r io.Reader, max int) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, 64<<10), max: max}
}

// reset begins a new stream.
func (l *lineReader) reset(r io.Reader) {
	l.r.Reset(r)
	l.number, l.last = 0, false
}

// next returns the next line that is not blank, without its line break. It is good until the next call. A line that
// is too long is passed over, and an error.
func (l *lineReader) next() ([]byte, error) {
	for {
		l.number++
		line, err := l.read()
		if err != nil && err != io.EOF {
			return nil, err
		}
		l.last = err == io.EOF
		if l.number == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if line = envelope.Trim(line); len(line) > 0 {
			return line, nil
		}
		if l.last {
			return nil, io.EOF
		}
	}
}

func (l *lineReader) read() ([]byte, error) {
	part, err := l.r.ReadSlice('\n')
	if err != bufio.ErrBufferFull {
		if len(part) > l.max && (err == nil || err == io.EOF) {
			return nil, errLongLine
		}
		return part, err
	}
	l.long = append(l.long[:0], part...)
	for err == bufio.ErrBufferFull {
		part, err = l.r.ReadSlice('\n')
		if len(l.long) <= l.max {
			l.long = append(l.long, part...)
		}
	}
	if len(l.long) > l.max && (err == nil || err == io.EOF) {
		return nil, errLongLine
	}
	return l.long, err
}
