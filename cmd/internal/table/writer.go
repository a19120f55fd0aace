package table

import (
	"encoding/csv"
	"io"
	"strings"
)

// A Writer writes a table.
type Writer struct {
	// Guarded counts the cells so far that a spreadsheet would treat as formulas, and that got a leading apostrophe.
	Guarded int

	raw bool
	csv *csv.Writer
	row []string
}

// NewWriter returns a writer of CSV with the given separator. Unless raw is set, cells that a spreadsheet would treat as
// formulas get a leading apostrophe, because a formula from outside may run a program or send data away. Numbers are
// unchanged.
func NewWriter(w io.Writer, separator rune, raw bool) *Writer {
	c := csv.NewWriter(w)
	c.Comma = separator
	return &Writer{raw: raw, csv: c}
}

// Write writes a row. The error may be that of an earlier write.
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

// Flush writes the buffered data and returns the first error of all writes.
func (w *Writer) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}

// isFormula reports whether a spreadsheet may treat a cell as a formula. Leading white space is ignored, as spreadsheets do.
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
	for _, wide := range []string{"＝", "＋", "－", "＠"} { // some spreadsheets treat these like their narrow forms
		if strings.HasPrefix(text, wide) {
			return true
		}
	}
	return cell[0] == '\t' || cell[0] == '\r' || cell[0] == '\n'
}

// isNumber reports whether text consists of digits with at most one point or comma between them.
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
