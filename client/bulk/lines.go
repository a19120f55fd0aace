package bulk

import (
	"bufio"
	"bytes"
	"io"
)

// A line is one line of a stream of JSON lines.
type line struct {
	number int    // from 1, blank lines counted
	offset int64  // where it begins: behind the byte order mark, if the stream begins with one
	end    int64  // where the next line begins
	text   []byte // without the white space around it; of a line that is too long, its beginning
	long   bool   // it is longer than the reader's bound
}

// A lineReader splits a stream into lines. Memory holds one line, up to the bound.
type lineReader struct {
	r      *bufio.Reader
	max    int // bound of a line's text
	number int
	at     int64  // how much was read
	buf    []byte // holds lines that do not fit r's buffer
}

func newLineReader(r io.Reader, longest int64) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, 64<<10), max: int(longest)}
}

// next returns the next line that is not blank; its text is good until the next call. The error is io.EOF behind the last
// line, or that of reading: what was read of a line before it is no line.
func (l *lineReader) next() (line, error) {
	for {
		next, err := l.read()
		switch {
		case err != nil && err != io.EOF:
			return line{}, err
		case len(next.text) > 0 || next.long:
			return next, nil
		case err == io.EOF:
			return line{}, io.EOF
		}
	}
}

func (l *lineReader) read() (line, error) {
	l.number++
	next := line{number: l.number, offset: l.at}
	part, err := l.r.ReadSlice('\n')
	l.at += int64(len(part))
	if l.number == 1 {
		marked := len(part)
		part = bytes.TrimPrefix(part, []byte("\ufeff"))
		next.offset = int64(marked - len(part))
	}
	if err == bufio.ErrBufferFull {
		next.text, next.long, err = l.readLong(part)
	} else {
		next.text = trim(part)
		if next.long = len(next.text) > l.max; next.long {
			next.text = next.text[:l.max]
		}
	}
	next.end = l.at
	return next, err
}

// readLong reads the rest of a line that does not fit the reader's buffer.
func (l *lineReader) readLong(part []byte) (text []byte, long bool, err error) {
	l.buf = l.buf[:0]
	for err = bufio.ErrBufferFull; ; {
		if len(l.buf) == 0 {
			part = bytes.TrimLeft(part, whiteSpace)
		}
		n := min(len(part), l.max-len(l.buf))
		l.buf = append(l.buf, part[:n]...)
		long = long || len(trim(part[n:])) > 0 // behind the bound there may be white space
		if err != bufio.ErrBufferFull {
			return trim(l.buf), long, err
		}
		part, err = l.r.ReadSlice('\n')
		l.at += int64(len(part))
	}
}

const whiteSpace = " \t\r\n" // of JSON

func trim(b []byte) []byte { return bytes.Trim(b, whiteSpace) }
