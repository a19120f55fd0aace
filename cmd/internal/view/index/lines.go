package index

import (
	"bufio"
	"bytes"
	"io"
)

// A line is a line of a file that is not blank.
type line struct {
	number      int    // from 1, including blank lines
	offset, end int64  // where it begins, after any byte order mark, and where the next one begins
	text        []byte // without surrounding white space, valid until the next call
	long        bool   // it is longer than the reader's limit; text is empty
	cut         bool   // it has no line break: it is the end of the file
}

// A lineReader splits a file into lines. It holds one line in memory, up to its limit.
type lineReader struct {
	in      *bufio.Reader
	longest int
	number  int
	at      int64
	buf     []byte
}

func newLineReader(r io.Reader, longest int) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(r, 64<<10), longest: longest}
}

// next returns the next line that is not blank. After the last one the error is io.EOF.
func (r *lineReader) next() (line, error) {
	for {
		r.number++
		l := line{number: r.number, offset: r.at}
		text, err := r.read(&l)
		if err != nil && err != io.EOF {
			return line{}, err
		}
		if l.number == 1 {
			marked := len(text)
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
			l.offset += int64(marked - len(text))
		}
		l.text, l.end, l.cut = trim(text), r.at, err == io.EOF
		switch {
		case len(l.text) > 0 || l.long:
			return l, nil
		case err == io.EOF:
			return line{}, io.EOF
		}
	}
}

// read reads a line with its line break. It returns no text for a line that is too long.
func (r *lineReader) read(l *line) (text []byte, err error) {
	r.buf = r.buf[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		r.at += int64(len(part))
		if l.long = l.long || len(r.buf)+len(part) > r.longest; !l.long {
			if err != bufio.ErrBufferFull && len(r.buf) == 0 {
				return part, err
			}
			r.buf = append(r.buf, part...)
		}
		if err != bufio.ErrBufferFull {
			if l.long {
				return nil, err
			}
			return r.buf, err
		}
	}
}

// trim removes the white space that JSON allows around a value.
func trim(b []byte) []byte { return bytes.Trim(b, " \t\r\n") }
