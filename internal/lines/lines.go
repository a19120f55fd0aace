// Package lines reads streams of JSON lines.
package lines

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// A Line is one line of a stream.
type Line struct {
	Number int    // from 1, counting blank lines
	Offset int64  // where it begins, after the byte order mark if the stream has one
	End    int64  // where the next line begins
	Text   []byte // without surrounding white space; if Long, only its beginning
	Long   bool   // it exceeds the reader's limit
	Cut    bool   // it has no line break: the stream ends within it
}

// A Reader splits a stream into lines. It holds one line in memory, up to its limit.
type Reader struct {
	r      *bufio.Reader
	max    int // limit of a line's text
	number int
	at     int64  // how much was read
	next   int64  // how much was read when Next was called
	buf    []byte // holds lines that do not fit r's buffer
}

// NewReader returns a reader of lines whose text may be up to longest bytes long.
func NewReader(r io.Reader, longest int64) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, 64<<10), max: int(longest)}
}

// Reset begins another stream.
func (l *Reader) Reset(r io.Reader) {
	l.r.Reset(r)
	l.number, l.at = 0, 0
}

// Number returns the number of the line that Next has just returned, or in which it met an error.
func (l *Reader) Number() int { return l.number }

const (
	mostBlank  = 64 << 20 // bytes of blank lines between two others
	mostOfLine = 1 << 30  // bytes of a line, only the beginning of which is kept
)

// ErrEndless is the error of a stream with too many blank lines in a row, or with a line that does not end.
var ErrEndless = errors.New("no line within 64 MiB, or no line end within 1 GiB")

// Next returns the next line that is not blank; its text is valid until the next call. The error is io.EOF after the
// last line, or the read error; a line that is incomplete because of a read error is not returned.
func (l *Reader) Next() (Line, error) {
	l.next = l.at
	for {
		next, err := l.read()
		switch {
		case err != nil && err != io.EOF:
			return Line{}, err
		case len(next.Text) > 0 || next.Long:
			return next, nil
		case err == io.EOF:
			return Line{}, io.EOF
		case l.at-l.next > mostBlank:
			return Line{}, ErrEndless
		}
	}
}

func (l *Reader) read() (Line, error) {
	l.number++
	next := Line{Number: l.number, Offset: l.at}
	part, err := l.r.ReadSlice('\n')
	l.at += int64(len(part))
	if l.number == 1 {
		marked := len(part)
		part = bytes.TrimPrefix(part, []byte("\ufeff"))
		next.Offset = int64(marked - len(part))
	}
	if err == bufio.ErrBufferFull {
		next.Text, next.Long, err = l.readLong(part)
	} else {
		next.Text = Trim(part)
		if next.Long = len(next.Text) > l.max; next.Long {
			next.Text = next.Text[:l.max]
		}
	}
	next.End, next.Cut = l.at, err == io.EOF
	return next, err
}

// readLong reads the rest of a line that does not fit the reader's buffer.
func (l *Reader) readLong(part []byte) (text []byte, long bool, err error) {
	l.buf = l.buf[:0]
	var more rest
	size := 0
	for err = bufio.ErrBufferFull; ; {
		if size == 0 {
			part = bytes.TrimLeft(part, whiteSpace)
		}
		n := min(len(part), l.max-size)
		size += n
		fit := min(n, cap(l.buf)-len(l.buf))
		l.buf = append(l.buf, part[:fit]...)
		more.add(part[fit:n])
		long = long || len(Trim(part[n:])) > 0 // white space after the limit does not count
		if err != bufio.ErrBufferFull {
			l.buf = more.join(l.buf)
			return Trim(l.buf), long, err
		}
		if n := l.at - l.next; n > mostOfLine || size == 0 && n > mostBlank {
			return nil, false, ErrEndless
		}
		part, err = l.r.ReadSlice('\n')
		l.at += int64(len(part))
	}
}

const whiteSpace = " \t\r\n" // in JSON

// Trim returns b without the white space that JSON allows around a value.
func Trim(b []byte) []byte { return bytes.Trim(b, whiteSpace) }
