package convert

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/cmd/internal/table"
)

// RowID defines the custom IDs of the rows of a table. The zero value takes them from the template, or else from the column
// custom_id.
type RowID struct {
	// Column is the name of a column, or text with {column} in it.
	Column string

	// Number makes them row-1, row-2 and so on, in the order of the rows. Blank rows are not counted.
	Number bool
}

// RowOptions configure the conversion of a table to requests.
type RowOptions struct {
	// Table configures how to read the table.
	Table table.Options

	// Template is JSON: the params of a request, or a whole request with custom_id and params. In its strings {column} is
	// the cell of a column; {{column}} is the text {column}. A string that begins with @ is a file, an image or a PDF, if
	// it is an element of content or the source of an image or document block.
	Template []byte

	// ID defines the custom IDs of the rows.
	ID RowID

	// Files is the directory of files. Files outside of it are refused. Default: the working directory.
	Files string
}

// Rows converts a table to requests. A row that cannot be converted becomes a note, and is not in the output. After an error
// the output is incomplete.
func Rows(w io.Writer, r io.Reader, o RowOptions, n *Notes) (s Summary, err error) {
	t, err := table.NewReader(r, o.Table)
	if err != nil {
		return s, err
	}
	s.Separator = string(t.Separator)
	texts := newTextCompiler(newColumns(t.Header))
	if o.Files == "" {
		o.Files = "."
	}
	dir, err := openFiles(o.Files)
	if err != nil {
		return s, err
	}
	defer dir.root.Close()
	tmpl, err := compileTemplate(o.Template, texts, dir)
	if err != nil {
		return s, err
	}
	id, err := compileID(o.ID, tmpl.id, texts)
	if err != nil {
		return s, err
	}
	for _, name := range texts.literal {
		n.add(Note{Kind: Changed, Place: name, Message: "the template has this column in double braces, which means the literal text: for the cell write single braces"})
	}
	for _, place := range texts.notFile {
		n.add(Note{Kind: Changed, Place: place, Message: "the content begins with @ and is sent as text: to send a file, put it into a list, \"content\": [\"@...\"]"})
	}
	out := bufio.NewWriterSize(w, 1<<16)
	seen := newIDs()
	var line []byte
	err = eachRow(t, &s, n, func(row []string, at int) error {
		custom, err := id(row, s.Read)
		if err == nil {
			err = seen.check(custom, at)
		}
		if err != nil {
			n.add(noteOf(err, Refused, at, custom, "custom_id"))
			return n.err
		}
		line = append(quote(append(line[:0], `{"custom_id":`...), custom), `,"params":`...)
		line, err = tmpl.appendParams(line, row)
		if err == nil && len(line) > preflight.MaxLine {
			err = fmt.Errorf("the request is larger than %d MB, which no batch can hold", preflight.MaxLine>>20)
		}
		if err != nil {
			n.add(noteOf(err, Refused, at, custom, ""))
			return n.err
		}
		s.Written++
		_, err = out.Write(append(line, "}\n"...))
		return err
	})
	return s, errors.Join(err, out.Flush())
}

// eachRow calls f with each row and its line. An invalid row becomes a note.
func eachRow(t *table.Reader, s *Summary, n *Notes, f func(row []string, line int) error) error {
	for {
		row, line, err := t.Next()
		s.Blank = t.Blank
		var wrong *table.RowError
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &wrong):
			s.Read++
			n.add(Note{Line: wrong.Line, Kind: Refused, Message: wrong.Err.Error()})
			if n.err != nil {
				return n.err
			}
			continue
		case err != nil:
			return err
		}
		s.Read++
		if err := f(row, line); err != nil {
			return err
		}
	}
}

// compileID returns the function that makes the custom ID of a row.
func compileID(o RowID, ofTemplate columnText, texts *textCompiler) (func(row []string, number int) (string, error), error) {
	var parts columnText
	column, isColumn := texts.columns.index[o.Column]
	switch {
	case o.Number && o.Column != "":
		return nil, errors.New("custom IDs come either from a column or from numbers, not both")
	case o.Number:
		return func(_ []string, number int) (string, error) { return "row-" + strconv.Itoa(number), nil }, nil
	case o.Column == "" && ofTemplate != nil:
		parts = ofTemplate
	case o.Column == "":
		if _, ok := texts.columns.index["custom_id"]; !ok {
			_, err := texts.columns.find("custom_id")
			return nil, fmt.Errorf("no column has the custom IDs: name one with --id, or number the rows with --number: %w", err)
		}
		return compileID(RowID{Column: "custom_id"}, nil, texts)
	case isColumn && column >= 0:
		parts = columnText{{"", column}}
	default:
		var err error
		parts, err = texts.compile(o.Column)
		if err == nil && parts.fixed() {
			_, err = texts.columns.find(o.Column)
		}
		if err != nil {
			return nil, fmt.Errorf("custom IDs: %w", err)
		}
	}
	if parts.fixed() {
		return nil, errors.New("custom_id of the template must contain a {column}: each request needs its own ID")
	}
	return func(row []string, _ int) (string, error) {
		id := parts.fill(row)
		if err := checkID(id); err != nil {
			return "", err
		}
		return id, nil
	}, nil
}
