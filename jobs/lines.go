package jobs

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/seed-111a911e/messagebatches/client"
)

// A line is a non-blank line of a file.
type line struct {
	number      int64 // in the file, from 1
	offset, end int64 // where it begins, and where the next line begins
	text        []byte
}

// A lineReader reads lines. It holds one line in memory, which may be as long as a batch.
type lineReader struct {
	in     *bufio.Reader
	at     int64
	number int64
	long   []byte
}

// newLineReader returns a reader of r, which is a file from an offset on.
func newLineReader(r io.Reader, offset int64) *lineReader {
	return newRangeReader(r, offset, offset+256<<10)
}

// newRangeReader returns a reader of r, which is a file from an offset to an end.
func newRangeReader(r io.Reader, offset, end int64) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(r, int(min(256<<10, end-offset))), at: offset}
}

// next returns the next line that is not blank. Its text is valid until the next call. It calls read with all bytes that it
// reads, including blank lines. After the last line the error is io.EOF.
func (r *lineReader) next(read func(raw []byte)) (line, error) {
	for {
		r.number++
		l := line{number: r.number, offset: r.at}
		raw, err := readWhole(r.in, &r.long, client.MaxBytes)
		if err != nil && err != io.EOF {
			return line{}, fmt.Errorf("line %d: %w", r.number, err)
		}
		r.at += int64(len(raw))
		read(raw)
		l.end = r.at
		if l.text = trimLine(raw, l.offset == 0); len(l.text) > 0 {
			return l, nil
		}
		if err == io.EOF {
			return line{}, io.EOF
		}
	}
}

// trimLine removes white space around a line, and a byte order mark from the first line of a file.
func trimLine(raw []byte, first bool) []byte {
	if first {
		raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	}
	return bytes.Trim(raw, " \t\r\n")
}

// readWhole reads a line with its line break, of at most so many bytes. It may use the memory of long.
func readWhole(in *bufio.Reader, long *[]byte, most int) ([]byte, error) {
	part, err := in.ReadSlice('\n')
	if err != bufio.ErrBufferFull {
		return part, err
	}
	*long = append((*long)[:0], part...)
	for err == bufio.ErrBufferFull {
		part, err = in.ReadSlice('\n')
		if len(*long)+len(part) > most {
			return nil, errors.New("longer than a batch may be")
		}
		*long = append(*long, part...)
	}
	return *long, err
}
