// Package table reads and writes tables: CSV with any separator, and TSV. It holds one row at a time.
//
// Readers are strict, because a misread row becomes a request that is paid for: a misplaced quote, a row whose number of
// cells differs from the header, and text that is not UTF-8 are errors that name the line.
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

// MaxRow is the maximum size of a row, in bytes. A larger row usually has a quote that is never closed.
const MaxRow = 16 << 20

// maxColumns is the maximum number of columns, the same as in spreadsheets.
const maxColumns = 16384

// Options configure a Reader. The zero value detects the separator.
type Options struct {
	// Separator separates cells. Default: a tab, a semicolon, a comma or a vertical bar, whichever the header has most of.
	Separator rune

	// NoQuotes treats quotes as ordinary characters, as in many TSV files. Cells then cannot contain separators or line
	// breaks.
	NoQuotes bool
}

// A Reader reads a table with a header.
type Reader struct {
	// Header holds the names of the columns, without surrounding white space.
	Header []string

	// Separator is the separator of cells.
	Separator rune

	// Mark reports whether the table begins with a UTF-8 byte order mark.
	Mark bool

	// Blank counts the rows so far with only empty cells, which spreadsheets leave at the end. They are skipped.
	Blank int

	rows  source
	meter *meter
}

// A source yields rows, and the lines where the last row and each of its cells begin.
type source interface {
	Read() ([]string, error)
	line(cell int) int
}

// A RowError is an error in one row. The reader continues with the next row.
type RowError struct {
	Line int   // line of the row, from 1
	Err  error // the fault
}

// Error returns the line and the fault.
func (e *RowError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns Err.
func (e *RowError) Unwrap() error { return e.Err }

// NewReader reads the header of a table. It skips a UTF-8 byte order mark before the header, and follows and skips Excel's
// line "sep=;".
func NewReader(r io.Reader, o Options) (*Reader, error) {
	m := &meter{r: r}
	buffered := bufio.NewReaderSize(m, 64<<10)
	head, err := buffered.Peek(64 << 10)
	if err != nil && err != io.EOF {
		return nil, err
	}
	skipped := 0
	mark := bytes.HasPrefix(head, []byte("\ufeff"))
	if mark {
		head, skipped = head[3:], 3
	}
	if err := notText(head); err != nil {
		return nil, err
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	lines := 0
	if name, sep, ok := strings.Cut(strings.TrimRight(string(first), "\r"), "="); ok && strings.EqualFold(name, "sep") && utf8.RuneCountInString(sep) == 1 {
		if o.Separator == 0 {
			o.Separator, _ = utf8.DecodeRuneInString(sep)
		}
		lines, skipped = 1, skipped+len(first)+1
		head = head[min(len(first)+1, len(head)):]
	}
	_, _ = buffered.Discard(skipped) // it was peeked at
	if o.Separator == 0 {
		o.Separator = detect(head, o.NoQuotes)
	}
	t := &Reader{Separator: o.Separator, Mark: mark, meter: m}
	if t.rows, err = newSource(buffered, o, lines); err != nil {
		return nil, err
	}
	return t, t.readHeader()
}

// notText returns an error that names the format of a file that is not a table in UTF-8, judging by its first bytes.
func notText(head []byte) error {
	for _, f := range []struct{ begin, name string }{
		{"\xff\xfe", "text in UTF-16 (line 1): save it as \"CSV UTF-8\", or convert it with iconv -f UTF-16 -t UTF-8"},
		{"\xfe\xff", "text in UTF-16 (line 1): save it as \"CSV UTF-8\", or convert it with iconv -f UTF-16 -t UTF-8"},
		{"PK\x03\x04", "a ZIP archive, as XLSX and ODS workbooks are: save the sheet as \"CSV UTF-8\""},
		{"\xd0\xcf\x11\xe0", "an old Excel workbook: save the sheet as \"CSV UTF-8\""},
		{"\x1f\x8b", "a gzip file: decompress it with gunzip"},
		{"PAR1", "a Parquet file: export it as CSV"},
		{"%PDF", "a PDF"},
	} {
		if bytes.HasPrefix(head, []byte(f.begin)) {
			return fmt.Errorf("the table is %s", f.name)
		}
	}
	if i := bytes.IndexByte(head[:min(len(head), 512)], 0); i >= 0 {
		return errors.New("the table is not text in UTF-8 (there is a zero byte near its beginning): it may be UTF-16, or not a table")
	}
	if bytes.IndexByte(head, '\r') >= 0 && bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') < len(head)-1 {
		return errors.New("the lines of the table end in CR alone: save it with LF or CR LF")
	}
	return nil
}

// detect returns the most frequent separator in the header, whose cells may be quoted.
func detect(head []byte, noQuotes bool) rune {
	const candidates = ",\t;|"
	var counts [len(candidates)]int
	quoted := false
	for _, c := range head {
		if c == '"' && !noQuotes {
			quoted = !quoted
		}
		if quoted {
			continue
		}
		if c == '\n' {
			break
		}
		if i := strings.IndexByte(candidates, c); i >= 0 {
			counts[i]++
		}
	}
	best := 0
	for i, n := range counts {
		if n > counts[best] {
			best = i
		}
	}
	return rune(candidates[best])
}

func (t *Reader) readHeader() error {
	row, line, err := t.next()
	var wrong *RowError
	switch {
	case err == io.EOF:
		return errors.New("the table is empty: its first line must name the columns")
	case errors.As(err, &wrong):
		return fmt.Errorf("header, %w", err)
	case err != nil:
		return err
	case len(row) > maxColumns:
		return fmt.Errorf("line %d: the header has more than %d columns", line, maxColumns)
	}
	for _, name := range row {
		t.Header = append(t.Header, strings.TrimSpace(name))
	}
	return nil
}

// Next returns the next row and the line where it begins. The row is valid until the next call. At the end the error is
// io.EOF. For an invalid row it is a [*RowError], after which Next can be called again. Any other error is final.
func (t *Reader) Next() (row []string, line int, err error) {
	for {
		row, line, err = t.next()
		if err != nil {
			return nil, line, err
		}
		if !isBlank(row) {
			break
		}
		t.Blank++
	}
	if len(row) != len(t.Header) {
		return nil, line, &RowError{line, fmt.Errorf("the row has %s, but the header has %d%s", count(len(row), "cell"), len(t.Header), t.guess(row))}
	}
	return row, line, nil
}

func (t *Reader) next() (row []string, line int, err error) {
	t.meter.n = 0
	row, err = t.rows.Read()
	var syntax *csv.ParseError
	switch {
	case errors.As(err, &syntax):
		return nil, syntax.StartLine, explain(syntax)
	case err == errTooLong:
		return nil, 0, fmt.Errorf("the row that begins at line %d is longer than %d MB: a quote may not be closed", t.rows.line(-1), MaxRow>>20)
	case err != nil:
		return nil, 0, err
	}
	line = t.rows.line(0)
	for i, cell := range row {
		if !utf8.ValidString(cell) {
			at := t.rows.line(i)
			return nil, at, &RowError{at, fmt.Errorf("cell %d is not UTF-8: save the table as \"CSV UTF-8\", or convert it with iconv -f WINDOWS-1252 -t UTF-8", i+1)}
		}
	}
	return row, line, nil
}

func isBlank(row []string) bool {
	for _, cell := range row {
		if cell != "" {
			return false
		}
	}
	return true
}

// guess suggests why the number of cells in a row may differ from the header.
func (t *Reader) guess(row []string) string {
	switch {
	case len(t.Header) == 1:
		return fmt.Sprintf(" (the separator is %q)", t.Separator)
	case len(row) > len(t.Header):
		return fmt.Sprintf(": a cell with %q in it must be in quotes", t.Separator)
	}
	return ""
}

// explain describes a quoting error. It is final, because it is unknown where the next row begins.
func explain(e *csv.ParseError) error {
	switch {
	case errors.Is(e.Err, csv.ErrBareQuote):
		return fmt.Errorf("line %d, column %d: a quote inside a cell that does not begin with one: put the cell in quotes and write each quote in it twice, or use --no-quotes if quotes have no meaning in this table", e.Line, e.Column)
	case errors.Is(e.Err, csv.ErrQuote) && e.Line > e.StartLine:
		return fmt.Errorf("line %d: a quoted cell that begins in this row is not closed, or not followed by a separator (noticed at line %d): write each quote in it twice", e.StartLine, e.Line)
	case errors.Is(e.Err, csv.ErrQuote):
		return fmt.Errorf("line %d: a quoted cell is not closed, or not followed by a separator: write each quote in it twice", e.StartLine)
	}
	return fmt.Errorf("line %d: %w", e.Line, e.Err)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
