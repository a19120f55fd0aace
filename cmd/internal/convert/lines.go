package convert

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/seed-111a911e/messagebatches/client/preflight"
)

// A lineReader reads lines that are not blank.
type lineReader struct {
	r      *bufio.Reader
	buffer []byte
	number int   // of the last line, from 1
	begin  int64 // offset of the last line
	offset int64 // offset of the next line
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, 64<<10)}
}

// next returns the next line without surrounding white space. It is valid until the next call. At the end the error is
// io.EOF.
func (l *lineReader) next() ([]byte, error) {
	for {
		l.buffer, l.begin = l.buffer[:0], l.offset
		for {
			part, err := l.r.ReadSlice('\n')
			l.buffer = append(l.buffer, part...)
			l.offset += int64(len(part))
			if len(l.buffer) > preflight.MaxLine {
				return nil, fmt.Errorf("line %d is longer than %d MB, which no batch can hold", l.number+1, preflight.MaxLine>>20)
			}
			if err == bufio.ErrBufferFull {
				continue
			}
			if err != nil && (err != io.EOF || len(l.buffer) == 0) {
				return nil, err
			}
			break
		}
		l.number++
		line := l.buffer
		if l.number == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if line = bytes.Trim(line, " \t\r\n"); len(line) > 0 {
			return line, nil
		}
	}
}
