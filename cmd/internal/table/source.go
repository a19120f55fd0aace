package table

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// errTooLong reports a row of more than MaxRow bytes.
var errTooLong = errors.New("the row is too long")

// A meter stops reading when a row becomes too long.
type meter struct {
	r io.Reader
	n int // since the start of the last row
}

func (m *meter) Read(p []byte) (int, error) {
	if m.n > MaxRow {
		return 0, errTooLong
	}
	n, err := m.r.Read(p)
	m.n += n
	return n, err
}

// newSource returns the source of the rows that follow the given number of lines.
func newSource(r *bufio.Reader, o Options, lines int) (source, error) {
	if o.NoQuotes {
		return &plain{r: r, separator: string(o.Separator), number: lines}, nil
	}
	if s := o.Separator; s == '"' || s == '\r' || s == '\n' || s == utf8.RuneError || !utf8.ValidRune(s) {
		return nil, fmt.Errorf("the separator of a table cannot be %q", s)
	}
	c := csv.NewReader(r)
	c.Comma, c.FieldsPerRecord, c.ReuseRecord = o.Separator, -1, true
	return &quoted{Reader: c, before: lines}, nil
}

// quoted reads rows whose cells may be quoted.
type quoted struct {
	*csv.Reader
	before, last int
}

func (q *quoted) Read() ([]string, error) {
	row, err := q.Reader.Read()
	var syntax *csv.ParseError
	switch {
	case errors.As(err, &syntax):
		syntax.StartLine += q.before
		syntax.Line += q.before
	case err == nil:
		q.last = q.line(len(row)-1) + strings.Count(row[len(row)-1], "\n")
	}
	return row, err
}

func (q *quoted) line(cell int) int {
	if cell < 0 { // the row that could not be read
		return q.last + 1
	}
	line, _ := q.FieldPos(cell)
	return line + q.before
}

// plain reads rows in which quotes have no meaning.
type plain struct {
	r         *bufio.Reader
	separator string
	number    int
	text      []byte
}

func (p *plain) line(cell int) int {
	if cell < 0 {
		return p.number + 1
	}
	return p.number
}

func (p *plain) Read() ([]string, error) {
	for {
		p.text = p.text[:0]
		for {
			part, err := p.r.ReadSlice('\n')
			p.text = append(p.text, part...)
			if err == bufio.ErrBufferFull {
				continue
			}
			if err != nil && (err != io.EOF || len(p.text) == 0) {
				return nil, err
			}
			break
		}
		p.number++
		if text := bytes.TrimRight(p.text, "\r\n"); len(text) > 0 {
			return strings.Split(string(text), p.separator), nil
		}
	}
}
