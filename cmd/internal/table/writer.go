package table

import (
	"encoding/csv"
	"io"
	"strings"
)

// A Writer writes a table.
type Writer struct {
	// Guarded is the number of cells so far that would be formulas in a spreadsheet and were written with an apostrophe
	// before them.
	Guarded int

	raw bool
	csv *csv.Writer
	row []string
}

// NewWriter returns a writer of CSV with a separator. Unless raw, cells that a spreadsheet would take for a formula get an
// apostrophe before them, because such a cell in a file from outside may run a program or send data away. Numbers stay.
func NewWriter(w io.Writer, separator rune, raw bool) *Writer {
	c := csv.NewWriter(w)
	c.Comma = separator
	return &Writer{raw: raw, csv: c}
}

// Write writes a row. The error is that of an earlier write, too.
func (w *Writer) Write(row []string) error {
	w.row = w.row[:0]
	for _, cell := range row {
		if !w.raw && isFormula(cell) {
			cell = "'" + cell
			w.Guarded++
		}
		w.row = append(w.row, cell)
	}
	return w.csv.Write(w.row)
}

// Flush writes what is buffered and returns the first error of all writes.
func (w *Writer) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}

// isFormula reports whether spreadsheets may take a cell for a formula. They skip white space before it.
func isFormula(cell string) bool {
	text := strings.TrimLeft(cell, " \t\r\n\v\f\u00a0\ufeff")
	if text == "" {
		return false
	}
	switch text[0] {
	case '=', '@':
		return true
	case '+', '-':
		return !isNumber(text[1:])
	}
	for _, wide := range []string{"＝", "＋", "－", "＠"} { // some take them for their narrow forms
		if strings.HasPrefix(text, wide) {
			return true
		}
	}
	return cell[0] == '\t' || cell[0] == '\r' || cell[0] == '\n'
}

// isNumber reports whether text is digits with at most one point or comma between them.
func isNumber(text string) bool {
	points, digits := 0, 0
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			digits++
		case (c == '.' || c == ',') && i > 0 && i < len(text)-1:
			points++
		default:
			return false
		}
	}
	return digits > 0 && points <= 1
}
